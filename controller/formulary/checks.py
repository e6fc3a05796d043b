"""What the tables must keep among themselves; each problem is one line that begins with its file and place."""

from __future__ import annotations

from collections import Counter
from itertools import chain, product
from typing import TYPE_CHECKING

from controller.model.formulary import Absorption
from controller.model.prescription import OUT_OF_POT, Handling, RecipeClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from controller.formulary.tables import AliasFile, HerbFile, HerbRow, PairFile, PregnancyFile
    from controller.model.alarm import AlarmTable
    from controller.model.recipe import RecipeTable

_TIMED = frozenset({Handling.DECOCT_FIRST, Handling.DECOCT_SEPARATELY})
_IN_POT = frozenset({Handling.DECOCT_FIRST, Handling.ADD_LATE, Handling.WRAP})
_MOST_DECOCTIONS = 2


def formulary_checks(herbs: HerbFile, pairs: PairFile, pregnancy: PregnancyFile, aliases: AliasFile) -> Iterator[str]:
    """Yield every contradiction within and between the four tables."""
    carried = frozenset(chain.from_iterable(herbs.herbs.values()))
    known = carried.union(herbs.not_carried)
    meant = {alias: herb for herb, others in aliases.aliases.items() for alias in others}
    spoken_of = {name for block in pairs.pair for name in (*block.one, *block.other)}
    spoken_of.update(name for group in pregnancy.group for name in group.herbs)

    for source, rows in herbs.herbs.items():
        for name, row in rows.items():
            yield from (f"herbs.toml: herbs.{source}.{name}.{problem}" for problem in _herb_problems(row))
    yield from _twice("herbs.toml: herbs", chain.from_iterable(herbs.herbs.values()))
    for name in herbs.not_carried:
        if name in carried:
            yield f"herbs.toml: not_carried: {name} is a herb"
        elif name not in spoken_of:
            yield f"herbs.toml: not_carried: no rule speaks of {name}"

    yield from _pair_problems(pairs)
    if not 0 < pregnancy.asked_years[0] <= pregnancy.asked_years[1]:
        yield f"pregnancy.toml: asked_years: {pregnancy.asked_years[0]} to {pregnancy.asked_years[1]} is no range"
    yield from _twice("pregnancy.toml: group", (name for group in pregnancy.group for name in group.herbs))
    for name in sorted(spoken_of - known):
        hint = f"write {meant[name]}" if name in meant else "neither a herb nor in not_carried"
        yield f"pairs.toml, pregnancy.toml: {name}: {hint}"

    yield from _twice("aliases.toml: aliases", chain.from_iterable(aliases.aliases.values()))
    for alias, herb in meant.items():
        if herb not in carried:
            yield f"aliases.toml: aliases.{herb}: no such herb"
        if alias in known:
            yield f"aliases.toml: aliases.{herb}: {alias} is a name of its own"


def _herb_problems(row: HerbRow) -> Iterator[str]:
    if row.grams is not None and not 0 <= row.grams[0] <= row.grams[1]:
        yield f"grams: {row.grams[0]} to {row.grams[1]} is no range"
    if row.minutes is not None and not 0 < row.minutes[0] <= row.minutes[1]:
        yield f"minutes: {row.minutes[0]} to {row.minutes[1]} is no range"
    if row.minutes is not None and row.handling not in _TIMED:
        yield f"minutes: {row.handling} takes its minutes from recipes.toml"
    if not row.in_pot and row.handling in _IN_POT:
        yield f"in_pot: {row.handling} would put it into the pot"


def _pair_problems(pairs: PairFile) -> Iterator[str]:
    met = Counter(frozenset(two) for block in pairs.pair for two in product(block.one, block.other))
    for two, count in met.items():
        names = " + ".join(sorted(two))
        if len(two) == 1:
            yield f"pairs.toml: {names}: a herb against itself"
        elif count > 1:
            yield f"pairs.toml: {names}: there {count} times"


