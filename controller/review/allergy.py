"""A herb the patient is known to be allergic to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription


def allergy_match(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield a finding per herb that the allergies name, by its name or another that means exactly this herb.

    Free text that only mentions a herb is left to the reviewer's eye. Source: 四查十对, 处方管理办法 (2007).
    """
    named = {formulary.resolve(text.strip()) for text in prescription.patient.allergies or ()}
    for herb in named.intersection(item.herb for item in prescription.items):
        if herb is None:
            continue
        yield Finding(
            rule="allergy-match",
            herbs=(herb,),
            settles=Settles.PRESCRIBER,
            text_zh=f"患者对{herb}过敏",
            text_en=f"{in_english((herb,), formulary)}: the patient is allergic to it",
            source="四查十对, 处方管理办法",
        )
