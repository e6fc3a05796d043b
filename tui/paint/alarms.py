"""Alarms: what is wrong, how urgent, in which ISA-18.2 state, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import clock, day_minute
from tui.codes import is_code, short
from tui.figures import site_zone
from tui.ink import BAD, BLOCK_BAD, BLOCK_WARN, BRIGHT, DIM, FAINT, GOOD, PLAIN, WARN, rule, say, wrap
from tui.widgets.table import Column

if TYPE_CHECKING:
    from textual.style import Style

    from controller.wire import AlarmView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_PRIORITY = {"high": BAD, "medium": WARN, "low": PLAIN}
_STATE = {"UNACK": BLOCK_BAD, "ACKED": WARN, "RTNUN": BLOCK_WARN, "NORMAL": FAINT}
_RANK = {"UNACK": 0, "RTNUN": 1, "ACKED": 2, "NORMAL": 3}
_PRIORITY_RANK = {"high": 0, "medium": 1, "low": 2}


def ordered(view: View) -> list[AlarmView]:
    """Return alarms as they want attention: unseen first, then by priority, newest first."""
    return sorted(
        view.alarms,
        key=lambda one: (_RANK.get(one["state"], 0), _PRIORITY_RANK.get(one["priority"], 0), -one["raised_at"]),
    )


def columns(words: Words) -> list[Column]:
    """Return the columns of the list."""
    return [
        Column(words("col.state"), 8),
        Column(words("col.priority"), 6),
        Column(words("col.raised"), 8),
        Column(words("col.source"), 10),
        Column(words("col.alarm")),
    ]


def cells(alarm: AlarmView, view: View, words: Words) -> list[Line]:
    """Return one row of the list."""
    over = alarm["state"] == "NORMAL"
    return [
        say((f" {words.of('alarm-state', alarm['state'])} ", _STATE.get(alarm["state"], PLAIN))),
        say((words.of("priority", alarm["priority"]), FAINT if over else _priority(alarm))),
        say((clock(alarm["raised_at"], site_zone(view)), DIM)),
        say((_source(alarm), FAINT if over else PLAIN)),
        say((words.pick(alarm["text_zh"], alarm["text_en"]), FAINT if over else BRIGHT)),
    ]


def headline(alarm: AlarmView, view: View, words: Words) -> Line:
    """Return an alarm as one line."""
    return say(
        (clock(alarm["raised_at"], site_zone(view)), DIM),
        " ",
        (words.of("priority", alarm["priority"]), _priority(alarm)),
        " ",
        (_source(alarm), BRIGHT),
        " ",
        words.pick(alarm["text_zh"], alarm["text_en"]),
    )


def detail(alarm: AlarmView | None, view: View, words: Words, width: int) -> list[Line]:
    """Return everything about one alarm: what it means, what to do, and who has seen it."""
    if alarm is None:
        return []
    zone = site_zone(view)
    seen = (
        words("alarm.seen", who=short(alarm["acknowledged_by"]), at=day_minute(alarm["acknowledged_at"], zone))
        if alarm["acknowledged_by"]
        else words("alarm.unseen")
    )
    cleared = words("alarm.cleared", at=day_minute(alarm["cleared_at"], zone)) if alarm["cleared_at"] else ""
    return [
        rule(_source(alarm), width, alarm["rule"]),
        *wrap(say((words.pick(alarm["text_zh"], alarm["text_en"]), BRIGHT)), width),
        *(wrap(say((alarm["detail"], PLAIN)), width) if alarm["detail"] not in alarm["text_zh"] else ()),
        *wrap(say((words("alarm.do"), DIM), " ", (words.pick(alarm["action_zh"], alarm["action_en"]), WARN)), width),
        say((seen, GOOD if alarm["acknowledged_by"] else WARN), "  ", (cleared, DIM)),
    ]


def _priority(alarm: AlarmView) -> Style:
    return _PRIORITY.get(alarm["priority"], PLAIN)


def _source(alarm: AlarmView) -> str:
    return short(alarm["source"]) if is_code(alarm["source"]) else alarm["source"]
