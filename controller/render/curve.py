"""The curve of a batch put in order for the eye, once for every kind of paper: strokes and gaps in a field of one by one.

`drawn(samples, boil_celsius, moment)` keeps the lowest and the highest good sample of every column of the page, so that no
excursion is ever smoothed away; nothing is drawn across a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Sample = tuple[int, float | None, str]
    Point = tuple[float, float]

COLUMNS = 600
_LABELS = 12
_STEPS_MS = (600_000, 1_800_000, 3_600_000, 7_200_000)
_GRID_CELSIUS = 20


@dataclass(frozen=True, slots=True)
class Samples:
    """What a pot measured for a batch: (ms, degrees or None where a gap begins, quality) by time, and its boiling threshold."""

    points: Sequence[Sample]
    boil_celsius: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawing in a field of one by one, y upwards. `gaps`: from x to x; `doubtful`: samples that were not good.

    `times`, `values`: where a label stands, and the label; `boil`: the height of the boiling threshold.
    """

    strokes: tuple[tuple[Point, ...], ...]
    gaps: tuple[Point, ...]
    doubtful: tuple[Point, ...]
    times: tuple[tuple[float, str], ...]
    values: tuple[tuple[float, str], ...]
    boil: float


def drawn(samples: Samples, moment: Callable[[int], str]) -> Curve | None:
    """Draw the samples of a batch; `moment` names an instant (ms). None where there is nothing to draw."""
    values = [value for _, value, _ in samples.points if value is not None]
    if not values:
        return None
    begin, end = samples.points[0][0], max(samples.points[-1][0], samples.points[0][0] + 1)
    low = min(0.0, *values)
    high = max(samples.boil_celsius, *values) + _GRID_CELSIUS / 2

    def across(at: int) -> float:
        return (at - begin) / (end - begin)

    def up(value: float) -> float:
        return (value - low) / (high - low)

    runs = list(_runs(samples.points))
    return Curve(
        strokes=tuple(tuple((across(at), up(value)) for at, value in _extremes(run, begin, end)) for run in runs),
        gaps=tuple((across(before[-1][0]), across(after[0][0])) for before, after in pairwise(runs)),
        doubtful=tuple(
            (across(at), up(value)) for at, value, quality in samples.points if value is not None and quality != "good"
        ),
        times=tuple((across(at), moment(at)) for at in _marks(begin, end)),
        values=tuple((up(value), f"{value} °C") for value in range(0, int(high) + 1, _GRID_CELSIUS)),
        boil=up(samples.boil_celsius),
    )


def _runs(points: Sequence[Sample]) -> Iterator[list[tuple[int, float]]]:
    """Give the good samples in runs without a gap."""
    run: list[tuple[int, float]] = []
    for at, value, quality in points:
        if value is None:
            if run:
                yield run
            run = []
        elif quality == "good":
            run.append((at, value))
    if run:
        yield run


def _extremes(run: Sequence[tuple[int, float]], begin: int, end: int) -> Iterator[tuple[int, float]]:
    """Give the lowest and the highest sample of each column, in order of time."""
    columns: dict[int, list[tuple[int, float]]] = {}
    for at, value in run:
        columns.setdefault((at - begin) * COLUMNS // (end - begin), []).append((at, value))
    for column in columns.values():
        lowest, highest = (pick(column, key=lambda sample: sample[1]) for pick in (min, max))
        yield from sorted({column[0], lowest, highest, column[-1]})


def _marks(begin: int, end: int) -> range:
    """Return round instants, not more than a line of labels has room for."""
    step = next((step for step in _STEPS_MS if (end - begin) / step <= _LABELS), _STEPS_MS[-1])
    step *= max(1, (end - begin) // step // _LABELS)
    return range(-(-begin // step) * step, end + 1, step)
