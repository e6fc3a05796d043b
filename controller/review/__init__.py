"""Given a prescription, says what is wrong with it; never fixes it.

`review` applies every rule of `RULES`; a rule is one function `(Prescription, Formulary) -> Iterator[Finding]` with its
source in its docstring, and adding one means a file here and its name in `RULES`. Every herb must be in the formulary,
which intake sees to. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.model.formulary import Formulary
from controller.model.prescription import Prescription
from controller.review.allergy import allergy_match
from controller.review.completeness import class_not_stated, duplicate_herb, not_in_pot
from controller.review.dosage import dose_above_range
from controller.review.handling import handling_missing
from controller.review.incompatibility import incompatible_pairs
from controller.review.pregnancy import pregnancy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.model.prescription import Override

Rule = Callable[[Prescription, Formulary], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    incompatible_pairs,
    dose_above_range,
    pregnancy,
    allergy_match,
    not_in_pot,
    handling_missing,
    class_not_stated,
    duplicate_herb,
)


def review(prescription: Prescription, formulary: Formulary) -> tuple[Finding, ...]:
    """Return all findings, in the order of `RULES` and then of herbs; no two have the same key.

    The order of the items changes nothing.
    """
    order = attrgetter("rule", "herbs")
    return tuple(finding for rule in RULES for finding in sorted(rule(prescription, formulary), key=order))


def open_findings(findings: Iterable[Finding], overrides: Iterable[Override]) -> tuple[Finding, ...]:
    """Return the findings that the prescriber still has to settle.

    One override covers one finding: the same rule about exactly the same herbs, never another pair or herb.
    """
    signed = {(override.rule, frozenset(override.herbs)) for override in overrides}
    return tuple(
        finding
        for finding in findings
        if finding.settles is Settles.PRESCRIBER and (finding.rule, frozenset(finding.herbs)) not in signed
    )
