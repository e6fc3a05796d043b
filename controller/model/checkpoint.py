"""The checkpoints of the five gates (五个关口), by the names of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gate(StrEnum):
    """The five gates a centre lives by."""

    SOURCE = "source"
    STORAGE = "storage"
    REVIEW = "review"
    DECOCTION = "decoction"
    DELIVERY = "delivery"


class Verdict(StrEnum):
    """Passed, passed with an accepted deviation, failed, or refused by the receiver."""

    PASSED = "passed"
    DEVIATION = "deviation"
    FAILED = "failed"
    REFUSED = "refused"


_GATES = {"source": Gate.SOURCE, "storage": Gate.STORAGE, "review": Gate.REVIEW, "dispense": Gate.REVIEW,
          "verify": Gate.REVIEW, "handover": Gate.DELIVERY, "delivery": Gate.DELIVERY}  # fmt: skip


def gate_of(name: str) -> Gate:
    """Return the gate a checkpoint name belongs to: by its first word; all others are of the decoction."""
    return _GATES.get(name.partition(".")[0], Gate.DECOCTION)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One comparison of what was meant with what was measured. `about`: the herb, zone or machine where there are several.

    `low`, `high`, `value` in `unit`; None where the check is not a number. `by`: badge, or machine id. `attested`: a person's
    word, not a measurement.
    """

    name: str
    about: str
    verdict: Verdict
    by: str
    at: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    evidence: str = ""
    attested: bool = False

    @property
    def gate(self) -> Gate:
        """The gate this checkpoint belongs to."""
        return gate_of(self.name)
