"""What the tables must keep among themselves; each problem is one line that begins with its file and place."""

from __future__ import annotations

from collections import Counter
from itertools import chain, product
from typing import TYPE_CHECKING

from controller.model.alarm import Priority
from controller.model.prescription import Handling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from controller.formulary.tables import AliasFile, HerbFile, HerbRow, PairFile, PregnancyFile
    from controller.model.alarm import AlarmRule, AlarmTable

_TIMED = frozenset({Handling.DECOCT_FIRST, Handling.DECOCT_SEPARATELY, Handling.DECOCT_FOR_WATER})
_IN_POT = frozenset({Handling.DECOCT_FIRST, Handling.DECOCT_FOR_WATER, Handling.ADD_LATE, Handling.WRAP})
_OF_GROUPS = frozenset({"link-stale", "links-lost", "peer-distrusted", "peers-distrusted"})


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


def alarm_checks(table: AlarmTable) -> Iterator[str]:
    """Yield what is wrong with the rules of alarms: no group of one, no shelf without time, no response before it is due."""
    if table.group_from < 2:  # noqa: PLR2004 - one is no group
        yield "alarms.toml: group_from: under 2"
    if table.longest_shelf_minutes < 1:
        yield "alarms.toml: longest_shelf_minutes: under 1"
    for priority in Priority:
        if table.repeat_minutes.get(priority, 0) < 1:
            yield f"alarms.toml: repeat_minutes.{priority}: missing or under 1"
        if priority not in table.load.share:
            yield f"alarms.toml: load.share.{priority}: missing"
    if min(table.load.window_minutes, table.load.stale_hours, table.load.chatter_from, table.load.chatter_s) < 1:
        yield "alarms.toml: load: a limit under 1"
    for name, rule in table.rules.items():
        yield from (f"alarms.toml: rules.{name}.{problem}" for problem in _alarm_problems(rule))
    for name in _OF_GROUPS & table.rules.keys():
        if table.rules[name].on_delay_s:
            yield f"alarms.toml: rules.{name}: what belongs to a group is not late"


def _alarm_problems(rule: AlarmRule) -> Iterator[str]:
    if rule.respond_minutes < 1:
        yield "respond_minutes: under 1"
    if not rule.calls or len(set(rule.calls)) < len(rule.calls):
        yield "calls: nobody, or somebody twice"
    if min(rule.on_delay_s, rule.off_delay_s, rule.limit, *rule.deadband.values()) < 0:
        yield "delay, limit or deadband under 0"
