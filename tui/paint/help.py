"""The help: every key of every screen, what a scan does, and what the colours mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.ink import BRIGHT, DIM, KEY, MARKS, TILES, fit, flow, rule, say, wrap
from tui.paint.chrome import SCREENS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.ink import Line
    from tui.words import Words

_NAME = 14
_COLOURS = ("idle", "next", "dirty", "wait", "soak", "heat", "boil", "flow", "held", "fault", "lost", "out", "watched")


def page(
    keys: Mapping[str, Sequence[tuple[str, str]]], everywhere: Sequence[tuple[str, str]], words: Words, width: int
) -> list[Line]:
    """Return the help: `keys` by screen, those that work `everywhere`, pairs of key and text."""
    lines = [rule(words("help.title"), width), *wrap(say(words("help.scan")), width)]
    lines += [*_block(words("help.everywhere"), everywhere, words, width), rule(words("help.screens"), width)]
    for number, name in enumerate(SCREENS, 2):
        lines += _block(f"F{number} {words(f'nav.{name}')}", keys.get(name, ()), words, width)
    legend = (say((f" {MARKS[tone]} {words.of('tone', tone)} ", TILES[tone])) for tone in _COLOURS)
    return [*lines, rule(words("help.colours"), width), *flow(legend, width, " ")]


def _block(name: str, pairs: Sequence[tuple[str, str]], words: Words, width: int) -> list[Line]:
    head = fit(say((name, BRIGHT)), _NAME)
    rows = flow((say((words.of("keyname", key), KEY), " ", (words(text), DIM)) for key, text in pairs), width - _NAME)
    return [say(head if number == 0 else " " * _NAME, row) for number, row in enumerate(rows or [say()])]
