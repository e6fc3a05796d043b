"""A curve in braille dots, two across and four up in every cell; a gap stays a gap, a doubtful sample is a dot of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.ink import BAD, DIM, FAINT, GOOD, RULE, WARN, fit, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.style import Style

    from tui.ink import Line

_BITS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
"""Bits of a braille cell by dot row from below and dot column."""

_ACROSS, _UP, _BLANK = 2, 4, 0x2800
_MARGIN, _FEET = 7, 2
_LEAST_WIDTH, _LEAST_HEIGHT = 20, 5
_HEADROOM = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at an instant (ms). None is a gap; `good`: it may be trusted."""

    at: int
    value: float | None
    good: bool = True


@dataclass(slots=True)
class _Plot:
    """Dots set so far, by (row from the top, cell). `gaps`: cells in which samples are missing."""

    rows: int
    cells: int
    low: float
    high: float
    begin: int
    length: int
    dots: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    doubtful: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    gaps: set[int] = field(default_factory=set[int])

    def across(self, at: int) -> int:
        """Return the dot column of an instant."""
        return min(self.cells * _ACROSS - 1, (at - self.begin) * self.cells * _ACROSS // self.length)

    def up(self, value: float) -> int:
        """Return the dot row of a value, from below."""
        return round((value - self.low) / (self.high - self.low) * (self.rows * _UP - 1))

    def row(self, value: float) -> int:
        """Return the line of a value, from the top."""
        return self.rows - 1 - self.up(value) // _UP

    def dot(self, across: int, up: int, *, good: bool) -> None:
        """Set one dot."""
        place = (self.rows - 1 - up // _UP, across // _ACROSS)
        self.dots[place] = self.dots.get(place, 0) | _BITS[up % _UP][across % _ACROSS]
        if not good:
            self.doubtful.add(place)

    def stroke(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Set the dots from one sample to the next."""
        steps = max(1, abs(end[0] - start[0]), abs(end[1] - start[1]))
        for step in range(steps + 1):
            across = start[0] + (end[0] - start[0]) * step // steps
            self.dot(across, start[1] + round((end[1] - start[1]) * step / steps), good=True)

    def draw(self, samples: Sequence[Sample]) -> None:
        """Set the dots of all samples; nothing is drawn across a gap."""
        last: tuple[int, int] | None = None
        edge = 0
        missing = False
        for sample in samples:
            across = self.across(sample.at)
            if sample.value is None:
                last, missing = None, True
                continue
            if missing:
                self.gaps.update(range(edge // _ACROSS + 1, across // _ACROSS))
            here = (across, self.up(sample.value))
            if sample.good:
                self.stroke(last or here, here)
                last = here
            else:
                self.dot(*here, good=False)
            edge, missing = across, False
        if missing:
            self.gaps.update(range(edge // _ACROSS + 1, self.cells))


def curve(
    samples: Sequence[Sample], threshold: float, size: tuple[int, int], stamp: Callable[[int], str]
) -> list[Line]:
    """Return lines for `size` (width, height): the curve, a line at `threshold`, values at the left, instants below.

    Empty where there is nothing to draw or no room for it.
    """
    width, height = size
    values = [sample.value for sample in samples if sample.value is not None]
    if not values or height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
        return []
    low, high = min(*values, threshold), max(*values, threshold)
    begin, end = samples[0].at, samples[-1].at
    plot = _Plot(height - _FEET, width - _MARGIN, low - _HEADROOM, high + _HEADROOM, begin, max(1, end - begin))
    plot.draw(samples)
    return [*(_line(plot, row, threshold) for row in range(plot.rows)), _floor(plot), _ends(plot, stamp)]


def _line(plot: _Plot, row: int, threshold: float) -> Line:
    at = plot.row(threshold)
    label, style = "", DIM
    if row == at:
        label, style = f"{threshold:.1f}", WARN
    elif row in {0, plot.rows - 1}:
        label = f"{plot.high if row == 0 else plot.low:.0f}"
    margin = fit(say((label, style)), _MARGIN - 1, right=True)
    return say(margin, " ", *(_cell(plot, row, cell, on_threshold=row == at) for cell in range(plot.cells)))


def _cell(plot: _Plot, row: int, cell: int, *, on_threshold: bool) -> tuple[str, Style]:
    bits = plot.dots.get((row, cell))
    if bits is not None:
        return chr(_BLANK + bits), BAD if (row, cell) in plot.doubtful else GOOD
    return ("╌", WARN) if on_threshold and cell not in plot.gaps else (" ", RULE)


def _floor(plot: _Plot) -> Line:
    return say(" " * _MARGIN, *(("×", BAD) if cell in plot.gaps else ("─", FAINT) for cell in range(plot.cells)))


def _ends(plot: _Plot, stamp: Callable[[int], str]) -> Line:
    first, last = stamp(plot.begin), stamp(plot.begin + plot.length)
    return say(" " * _MARGIN, (first, DIM), " " * max(1, plot.cells - len(first) - len(last)), (last, DIM))
