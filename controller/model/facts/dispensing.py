"""Herbs are weighed into a pail and checked."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.checkpoint import Checkpoint
from controller.model.facts.about import OfCase
from controller.model.plan import Plan


@dataclass(frozen=True, slots=True)
class BatchOpened(OfCase):
    """A batch was planned. `packets`: (name, code) of what is weighed apart."""

    at: int
    case: str
    batch: str
    attempt: int
    plan: Plan
    packets: tuple[tuple[str, str], ...]
    replaces: str
    promised_at: int
    promise_at_risk: bool
    rank: int


@dataclass(frozen=True, slots=True)
class PailBound(OfCase):
    """A pail was given to the batch."""

    at: int
    case: str
    batch: str
    pail: str
    by: str


@dataclass(frozen=True, slots=True)
class DrawerScanned(OfCase):
    """A herb was taken from a drawer of a lot. `item`: index into the plan."""

    at: int
    case: str
    batch: str
    item: int
    lot: str
    drawer: str
    by: str


@dataclass(frozen=True, slots=True)
class HerbWeighed(OfCase):
    """One weighing within tolerance, grams."""

    at: int
    case: str
    batch: str
    item: int
    grams: float
    done: bool
    by: str
    source: str


@dataclass(frozen=True, slots=True)
class CheckpointRecorded(OfCase):
    """A checkpoint of one of the five gates."""

    at: int
    case: str
    batch: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class DispensingFinished(OfCase):
    """Every herb has been weighed."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class BatchVerified(OfCase):
    """A second person checked it."""

    at: int
    case: str
    batch: str
    by: str
