"""A pot boils: what went into it, when, and for how long it has boiled."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.batch import Attestation
from controller.model.facts.about import OfCase


@dataclass(frozen=True, slots=True)
class PailCharged(OfCase):
    """The pail went into its pot."""

    at: int
    case: str
    batch: str
    pot: str
    by: str


@dataclass(frozen=True, slots=True)
class BoilBegan(OfCase):
    """Boiling began. Instants in ms; `opens_at`, `closes_at` are 0 without an add-late window."""

    at: int
    case: str
    batch: str
    name: str
    began_at: int
    ends_at: int
    opens_at: int
    closes_at: int


@dataclass(frozen=True, slots=True)
class BoilMeasured(OfCase):
    """Seconds at the boil of the present order so far."""

    at: int
    case: str
    batch: str
    name: str
    credit_s: float
    covered_s: float
    counter_s: float
    measured_at: int


@dataclass(frozen=True, slots=True)
class BoilSettled(OfCase):
    """This boil of the plan counts as done."""

    at: int
    case: str
    batch: str
    name: str


@dataclass(frozen=True, slots=True)
class DeficitOrdered(OfCase):
    """A person ordered the missing seconds to be boiled."""

    at: int
    case: str
    batch: str
    name: str
    missing_s: int
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class MoveOrdered(OfCase):
    """A person ordered what is in the pot into another; nothing more is asked of this one for it."""

    at: int
    case: str
    batch: str
    pot: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class PotEmptied(OfCase):
    """What was in the pot is in a pail."""

    at: int
    case: str
    batch: str
    pot: str
    pail: str
    by: str


@dataclass(frozen=True, slots=True)
class MainAdded(OfCase):
    """The herbs that wait for the decoct-first ones went in."""

    at: int
    case: str
    batch: str
    by: str


@dataclass(frozen=True, slots=True)
class HopperLoaded(OfCase):
    """The add-late herbs are in the hopper of their pot, which drops them by itself."""

    at: int
    case: str
    batch: str
    pot: str
    by: str


@dataclass(frozen=True, slots=True)
class LateAdded(OfCase):
    """The add-late herbs went in. `by`: a person, or the pot whose hopper dropped them."""

    at: int
    case: str
    batch: str
    by: str
    minutes: float


@dataclass(frozen=True, slots=True)
class LateMissed(OfCase):
    """The add-late window closed without them."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class SeparateAttested(OfCase):
    """A part made apart is there, on a person's word."""

    at: int
    case: str
    batch: str
    attestation: Attestation
