"""Two herbs that must not meet: by exact names, so that 白附子 is never taken for 附子."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription


def incompatible_pairs(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield `incompatible-pair` for each pair that meets, `house-pair` where only a house rule speaks against it.

    Source: eighteen incompatibles (十八反) and nineteen fears (十九畏) as in ChP; legal with a second signature of the
    prescriber (处方管理办法, 国中医药医政发〔2010〕57号), so never an absolute ban.
    """
    herbs = {item.herb for item in prescription.items}
    met = (
        (herb, enemy) for herb in herbs for enemy in formulary.enemies.get(herb, ()) if enemy in herbs and herb < enemy
    )
    for two in met:
        pair = formulary.pairs[frozenset(two)]
        yield Finding(
            rule="house-pair" if pair.warn_only else "incompatible-pair",
            herbs=two,
            settles=Settles.NOBODY if pair.warn_only else Settles.PRESCRIBER,
            text_zh=f"{two[0]}与{two[1]}{'不宜同用（院内提示）' if pair.warn_only else '配伍禁忌'}",
            text_en=f"{in_english(two, formulary)}: {'better apart (house rule)' if pair.warn_only else 'incompatible'}",
            source=f"{pair.rule}, {pair.source}",
        )
