"""Lots of herbs and the zones they lie in."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfZone
from controller.model.stock import Lot, Zone


@dataclass(frozen=True, slots=True)
class LotEnrolled:
    """A lot of the stock file."""

    at: int
    lot: Lot

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.lot.id


@dataclass(frozen=True, slots=True)
class ZoneEnrolled:
    """A zone of the site file."""

    at: int
    zone: Zone

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone.id


@dataclass(frozen=True, slots=True)
class ZoneSeen(OfZone):
    """The zone's first good reading inside its limits."""

    at: int
    zone: str


@dataclass(frozen=True, slots=True)
class ZoneExcursion(OfZone):
    """The zone left its limits; its lots are quarantined."""

    at: int
    zone: str
    celsius: float
    humidity: float
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZoneReturned(OfZone):
    """The zone is inside its limits again."""

    at: int
    zone: str


@dataclass(frozen=True, slots=True)
class ExcursionAssessed(OfZone):
    """A pharmacist assessed the excursion; the lots pass with the deviation."""

    at: int
    zone: str
    lots: tuple[str, ...]
    by: str
    note: str
