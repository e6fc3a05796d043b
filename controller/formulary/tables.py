"""The shapes of the table files, as a pharmacist writes them; `loader` turns them into the nouns of `controller.model`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by the table reader
from dataclasses import dataclass
from typing import Literal

from controller.model.formulary import Absorption  # noqa: TC001 - read at run time by the table reader
from controller.model.prescription import Handling


@dataclass(frozen=True, slots=True)
class HerbRow:
    """One line of herbs.toml."""

    pinyin: str
    absorption: Absorption
    english: str = ""
    grams: tuple[float, float] | None = None
    toxicity: Literal["none", "小毒", "有毒", "大毒"] = "none"
    handling: Handling = Handling.NONE
    minutes: tuple[int, int] | None = None
    in_pot: bool = True


@dataclass(frozen=True, slots=True)
class HerbFile:
    """herbs.toml: `herbs` by source, then by name."""

    edition: str
    not_carried: tuple[str, ...]
    herbs: Mapping[str, Mapping[str, HerbRow]]


@dataclass(frozen=True, slots=True)
class PairBlock:
    """Every herb of `one` against every herb of `other`."""

    rule: str
    source: str
    one: tuple[str, ...]
    other: tuple[str, ...]
    warn_only: bool = False


@dataclass(frozen=True, slots=True)
class PairFile:
    """pairs.toml."""

    pair: tuple[PairBlock, ...]


@dataclass(frozen=True, slots=True)
class PregnancyGroup:
    """Herbs of one level from one source."""

    level: Literal["forbidden", "caution"]
    source: str
    herbs: tuple[str, ...]
    warn_only: bool = False


@dataclass(frozen=True, slots=True)
class PregnancyFile:
    """pregnancy.toml."""

    asked_years: tuple[int, int]
    group: tuple[PregnancyGroup, ...]


@dataclass(frozen=True, slots=True)
class AliasFile:
    """aliases.toml: the other names by herb."""

    aliases: Mapping[str, tuple[str, ...]]
