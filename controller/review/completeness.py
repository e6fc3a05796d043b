"""Whether the prescription says enough, says it once, and can be boiled as it stands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.model.prescription import OUT_OF_POT, RecipeClass
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription

_NORM = "《医疗机构中药煎药室管理规范》国中医药发〔2009〕3号"


def class_not_stated(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:  # noqa: ARG001 - a rule's shape
    """Yield one finding where no class decides the minutes of boiling; `general` unless the reviewer says otherwise.

    Source: the norm of 2009 gives each class its own minutes.
    """
    if prescription.recipe_class is None:
        yield Finding(
            rule="class-not-stated",
            herbs=(),
            settles=Settles.REVIEWER,
            text_zh="未注明方剂类别，按一般药煎煮",
            text_en="class not stated: boiled as general",
            source=_NORM,
            proposal=RecipeClass.GENERAL,
        )


def not_in_pot(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield a finding per herb that must never be boiled but would go into the pot; taking it apart is allowed.

    Source: the herb's line of the formulary (ChP: pills, powders or external use only 丸散、外用).
    """
    boiled = {item.herb for item in prescription.items if item.handling not in OUT_OF_POT}
    for name in boiled:
        herb = formulary.herbs[name]
        if herb.in_pot:
            continue
        yield Finding(
            rule="not-in-pot",
            herbs=(name,),
            settles=Settles.PRESCRIBER,
            text_zh=f"{name}不宜入煎剂",
            text_en=f"{in_english((name,), formulary)}: must not be boiled",
            source=herb.source,
        )


def duplicate_herb(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield a warning per herb written more than once; pieces of one plant (半夏, 法半夏) are different herbs.

    Source: 四查十对, 处方管理办法 (2007).
    """
    written = [item.herb for item in prescription.items]
    if len(set(written)) == len(written):
        return
    for name, count in Counter(written).items():
        if count > 1:
            yield Finding(
                rule="duplicate-herb",
                herbs=(name,),
                settles=Settles.NOBODY,
                text_zh=f"{name}重复开具 {count} 次",
                text_en=f"{in_english((name,), formulary)}: written {count} times",
                source="四查十对, 处方管理办法",
            )
