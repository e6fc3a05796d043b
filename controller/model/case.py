"""The case: one prescription on its way through the centre, from intake to one of its ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.model.finding import Finding
from controller.model.prescription import Prescription


class Status(StrEnum):
    """Statuses of the contract, section 5."""

    RECEIVED = "received"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    DISPENSING = "dispensing"
    DISPENSED = "dispensed"
    VERIFIED = "verified"
    SOAKING = "soaking"
    DECOCTING = "decocting"
    PACKING = "packing"
    QUALITY_CHECK = "quality_check"
    RELEASED = "released"
    AWAITING_HANDOVER = "awaiting_handover"
    IN_TRANSIT = "in_transit"
    HELD = "held"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    HANDED_OVER = "handed_over"
    UNDELIVERED = "undelivered"


ENDS = frozenset({Status.REJECTED, Status.CANCELLED, Status.DELIVERED, Status.HANDED_OVER, Status.UNDELIVERED})


@dataclass(frozen=True, slots=True)
class Parcel:
    """What leaves the centre. `pickup_code` is on the patient's slip; `courier` is the badge it was handed to."""

    code: str
    pickup_code: str
    courier: str = ""
    handed_over_at: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One prescription. `status` is what the contract names; while held, `stage` is the one it came from.

    `batch`: the present batch, empty before approval; `batches`: all so far. `amendment`: a newer version that waits for a
    pharmacist's decision, `amendment_digest` of its content. `returned`: whether it ever went back to the prescriber.
    """

    id: str
    prescription: Prescription
    content_digest: str
    received_at: int
    promised_at: int
    promise_at_risk: bool
    status: Status
    findings: tuple[Finding, ...] = ()
    returned: bool = False
    reviewer: str = ""
    reviewed_at: int = 0
    batch: str = ""
    batches: tuple[str, ...] = ()
    parcel: Parcel | None = None
    amendment: Prescription | None = None
    amendment_digest: str = ""
    held: bool = False
    late: bool = False
    released_at: int = 0
    ended_at: int = 0

    @property
    def shown_status(self) -> Status:
        """The status as told to others: held wins over the stage."""
        return Status.HELD if self.held else self.status
