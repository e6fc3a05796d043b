"""A month of alarms in figures: what was, what the standard wants, and which alarms come most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.codes import is_code, short
from tui.ink import BRIGHT, DIM, FAINT, GOOD, PLAIN, WARN, bar, fit, rule, say, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.wire.alarm_load import AlarmLoadView
    from tui.ink import Line
    from tui.words import Words

_NAME, _FIGURE, _BAR = 38, 12, 20
_AVERAGE_MOST, _FLOOD_MOST = 1.0, 0.01
_NEAR = 0.05
"""A share this far from what is wanted is as wanted: "about 80/15/5"."""


def head(load: AlarmLoadView | None, month: str, words: Words, width: int) -> list[Line]:
    """Return which month it is."""
    note = words("load.consoles", count=load["consoles"]) if load else ""
    lines = [rule(words("load.title", month=month), width, note)]
    return [*lines, say((words("load.part"), WARN))] if load and not load["whole"] else lines


def figures(load: AlarmLoadView | None, words: Words, width: int) -> list[Line]:
    """Return every figure with its target, then the most frequent alarms."""
    if load is None:
        return [say((words("overview.waiting"), FAINT))]
    most = max((one["count"] for one in load["frequent"]), default=1)
    return [
        *(line for one in _lines(load, words) for line in wrap(one, width)),
        rule(words("load.frequent"), width),
        *(
            say((f"{one['count']:5d} ", BRIGHT), bar(one["count"] / most, _BAR, WARN), f" {_name(one['alarm'])}")
            for one in load["frequent"]
        ),
    ]


def _lines(load: AlarmLoadView, words: Words) -> Iterator[Line]:
    minutes = load["window_minutes"]
    yield _figure(words("load.raised"), str(load["raised"]), "", words)
    average, flood = load["average"], load["flood_share"]
    good = average <= _AVERAGE_MOST
    yield _figure(words("load.average", minutes=minutes), f"{average:.2f}", f"<= {_AVERAGE_MOST:g}", words, good=good)
    most, limit = load["most"], load["flood_from"]
    yield _figure(words("load.most", minutes=minutes), f"{most:g}", f"<= {limit}", words, good=most <= limit)
    yield _figure(words("load.flood", count=limit), f"{flood:.2%}", "< 1%", words, good=flood < _FLOOD_MOST)
    for name, title in (
        ("stale", words("load.stale", hours=load["stale_hours"])),
        ("chattering", words("load.chattering")),
    ):
        alarms = load["stale"] if name == "stale" else load["chattering"]
        yield _figure(title, str(len(alarms)), "0", words, good=not alarms)
        if alarms:
            yield say("  ", (" ".join(map(_name, alarms)), DIM))
    for priority, wanted in load["wanted"].items():
        share = load["share"].get(priority, 0.0)
        title = words("load.share", name=words.of("priority", priority))
        good = not load["raised"] or abs(share - wanted) <= _NEAR
        yield _figure(title, f"{share:.0%}", f"{wanted:.0%}", words, good=good)
    in_time = load["in_time"]
    told = "-" if in_time is None else f"{in_time:.0%}"
    yield say(
        _figure(words("load.in-time"), told, "100%", words, good=in_time is None or in_time >= 1),
        ("  ", PLAIN),
        (words("load.escalated", count=load["escalated"]), DIM),
    )


def _figure(name: str, value: str, target: str, words: Words, *, good: bool = True) -> Line:
    wanted = words("load.wanted", what=target) if target else ""
    return say(
        fit(say((name, DIM)), _NAME),
        fit(say((value, (GOOD if good else WARN) if target else BRIGHT)), _FIGURE, right=True),
        (f"   {wanted}", FAINT),
    )


def _name(alarm: str) -> str:
    rule_name, _, source = alarm.partition(":")
    return f"{rule_name} {short(source) if is_code(source) else source}"