def _twice(place: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{place}: {name}: there {count} times" for name, count in Counter(names).items() if count > 1)


def recipe_checks(table: RecipeTable) -> Iterator[str]:
    """Yield every number that cannot be meant."""
    for name in (
        "soak_minutes", "first_minutes", "toxic_first_minutes", "heat_up_minutes", "rinse_minutes", "flush_ml",
        "urgent_minutes", "displacement_ml_per_g", "evaporation_ml_per_min", "least_tolerance_g", "rinse_celsius",
    ):  # fmt: skip
        if not getattr(table, name) > 0:
            yield f"recipes.toml: {name}: must be above 0"
    for name in ("water_margin", "handling_share_minutes"):
        if not getattr(table, name) >= 0:
            yield f"recipes.toml: {name}: must not be under 0"
    for name in (
        "first_water_share", "fill_share", "weight_tolerance", "herb_tolerance", "toxic_tolerance", "covered_gap_share",
    ):  # fmt: skip
        if not 0 < getattr(table, name) < 1:
            yield f"recipes.toml: {name}: must lie between 0 and 1"
    for name in ("routine_cutoff_hour", "routine_promise_hour"):
        if not 0 <= getattr(table, name) < 24:  # noqa: PLR2004 - hours of a day
            yield f"recipes.toml: {name}: no hour of the day"
    yield from _order_problems(table)
    yield from _key_problems(table)


def _order_problems(table: RecipeTable) -> Iterator[str]:
    if table.soak_max_minutes < table.soak_minutes:
        yield "recipes.toml: soak_max_minutes: under soak_minutes"
    if not 1 <= table.urgent_decoctions <= _MOST_DECOCTIONS:
        yield f"recipes.toml: urgent_decoctions: must be 1 to {_MOST_DECOCTIONS}"
    if not 0 < table.late_minutes[0] < table.late_minutes[1]:
        yield "recipes.toml: late_minutes: no window"
    if not 0 < table.seal_celsius[0] < table.seal_celsius[1]:
        yield "recipes.toml: seal_celsius: no range"
    if table.toxic_tolerance > table.herb_tolerance:
        yield "recipes.toml: toxic_tolerance: wider than herb_tolerance"
    for name, recipe in table.classes.items():
        minutes, place = recipe.boil_minutes, f"recipes.toml: classes.{name}.boil_minutes"
        if not 1 <= len(minutes) <= _MOST_DECOCTIONS or min(minutes) <= 0:
            yield f"{place}: one or two decoctions of at least a minute"
        elif minutes[-1] > minutes[0]:
            yield f"{place}: the second decoction is longer than the first"
        elif minutes[0] <= table.late_minutes[1]:
            yield f"{place}: the late window does not fit into the first decoction"


def _key_problems(table: RecipeTable) -> Iterator[str]:
    for name in RecipeClass:
        if name not in table.classes:
            yield f"recipes.toml: classes.{name}: missing"
    for kind in Absorption:
        if not table.absorption_ml_per_g.get(kind, -1) >= 0:
            yield f"recipes.toml: absorption_ml_per_g.{kind}: missing or under 0"
    for name in sorted(OUT_OF_POT.union(table.separate_minutes)):
        if name not in OUT_OF_POT:
            yield f"recipes.toml: separate_minutes.{name}: goes into the pot"
        elif not table.separate_minutes.get(name, -1) >= 0:
            yield f"recipes.toml: separate_minutes.{name}: missing or under 0"


def alarm_checks(table: AlarmTable) -> Iterator[str]:
    """Yield what is wrong with the rules of alarms: no group of one, no shelf without time, no response before it is due."""
    if table.group_links_from < 2:  # noqa: PLR2004 - one is no group
        yield "alarms.toml: group_links_from: under 2"
    if table.longest_shelf_minutes < 1:
        yield "alarms.toml: longest_shelf_minutes: under 1"
    for name, rule in table.rules.items():
        if rule.respond_minutes < 1:
            yield f"alarms.toml: rules.{name}.respond_minutes: under 1"
