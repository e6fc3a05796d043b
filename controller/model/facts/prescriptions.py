"""What hospitals send and review says of it, up to the day it is late."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfCase
from controller.model.finding import Finding
from controller.model.prescription import Prescription


@dataclass(frozen=True, slots=True)
class PrescriptionReceived(OfCase):
    """A prescription was accepted."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PrescriptionAmended(OfCase):
    """A newer version replaced one of which nothing had been weighed."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class AmendmentHeld(OfCase):
    """A newer version came after weighing; a pharmacist decides."""

    at: int
    case: str
    batch: str
    prescription: Prescription
    digest: str


@dataclass(frozen=True, slots=True)
class PrescriptionReturned(OfCase):
    """Review sent it back to the prescriber."""

    at: int
    case: str
    findings: tuple[Finding, ...]
    by: str


@dataclass(frozen=True, slots=True)
class ReturnAnswered(OfCase):
    """The prescriber signed again."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ReviewSigned(OfCase):
    """A pharmacist approved; `prescription` has the settled class and handlings."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]
    by: str


@dataclass(frozen=True, slots=True)
class PrescriptionRejected(OfCase):
    """It ended without being made."""

    at: int
    case: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class PrescriptionCancelled(OfCase):
    """The hospital cancelled in time."""

    at: int
    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class PromiseMissed(OfCase):
    """The promised time passed."""

    at: int
    case: str
