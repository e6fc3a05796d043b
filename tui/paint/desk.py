"""The scan desk: the answer to the last scan in large, what is in hand, what is asked now, and what can be scanned next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import span
from tui.codes import BY_HAND, PAIRS, prefix, short
from tui.figures import plant_now, task_window
from tui.ink import BAD, BRIGHT, DIM, FAINT, NOTE, PLAIN, WARN, fit, say, wrap
from tui.paint.chrome import BLOCKS
from tui.state import Minutes, Tone, Weigh
from tui.widgets.table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.style import Style

    from controller.wire import TaskView
    from tui.figures import Window
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_SIGN = {
    Tone.GOOD: ("      ▄▀", "     ▄▀ ", "▀▄ ▄▀   ", "  ▀     "),
    Tone.BAD: ("▀▄    ▄▀", "  ▀▄▄▀  ", "  ▄▀▀▄  ", "▄▀    ▀▄"),
    Tone.NOTE: ("  ▄▀▀▀▄ ", "     ▄▀ ", "    ▀   ", "    ▄   "),
}
"""A tick, a cross, a question mark: seen from two steps away."""

_SIGN_WIDTH = 12
_WINDOW_STYLE = {"early": DIM, "open": WARN, "closed": BAD}


def verdict(view: View, words: Words, size: tuple[int, int]) -> list[Line]:
    """Return the last answer as a block of colour: the sign, the headline, and under it the reasons."""
    width, height = size
    one = view.verdict
    if one is None:
        lines = [say((words("desk.ready"), BRIGHT)), *wrap(say((words("desk.ready-how"), DIM)), width - _SIGN_WIDTH)]
        return [say(), *(say(" " * _SIGN_WIDTH, line) for line in lines)]
    block = BLOCKS[one.tone]
    headline = wrap(say((one.title, block)), width - _SIGN_WIDTH - 1)
    reasons = [line for text in one.lines if text for line in wrap(say((text, block)), width - _SIGN_WIDTH - 1)]
    body = [say(("", block)), *headline, *reasons][:height]
    body += [say()] * (height - len(body))
    signs = ("", *_SIGN[one.tone])
    return [
        fit(say((fit(say(f"  {signs[row] if row < len(signs) else ''}"), _SIGN_WIDTH)), line), width).stylize_before(
            block
        )
        for row, line in enumerate(body)
    ]


def in_hand(view: View, words: Words, width: int) -> list[Line]:
    """Return what is in hand and what it waits for, or what is asked just now."""
    ask = view.ask
    if isinstance(ask, Weigh):
        return [_weigh(ask, words, width), say((words("desk.weigh-how"), DIM))]
    if isinstance(ask, Minutes):
        least = words("desk.least", minutes=ask.least) if ask.least else ""
        asked = say((words("desk.minutes"), DIM), " ", (ask.herb, BRIGHT), f"  {short(ask.code)}  ", (least, WARN))
        return [asked, say((words("desk.minutes-how"), DIM))]
    code = view.hand.code
    if not code:
        return [say((words("desk.empty-hand"), DIM))]
    pairs = PAIRS if any(machine["by_hand"] for machine in view.machines.values()) else PAIRS - {BY_HAND}
    partners = sorted(
        {into for source, into in pairs if source == prefix(code)}
        | {source for source, into in pairs if into == prefix(code)}
    )
    wanted = " / ".join(words.of("code", one) for one in partners)
    hand = say((words("desk.in-hand"), DIM), " ", (words.of("code", prefix(code)), NOTE), f" {code}")
    return [hand, say((words("desk.wants", what=wanted), DIM)) if wanted else say()]


def _weigh(ask: Weigh, words: Words, width: int) -> Line:
    portion = words("desk.portions", times=ask.times) if ask.times > 1 else ""
    return fit(
        say(
            (words("desk.weigh"), DIM), " ", (ask.herb, BRIGHT), "  ", (f"{ask.grams:g} g", BRIGHT),
            (f" +-{ask.tolerance_g:g} g  [{ask.grams - ask.tolerance_g:g}..{ask.grams + ask.tolerance_g:g}]  ", PLAIN),
            (portion, WARN),
        ),
        width,
    )  # fmt: skip


def columns(words: Words, width: int) -> list[Column]:
    """Return the columns of the task list: where it is narrow, what to do goes without its name, and one code is enough."""
    wide = width > _WIDE
    return [
        *([Column(words("col.task"), 11)] if wide else []),
        Column(words("col.prescription"), 17 if wide else 15),
        Column(words("col.what")),
        Column(words("col.scan"), 19 if wide else 8),
        Column(words("col.window"), 12, right=True),
    ]


def cells(task: TaskView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return one task: what to do, which codes to scan, and how long there is."""
    frame, wide = task_window(task, plant_now(view, now_s)), width > _WIDE
    name = (words.of("task", task["kind"]), BAD if frame.state == "closed" else NOTE)
    return [
        *([say(name)] if wide else []),
        say((task["prescription_no"], PLAIN)),
        say(words.pick(task["text_zh"], task["text_en"])),
        codes(task) if wide else _one_code(task),
        say((window_text(frame, words), _WINDOW_STYLE.get(frame.state, FAINT))),
    ]


_WIDE = 100


def codes(task: TaskView) -> Line:
    """Return the codes to scan: what, into what."""
    code = short(task["code"]) if task["code"] else _several(task)
    into = (f" > {short(task['into'])}", PLAIN) if task["into"] else ("", PLAIN)
    return say((code, DIM), into)


def _one_code(task: TaskView) -> Line:
    """Return what is to be taken in hand: the pail of a herb, else the first code."""
    return say((short(task["into"]), DIM)) if task["kind"] == "draw" else codes({**task, "into": ""})


def _several(task: TaskView) -> str:
    many = len(task["codes"])
    return "" if not many else short(task["codes"][0]) if many == 1 else f"{task['codes'][0][:2]}x{many}"


def window_text(frame: Window, words: Words) -> str:
    """Return when an act may be done, in words."""
    if frame.state == "none" or (frame.state == "open" and not frame.rest_s):
        return ""
    return words(f"window.{frame.state}", rest=span(frame.rest_s))


def tone(task: TaskView) -> Style:
    """Return the colour of a task of the signing desk: holds are red."""
    return {"hold": BAD, "excursion": BAD, "recipe": WARN, "release": NOTE}.get(task["kind"], PLAIN)


def key(task: TaskView) -> str:
    """Return what tells a task from all others."""
    return f"{task['kind']} {task['batch']} {task['code']} {task['into']} {task['details'].get('herb', '')}"


def ordered(tasks: Sequence[TaskView], view: View, now_s: float) -> list[TaskView]:
    """Return tasks as they want doing: those of the code in hand, then windows that close, then by promise."""
    now, hand = plant_now(view, now_s), view.hand.code

    def rank(task: TaskView) -> tuple[bool, bool, int]:
        codes = (task["code"], task["into"], task["batch"], *task["codes"])
        closing = task["closes_at"] and task_window(task, now).state in {"open", "closed"}
        return not (hand and hand in codes), not closing, task["closes_at"] if closing else task["rank"]

    return sorted(tasks, key=rank)
