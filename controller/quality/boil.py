"""Whether a boil of the plan counts: our credit and the machine's own counter must agree and both must suffice."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.model.batch import BoilRecord

_MISMATCH_FLOOR_S = 30.0  # safety.md requirement 8


class BoilVerdict(StrEnum):
    """What follows for the batch."""

    CREDITED = "credited"
    ATTESTED = "machine-attested"
    DEFICIT = "credit"
    MISMATCH = "credit-mismatch"


def judge_boil(record: BoilRecord, *, grace_s: float, covered_share: float) -> BoilVerdict:
    """Judge one boil with its deficits. `covered_share`: part of the required seconds that the machine alone may attest."""
    required, counter = float(record.required_s), record.total_counter_s
    credit, covered = record.total_credit_s, record.total_covered_s
    if abs(credit + covered - counter) > max(_MISMATCH_FLOOR_S, 2 * grace_s):
        return BoilVerdict.MISMATCH
    if counter < required:
        return BoilVerdict.DEFICIT
    if credit >= required:
        return BoilVerdict.CREDITED
    if required - credit <= min(covered, covered_share * required):
        return BoilVerdict.ATTESTED
    return BoilVerdict.DEFICIT


def missing_seconds(record: BoilRecord) -> int:
    """Return the seconds a deficit boil must add: by whichever of credit and counter knows less."""
    proven = min(record.total_credit_s, record.total_counter_s)
    return max(1, round(record.required_s - proven))
