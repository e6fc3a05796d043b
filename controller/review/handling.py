"""A herb that is always handled apart came without a word about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.finding import Finding, Settles
from controller.model.prescription import Handling
from controller.review.wording import in_english

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription

_CHINESE = {
    Handling.DECOCT_FIRST: "先煎",
    Handling.ADD_LATE: "后下",
    Handling.WRAP: "包煎",
    Handling.DECOCT_SEPARATELY: "另煎",
    Handling.MELT: "烊化",
    Handling.TAKE_WITH: "冲服",
    Handling.DECOCT_FOR_WATER: "煎汤代水",
}


def handling_missing(prescription: Prescription, formulary: Formulary) -> Iterator[Finding]:
    """Yield a finding per herb whose usual handling the prescription leaves out; the reviewer confirms or changes it.

    A handling that is written, whichever it is, stands: the prescriber's word goes before the table. Source: the herb's
    line of the formulary; 《医疗机构中药煎药室管理规范》国中医药发〔2009〕3号 asks for each.
    """
    for name in {item.herb for item in prescription.items if item.handling is Handling.NONE}:
        herb = formulary.herbs[name]
        if herb.handling is Handling.NONE:
            continue
        yield Finding(
            rule="handling-missing",
            herbs=(name,),
            settles=Settles.REVIEWER,
            text_zh=f"{name}未注明煎法，通常{_CHINESE[herb.handling]}",
            text_en=f"{in_english((name,), formulary)}: no handling stated, usually {herb.handling}",
            source=herb.source,
            proposal=herb.handling,
        )
