"""A batch stops for a person, and what that person signs: to go on, to leave a step out, to give it up, to release it."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.batch import Deviation, Hold
from controller.model.facts.about import OfCase


@dataclass(frozen=True, slots=True)
class HoldPlaced(OfCase):
    """Nothing new is started for the batch."""

    at: int
    case: str
    batch: str
    hold: Hold


@dataclass(frozen=True, slots=True)
class HoldEnded(OfCase):
    """A hold ended by itself (`by` empty) or by a person."""

    at: int
    case: str
    batch: str
    reason: str
    choice: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class DeviationAccepted(OfCase):
    """A person took a deviation on."""

    at: int
    case: str
    batch: str
    deviation: Deviation


@dataclass(frozen=True, slots=True)
class StepSkipped(OfCase):
    """A person had a step left out that is no part of the medicine's safety; a deviation, `reason` what had held the batch."""

    at: int
    case: str
    batch: str
    machine: str
    step: str
    reason: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class BatchScrapped(OfCase):
    """A batch was destroyed; its prescription goes on."""

    at: int
    case: str
    batch: str
    reason: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class BatchReleased(OfCase):
    """All gates passed and a pharmacist signed."""

    at: int
    case: str
    batch: str
    by: str
    parcel: str
    pickup_code: str
