"""The one door to the screen: styled text is built here from parts, never parsed, and every part is made inert.

`say("pot-03 ", (name, BRIGHT))` gives a `Content`; a widget paints it cell by cell. No other file of `tui` may make a `Content`,
so hospital text has no way to become markup, an action or a terminal command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.color import Color
from textual.content import Content
from textual.style import Style

from tui.inert import inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Part = str | tuple[str, Style] | Content
Line = Content


def _ink(foreground: str, background: str = "", *, bold: bool | None = None) -> Style:
    return Style(
        foreground=Color.parse(foreground),
        background=Color.parse(background) if background else None,
        bold=bold,
    )


PLAIN = _ink("#c9d3de")
BRIGHT = _ink("#f2f6fa", bold=True)
DIM = _ink("#8592a3")
FAINT = _ink("#4f5b6b")
RULE = _ink("#33404f")
KEY = _ink("#8fb8e8", bold=True)
GOOD = _ink("#7fd191")
NOTE = _ink("#78b7ee")
WARN = _ink("#f0b35c")
BAD = _ink("#ff7b7b", bold=True)
BAND = _ink("#c9d3de", "#1c2632")
BAND_DIM = _ink("#8592a3", "#1c2632")
BAND_BRIGHT = _ink("#f2f6fa", "#1c2632", bold=True)
BAND_KEY = _ink("#8fb8e8", "#1c2632", bold=True)
BAND_HERE = _ink("#0f141a", "#8fb8e8", bold=True)
BLOCK_GOOD = _ink("#eafff0", "#1f6b3c", bold=True)
BLOCK_BAD = _ink("#ffffff", "#a02c38", bold=True)
BLOCK_WARN = _ink("#1a1206", "#f0b35c", bold=True)
BLOCK_NOTE = _ink("#eaf4ff", "#245a8c", bold=True)
CURSOR = Style(background=Color.parse("#26394f"))
CURSOR_AWAY = Style(background=Color.parse("#1a2431"))

TILES = {
    "idle": _ink("#77838f", "#1a2129"),
    "next": _ink("#a9b7c6", "#222c38"),
    "dirty": _ink("#b9a67a", "#26231b"),
    "wait": _ink("#c9d3de", "#2a3543"),
    "soak": _ink("#8cc6f5", "#15304a"),
    "heat": _ink("#f7bb6a", "#40280c"),
    "boil": _ink("#8fe0a2", "#143820"),
    "flow": _ink("#86d8d6", "#12343a"),
    "held": _ink("#ffd9d9", "#7a1f2a", bold=True),
    "fault": _ink("#ffffff", "#b3202f", bold=True),
    "lost": _ink("#98a0aa", "#2b2d31"),
    "out": _ink("#6f6a8c", "#1d1b29"),
    "watched": _ink("#9c8fb8", "#241f33"),
}
"""Colours of a machine by tone: grey rests, blue soaks, orange heats, green boils, teal runs, red needs a person."""

MARKS = {
    "idle": ".", "next": ",", "dirty": "d", "wait": "w", "soak": "s", "heat": "h", "boil": "b", "flow": "f",
    "held": "H", "fault": "!", "lost": "?", "out": "x", "watched": "m",
}  # fmt: skip
"""The same as a letter, for the smallest tiles and for those who do not see the colours."""


def say(*parts: Part) -> Line:
    """Join parts to one line; strings are made inert, `(string, style)` is painted in its style."""
    return Content.assemble(*(_safe(part) for part in parts))


def _safe(part: Part) -> Part:
    if isinstance(part, str):
        return inert(part)
    if isinstance(part, tuple):
        return inert(part[0]), part[1]
    return part


def fit(line: Line, width: int, *, right: bool = False) -> Line:
    """Return `line` exactly `width` cells wide: cut with an ellipsis, or filled with blanks."""
    missing = width - line.cell_length
    if missing < 0:
        return line.truncate(width, ellipsis=True)
    return line.pad_left(missing) if right else line.pad_right(missing)


def beside(left: Line, right: Line, width: int) -> Line:
    """Return one line of `width` cells with `left` and `right` at its ends; `left` gives way."""
    room = max(0, width - right.cell_length)
    return say(fit(left, room), right)


def flow(words: Iterable[Line], width: int, gap: str = "  ") -> list[Line]:
    """Set `words` one after another in lines of at most `width` cells."""
    lines: list[Line] = []
    here: list[Line] = []
    used = 0
    for word in words:
        step = word.cell_length + (len(gap) if here else 0)
        if here and used + step > width:
            lines.append(join(here, gap))
            here, used, step = [], 0, word.cell_length
        here.append(word)
        used += step
    return [*lines, join(here, gap)] if here else lines


def join(parts: Sequence[Line], gap: str) -> Line:
    """Join lines with `gap` between them."""
    return Content(gap).join(parts)


def rule(title: str, width: int, note: str = "") -> Line:
    """Return a heading: a faint rule with `title` in it, `note` at its right end."""
    head = say(("── ", RULE), (title, BRIGHT), " ")
    tail = say((f" {note} ", DIM), ("──", RULE)) if note else say()
    rest = max(0, width - head.cell_length - tail.cell_length)
    return say(head, ("─" * rest, RULE), tail)


def wrap(line: Line, width: int) -> list[Line]:
    """Break `line` into lines of at most `width` cells."""
    return line.wrap(max(1, width))


def gauge(share: float, width: int) -> str:
    """Return a bar of `width` cells as text, `share` (0 to 1) of it filled."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "━" * full + "─" * (width - full)


def bar(share: float, width: int, style: Style) -> Line:
    """Return a bar of `width` cells, the filled `share` (0 to 1) in its own style."""
    text = gauge(share, width)
    full = text.count("━")
    return say((text[:full], style), (text[full:], RULE))
