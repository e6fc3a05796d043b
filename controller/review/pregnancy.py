"""What a pregnant patient must not or should not take; an unknown pregnancy is a state of its own and is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.model.prescription import Sex
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.model.formulary import Formulary, PregnancyRow
    from controller.model.prescription import Patient, Prescription


def pregnancy(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield a finding per listed herb where the patient is pregnant, one about all of them where nobody knows.

    `pregnancy-forbidden` 禁用, `pregnancy-caution` 慎用, `pregnancy-house` for rows that are not in ChP (a warning only),
    `pregnancy-unknown` for patients of the ages asked who are not known to be male. Source: ChP 注意 (妊娠禁用, 慎用).
    """
    listed = sorted({item.herb for item in prescription.items}.intersection(formulary.pregnancy))
    if prescription.patient.pregnant:
        yield from (_known(herb, formulary.pregnancy[herb], formulary) for herb in listed)
    elif prescription.patient.pregnant is None and _must_ask(prescription.patient, formulary):
        binding = [herb for herb in listed if not formulary.pregnancy[herb].warn_only]
        if binding:
            yield _unknown(binding, formulary)


def _must_ask(patient: Patient, formulary: Formulary) -> bool:
    youngest, oldest = formulary.asked_years
    return patient.sex is not Sex.MALE and youngest <= patient.age_years <= oldest


def _known(herb: str, row: PregnancyRow, formulary: Formulary) -> Finding:
    rule = "pregnancy-house" if row.warn_only else "pregnancy-forbidden" if row.forbidden else "pregnancy-caution"
    level_zh, level_en = ("禁用", "forbidden") if row.forbidden else ("慎用", "only with caution")
    return Finding(
        rule=rule,
        herbs=(herb,),
        settles=Settles.NOBODY if row.warn_only else Settles.PRESCRIBER,
        text_zh=f"孕妇{level_zh}：{herb}",
        text_en=f"{in_english((herb,), formulary)}: {level_en} in pregnancy",
        source=row.source,
    )


def _unknown(herbs: Sequence[str], formulary: Formulary) -> Finding:
    return Finding(
        rule="pregnancy-unknown",
        herbs=tuple(herbs),
        settles=Settles.PRESCRIBER,
        text_zh=f"是否妊娠未知，含妊娠禁用或慎用药：{'、'.join(herbs)}",
        text_en=f"pregnancy unknown, and listed for pregnancy: {in_english(herbs, formulary)}",
        source="; ".join(sorted({formulary.pregnancy[herb].source for herb in herbs})),
    )
