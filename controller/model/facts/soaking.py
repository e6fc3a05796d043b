"""A pail gets a soaking position and a pot, and its herbs are soaked."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfCase


@dataclass(frozen=True, slots=True)
class SoakAssigned(OfCase):
    """A soaking position and a pot were reserved."""

    at: int
    case: str
    batch: str
    machine: str
    pot: str
    pot_free_at: int


@dataclass(frozen=True, slots=True)
class PotReserved(OfCase):
    """Another pot was reserved."""

    at: int
    case: str
    batch: str
    pot: str
    pot_free_at: int


@dataclass(frozen=True, slots=True)
class SoakPositionLost(OfCase):
    """The soaking position cannot be used before the pail was placed; the batch waits for another."""

    at: int
    case: str
    batch: str
    machine: str


@dataclass(frozen=True, slots=True)
class PotLost(OfCase):
    """The reserved pot cannot be used; another must be found."""

    at: int
    case: str
    batch: str
    pot: str


@dataclass(frozen=True, slots=True)
class PailPlaced(OfCase):
    """The pail stands in its soaking position."""

    at: int
    case: str
    batch: str
    machine: str
    by: str


@dataclass(frozen=True, slots=True)
class SoakBegan(OfCase):
    """Water was asked for: from here a cancellation comes too late."""

    at: int
    case: str
    batch: str
    soak_max_at: int


@dataclass(frozen=True, slots=True)
class SoakEnded(OfCase):
    """The least soaking time is over."""

    at: int
    case: str
    batch: str
