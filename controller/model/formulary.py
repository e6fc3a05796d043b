"""The reference tables of review and recipes, as loaded: herbs, incompatible pairs, pregnancy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.model.prescription import Handling


class Absorption(StrEnum):
    """How much water a herb keeps; the numbers are in the recipe table."""

    MINERAL = "mineral"
    SEED = "seed"
    MEDIUM = "medium"
    HIGH = "high"
    FRESH = "fresh"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Herb:
    """One herb. Dose range in grams a day, None where the source gives none.

    `handling_minutes`: (low, high) or None. `in_pot`: False for what must never be boiled.
    """

    name: str
    pinyin: str
    english: str
    min_g: float | None
    max_g: float | None
    toxicity: str
    handling: Handling
    handling_minutes: tuple[int, int] | None
    absorption: Absorption
    in_pot: bool
    source: str

    @property
    def toxic(self) -> bool:
        """Whether the source calls it 有毒 or 大毒; 小毒 asks for nothing special here."""
        return self.toxicity in {"有毒", "大毒"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two herbs that must not meet in one prescription without a second signature. `warn_only`: a house rule."""

    rule: str
    source: str
    warn_only: bool


@dataclass(frozen=True, slots=True)
class PregnancyRow:
    """`forbidden` 禁用 or caution 慎用."""

    forbidden: bool
    warn_only: bool
    source: str


@dataclass(frozen=True, slots=True)
class Formulary:
    """All tables of one version. `pairs` is keyed by the two names in a frozenset, `aliases` by the other name of a herb.

    `asked_years`: youngest and oldest age at which an unknown pregnancy must be asked about.
    """

    version: str
    herbs: Mapping[str, Herb]
    pairs: Mapping[frozenset[str], Pair]
    pregnancy: Mapping[str, PregnancyRow]
    asked_years: tuple[int, int]
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    enemies: Mapping[str, frozenset[str]] = field(init=False, compare=False)
    """The herbs that a herb must not meet, by its name: `pairs` from the side of one herb."""

    def __post_init__(self) -> None:
        enemies: dict[str, frozenset[str]] = {}
        for pair in self.pairs:
            for herb in pair:
                enemies[herb] = enemies.get(herb, frozenset()) | (pair - {herb})
        object.__setattr__(self, "enemies", enemies)

    def resolve(self, name: str) -> str | None:
        """Return the herb that `name` means exactly, or None: an ambiguous name is for a person to settle."""
        return name if name in self.herbs else self.aliases.get(name)
