"""What review has to say about a prescription."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Settles(StrEnum):
    """Who must settle a finding before the prescription goes on."""

    PRESCRIBER = "prescriber"
    REVIEWER = "reviewer"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one rule about these herbs (sorted by name). `proposal`: the value the reviewer may confirm."""

    rule: str
    herbs: tuple[str, ...]
    settles: Settles
    text_zh: str
    text_en: str
    source: str
    proposal: str = ""

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What one override covers."""
        return self.rule, tuple(sorted(self.herbs))
