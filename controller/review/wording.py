"""How findings name herbs: in Chinese by the name alone, in English with pinyin, since a label shows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.model.formulary import Formulary


def in_english(herbs: Iterable[str], formulary: Formulary) -> str:
    """Join the herbs for an English sentence."""
    return ", ".join(f"{herb} ({formulary.herbs[herb].pinyin})" for herb in herbs)
