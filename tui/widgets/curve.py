"""A curve in braille dots: two samples across and four up in every cell; a gap stays a gap; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.ink import BAD, DIM, FAINT, GOOD, NOTE, WARN, fit, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.style import Style

    from tui.ink import Line

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Unicode braille: bit of each dot, by column and row from the top."""

_ACROSS, _UP = 2, 4
_BLANK = 0x2800
_MARGIN = 6
_LEAST_HEIGHT, _LEAST_WIDTH = 4, 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at an instant (ms); None is a gap. `good`: it may be trusted."""

    at: int
    value: float | None
    good: bool


@dataclass(frozen=True, slots=True)
class _Column:
    """What one column of cells shows: heights in dots of good and of doubtful samples, and whether samples are missing."""

    good: tuple[tuple[int, int], ...]
    doubtful: tuple[tuple[int, int], ...]
    gap: bool


def curve(
    samples: Sequence[Sample], threshold: float, width: int, height: int, stamp: Callable[[int], str]
) -> list[Line]:
    """Return `height` lines of `width` cells: the curve, a line at `threshold`, values at the left, instants below."""
    values = [sample.value for sample in samples if sample.value is not None]
    if not values or height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
        return []
    low = min(*values, threshold, key=float) - 1 if len(values) > 1 else min(values[0], threshold) - 1
    high = max(*values, threshold) + 1
    rows, cells = height - 2, width - _MARGIN
    columns = _columns(samples, (low, high), cells, rows)
    at = _row_of(threshold, (low, high), rows)
    body = [_line(row, columns, at, _label(row, rows, at, (low, high, threshold))) for row in range(rows)]
    floor = say(" " * _MARGIN, *((("╌", BAD) if column.gap else ("─", FAINT)) for column in columns))
    first, last = stamp(samples[0].at), stamp(samples[-1].at)
    ends = say(" " * _MARGIN, (first, DIM), " " * max(1, cells - len(first) - len(last)), (last, DIM))
    return [*body, floor, fit(ends, width)]


def _columns(samples: Sequence[Sample], scale: tuple[float, float], cells: int, rows: int) -> list[_Column]:
    begin = samples[0].at
    length = max(1, samples[-1].at - begin)
    places: list[list[Sample]] = [[] for _ in range(cells * _ACROSS)]
    for sample in samples:
        places[min(cells * _ACROSS - 1, (sample.at - begin) * cells * _ACROSS // length)].append(sample)
    return [_column(places[cell * _ACROSS : cell * _ACROSS + _ACROSS], scale, rows) for cell in range(cells)]


def _column(places: Sequence[Sequence[Sample]], scale: tuple[float, float], rows: int) -> _Column:
    low, high = scale
    dots: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    gap = False
    for across, here in enumerate(places):
        for sample in here:
            if sample.value is None:
                gap = True
            else:
                up = round((sample.value - low) / (high - low) * (rows * _UP - 1))
                dots[sample.good].append((across, up))
    return _Column(tuple(dots[True]), tuple(dots[False]), gap)


def _line(row: int, columns: Sequence[_Column], threshold_row: int, label: tuple[str, Style]) -> Line:
    rows_up = max(1, _rows_of(columns))
    del rows_up
    return say(
        fit(say((label[0], label[1])), _MARGIN - 1, right=True), " ", *(_cell(row, one, threshold_row) for one in columns)
    )


def _rows_of(columns: Sequence[_Column]) -> int:
    return len(columns)


def _cell(row: int, column: _Column, threshold_row: int) -> tuple[str, Style]:
    raise NotImplementedError


def _row_of(value: float, scale: tuple[float, float], rows: int) -> int:
    low, high = scale
    return rows - 1 - round((value - low) / (high - low) * (rows * _UP - 1)) // _UP


def _label(row: int, rows: int, at: int, values: tuple[float, float, float]) -> tuple[str, Style]:
    low, high, threshold = values
    if row == at:
        return f"{threshold:.1f}", WARN
    if row == 0:
        return f"{high:.0f}", DIM
    return (f"{low:.0f}", DIM) if row == rows - 1 else ("", NOTE)


_ = GOOD
