"""No herb above its range for one day, which is one dose; the number of doses does not enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.model.prescription import Route
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription

_MILLIGRAM = 3
"""Decimals of a gram that count: sums of decimal grams are not exact."""


def dose_above_range(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield one finding for each herb whose grams a day, over all its items, exceed the range.

    Ranges are for use by mouth or as an enema: nothing for external use, nor for herbs without a range. Minimums are not
    checked: 111 of 831 rows of textbook formulas lie under one. Source: ChP dose; a legal over-dose needs a second
    signature of the prescriber (处方管理办法, 国中医药医政发〔2010〕57号).
    """
    if prescription.route is Route.EXTERNAL:
        return
    grams: dict[str, float] = {}
    for item in prescription.items:
        grams[item.herb] = grams.get(item.herb, 0.0) + item.grams
    for name, sum_g in grams.items():
        herb = formulary.herbs[name]
        if herb.max_g is None or sum_g <= herb.max_g or (day_g := round(sum_g, _MILLIGRAM)) <= herb.max_g:
            continue
        yield Finding(
            rule="dose-above-range",
            herbs=(name,),
            settles=Settles.PRESCRIBER,
            text_zh=f"{name}日用量 {day_g:g} 克，超过上限 {herb.max_g:g} 克",
            text_en=f"{in_english((name,), formulary)}: {day_g:g} g a day, above the maximum of {herb.max_g:g} g",
            source=herb.source,
        )
