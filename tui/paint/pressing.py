"""What wants somebody soonest, and what has just happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.ink import FAINT, fit, rule, say
from tui.paint.alarms import headline, ordered, presses
from tui.paint.facts import tick
from tui.paint.prescriptions import pressed

if TYPE_CHECKING:
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words


def urgent(view: View, words: Words, now_s: float, size: tuple[int, int]) -> list[Line]:
    """Return what wants a person soonest: alarms that nobody has seen, then prescriptions by slack."""
    width, height = size
    alarms = [fit(headline(alarm, view, words), width) for alarm in ordered(view) if presses(alarm)]
    rows = [pressed(row, view, words, now_s, width) for row in view.rows]
    room = height - 1
    first = alarms[: max(room - len(rows), room // 2 + room % 2)]
    found = [*first, *rows[: room - len(first)]]
    return [rule(words("overview.urgent"), width), *(found or [say((words("overview.calm"), FAINT))])]


def ticker(view: View, words: Words, size: tuple[int, int]) -> list[Line]:
    """Return what has just happened, newest first."""
    width, height = size
    return [
        rule(words("overview.ticker"), width),
        *(tick(fact, words, view, width) for fact in view.recent[: height - 1]),
    ]
