"""Alarms: what is wrong, how urgent, in which ISA-18.2 state, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import brief, clock, day_minute, minute
from tui.codes import is_code, short
from tui.figures import plant_now, site_zone
from tui.ink import BAD, BLOCK_BAD, BLOCK_WARN, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, WARN, flow, rule, say, wrap
from tui.widgets.table import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.style import Style

    from controller.wire import AlarmView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_PRIORITY = {"high": BAD, "medium": WARN, "low": PLAIN}
_STATE = {
    "UNACK": BLOCK_BAD, "LATCH": BLOCK_BAD, "RTNUN": BLOCK_WARN, "ACKED": WARN,
    "SHLVD": NOTE, "DSUPR": DIM, "OOSRV": DIM, "NORMAL": FAINT,
}  # fmt: skip
"""States with their styles, in the order in which they want attention."""
_RANK = {state: rank for rank, state in enumerate(_STATE)}
CALLING = frozenset({"UNACK", "LATCH"})
_UNSEEN = CALLING | {"RTNUN"}
_QUIET = {"SHLVD": DIM, "DSUPR": DIM, "OOSRV": DIM, "NORMAL": FAINT}
"""States that ask nobody for anything, with the style of their words."""
_PRIORITY_RANK = {"high": 0, "medium": 1, "low": 2}


def presses(alarm: AlarmView) -> bool:
    """Say whether an alarm wants a person: it is not over, not aside, and no other says it."""
    return alarm["state"] not in _QUIET


def unseen(view: View) -> int:
    """Return how many alarms nobody has acknowledged."""
    return sum(alarm["state"] in _UNSEEN for alarm in view.alarms)


def ordered(view: View) -> list[AlarmView]:
    """Return alarms as they want attention: unseen first, escalated before others, then by priority, newest first."""
    return sorted(
        view.alarms,
        key=lambda one: (
            _RANK.get(one["state"], 0),
            not one.get("called"),
            _PRIORITY_RANK.get(one["priority"], 0),
            -one["raised_at"],
        ),
    )


def columns(words: Words) -> list[Column]:
    """Return the columns of the list."""
    return [
        Column(words("col.state"), 9),
        Column(words("col.priority"), 4),
        Column(words("col.age"), 4, right=True),
        Column(words("col.marks"), 7),
        Column(words("col.source"), 9),
        Column(words("col.alarm")),
    ]


def cells(alarm: AlarmView, view: View, words: Words, now_s: float) -> list[Line]:
    """Return one row of the list."""
    quiet = _QUIET.get(alarm["state"])
    age_s = max(0, plant_now(view, now_s) - alarm["raised_at"]) / 1000
    return [
        say((f" {words.of('alarm-state', alarm['state'])} ", _STATE.get(alarm["state"], PLAIN))),
        say((words.of("priority", alarm["priority"]), quiet or _priority(alarm))),
        say((brief(age_s), quiet or DIM)),
        marks(alarm, view),
        say((_source(alarm, words), quiet or PLAIN)),
        say((words.pick(alarm["text_zh"], alarm["text_en"]), quiet or BRIGHT)),
    ]


def marks(alarm: AlarmView, view: View) -> Line:
    """Return the end of its shelf, or in signs: ^2 escalated to the second step, +3 said again, x5 came again: ^2+3x5."""
    if alarm["shelved_until"]:
        return say((f"-{minute(alarm['shelved_until'], site_zone(view))}", NOTE))
    calls = alarm["state"] in CALLING
    signs = (
        (f"^{alarm['called']}" if alarm["called"] and calls else "", BAD),
        (f"+{alarm['repeats']}" if alarm["repeats"] and calls else "", WARN),
        (f"x{alarm['recurrences']}" if alarm["recurrences"] else "", DIM),
    )
    return say(*signs)


def headline(alarm: AlarmView, view: View, words: Words) -> Line:
    """Return an alarm as one line."""
    return say(
        (clock(alarm["raised_at"], site_zone(view)), DIM),
        " ",
        (words.of("priority", alarm["priority"]), _priority(alarm)),
        " ",
        (_source(alarm, words), BRIGHT),
        " ",
        words.pick(alarm["text_zh"], alarm["text_en"]),
    )


def detail(alarm: AlarmView | None, view: View, words: Words, width: int) -> list[Line]:
    """Return everything about one alarm: what it means, why, what to do and how soon, who has seen it, why it is quiet."""
    if alarm is None:
        return []
    cause, action = words.pick(alarm["cause_zh"], alarm["cause_en"]), words.pick(alarm["action_zh"], alarm["action_en"])
    return [
        rule(_source(alarm, words), width, alarm["rule"]),
        *wrap(say((words.pick(alarm["text_zh"], alarm["text_en"]), BRIGHT)), width),
        *(wrap(say((alarm["detail"], PLAIN)), width) if alarm["detail"] not in f"{alarm['text_zh']}{cause}" else ()),
        *wrap(say((words("alarm.cause"), DIM), " ", (cause, PLAIN)), width),
        *wrap(say((words("alarm.do"), DIM), " ", (action, WARN)), width),
        *flow((*_standing(alarm, view, words), *_history(alarm, view, words)), width),
        *(
            wrap(say((_said_by(alarm, view, words), NOTE)), width)
            if alarm["suppressed_by"] and not alarm["out_by"]
            else ()
        ),
    ]


def _standing(alarm: AlarmView, view: View, words: Words) -> Iterator[Line]:
    """Yield who has seen it, in what time somebody must respond, when it cleared, who put it aside until when."""
    zone = site_zone(view)
    if alarm["acknowledged_by"]:
        who, at = short(alarm["acknowledged_by"]), day_minute(alarm["acknowledged_at"], zone)
        yield say((words("alarm.seen", who=who, at=at), GOOD))
    elif alarm["state"] in _UNSEEN:
        yield say((words("alarm.latched" if alarm["state"] == "LATCH" else "alarm.unseen"), WARN))
    yield say((words("alarm.respond", minutes=alarm["respond_minutes"]), WARN if alarm["state"] in CALLING else DIM))
    if alarm["cleared_at"]:
        yield say((words("alarm.cleared", at=day_minute(alarm["cleared_at"], zone)), DIM))
    if alarm["shelved_until"]:
        who, until = short(alarm["shelved_by"]), day_minute(alarm["shelved_until"], zone)
        yield say((words("alarm.shelved", who=who, until=until), NOTE))
    if alarm["out_by"]:
        who, at = short(alarm["out_by"]), day_minute(alarm["out_at"], zone)
        yield say((words("alarm.out", who=who, at=at, note=alarm["out_note"]), NOTE))


def _history(alarm: AlarmView, view: View, words: Words) -> Iterator[Line]:
    """Yield since when it is there, how often it came and was said, and whom it called."""
    yield say((words("alarm.raised", at=day_minute(alarm["raised_at"], site_zone(view))), DIM))
    if alarm["recurrences"]:
        yield say((words("alarm.recurred", count=alarm["recurrences"]), DIM))
    if alarm["repeats"]:
        yield say((words("alarm.repeated", count=alarm["repeats"]), WARN))
    if alarm["called"]:
        who = words.of("role", alarm["called_role"])
        yield say((words("alarm.escalated", who=who, step=alarm["called"]), BAD))


def _said_by(alarm: AlarmView, view: View, words: Words) -> str:
    name = alarm["suppressed_by"]
    if ":" not in name:
        return words("alarm.hushed", what=words.of("quiet", name))
    other = next((one for one in view.alarms if one["id"] == name), None)
    what = f"{name}  {words.pick(other['text_zh'], other['text_en'])}" if other else name
    return words("alarm.said-by", what=what)


def _priority(alarm: AlarmView) -> Style:
    return _PRIORITY.get(alarm["priority"], PLAIN)


def _source(alarm: AlarmView, words: Words) -> str:
    return short(alarm["source"]) if is_code(alarm["source"]) else words.of("source", alarm["source"])
