"""Bags go into a parcel, and the parcel to its door."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfCase


@dataclass(frozen=True, slots=True)
class BagBoxed(OfCase):
    """A bag went into its parcel."""

    at: int
    case: str
    batch: str
    bag: str
    by: str


@dataclass(frozen=True, slots=True)
class BatchBoxed(OfCase):
    """Everything of the batch is in the parcel."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class ParcelHandedOver(OfCase):
    """The parcel left us. `to`: the badge or pickup code it was bound to."""

    at: int
    case: str
    batch: str
    parcel: str
    to: str
    by: str


@dataclass(frozen=True, slots=True)
class DeliveryConfirmed(OfCase):
    """The parcel's end: `delivered`, `handed_over` or `undelivered`."""

    at: int
    case: str
    batch: str
    outcome: str
    by: str
    note: str
