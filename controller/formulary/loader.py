"""Turns the table files into the nouns of `controller.model`, or says everything that is wrong with them.

Tables are read from this package; a folder or file of one's own may be given instead. No cache: read once, at start.
"""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from controller.formulary.checks import alarm_checks, formulary_checks
from controller.formulary.reading import FormularyError, read_raw, read_table, shaped
from controller.formulary.recipe_checks import recipe_checks
from controller.formulary.tables import AliasFile, HerbFile, HerbRow, PairFile, PregnancyFile
from controller.model.alarm import AlarmTable
from controller.model.formulary import Formulary, Herb, Pair, PregnancyRow
from controller.model.recipe import RecipeNumbers, RecipeTable
from controller.quality.outage import OutageTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

_HOME = files("controller.formulary")


def load_formulary(folder: Traversable = _HOME) -> Formulary:
    """Read herbs.toml, pairs.toml, pregnancy.toml and aliases.toml. Raises FormularyError with every problem."""
    shapes: dict[str, type[Any]] = {
        "herbs.toml": HerbFile,
        "pairs.toml": PairFile,
        "pregnancy.toml": PregnancyFile,
        "aliases.toml": AliasFile,
    }
    tables: list[Any] = []
    problems: list[str] = []
    for name, shape in shapes.items():
        try:
            tables.append(read_table(folder / name, shape))
        except FormularyError as error:
            problems.extend(error.problems)
    if not problems:
        problems.extend(formulary_checks(*tables))
    if problems:
        raise FormularyError(problems)
    return _formulary(*tables)


def load_recipes(own: Traversable | None = None, *, general: Traversable = _HOME / "recipes.toml") -> RecipeTable:
    """Read the recipe numbers. `own`: the site's file, which says what it does otherwise. Raises FormularyError."""
    below = read_raw(general)
    mine = {} if own is None else read_raw(own)
    keys = frozenset(_leaves(mine))

    def file_of(place: str) -> str:
        return own.name if own is not None and (place in keys or place.partition(".")[0] in mine) else general.name

    unnamed = [] if own is None or "version" in mine else [f"{own.name}: version: these numbers need one of their own"]
    raw = _over(below, mine)
    try:
        file = shaped(raw, RecipeNumbers, file_of)
    except FormularyError as error:
        raise FormularyError([*unnamed, *error.problems]) from error
    content = json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    table = RecipeTable(**{one.name: getattr(file, one.name) for one in fields(file)}, site_keys=keys, content=content)
    if problems := unnamed + [f"{(own or general).name}: {place}: {what}" for place, what in recipe_checks(table)]:
        raise FormularyError(problems)
    return table


def _over(general: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a site's tables over the general ones, key by key."""
    merged = dict(general)
    for key, value in own.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _over(cast("dict[str, Any]", below), cast("dict[str, Any]", value)) if both else value
    return merged


def _leaves(raw: Mapping[str, Any], place: str = "") -> Iterator[str]:
    for key, value in raw.items():
        if isinstance(value, dict):
            yield from _leaves(cast("dict[str, Any]", value), f"{place}{key}.")
        else:
            yield f"{place}{key}"


def load_alarms(file: Traversable = _HOME / "alarms.toml") -> AlarmTable:
    """Read the rules of alarms. Raises FormularyError with every problem."""
    table = read_table(file, AlarmTable)
    if problems := list(alarm_checks(table)):
        raise FormularyError(problems)
    return table


def load_outage_table(file: Traversable = _HOME / "outage.toml") -> OutageTable:
    """Read the numbers by which batches are judged after an outage. Raises FormularyError with every problem."""
    return read_table(file, OutageTable)


def _formulary(herbs: HerbFile, pairs: PairFile, pregnancy: PregnancyFile, aliases: AliasFile) -> Formulary:
    return Formulary(
        version=herbs.edition,
        herbs={name: _herb(name, row, source) for source, rows in herbs.herbs.items() for name, row in rows.items()},
        pairs={
            frozenset(two): Pair(block.rule, block.source, block.warn_only)
            for block in pairs.pair
            for two in product(block.one, block.other)
        },
        pregnancy={
            name: PregnancyRow(group.level == "forbidden", group.warn_only, group.source)
            for group in pregnancy.group
            for name in group.herbs
        },
        asked_years=pregnancy.asked_years,
        aliases={alias: herb for herb, others in aliases.aliases.items() for alias in others},
    )


def _herb(name: str, row: HerbRow, source: str) -> Herb:
    low, high = row.grams if row.grams is not None else (None, None)
    return Herb(
        name=name,
        pinyin=row.pinyin,
        english=row.english,
        min_g=low,
        max_g=high,
        toxicity=row.toxicity,
        handling=row.handling,
        handling_minutes=row.minutes,
        absorption=row.absorption,
        in_pot=row.in_pot,
        source=source,
    )
