"""A curve from afar: where it is silent, and a bounded number of its samples, however long it is.

For whoever must look at a thousand curves at once. Blocks are chosen by their ends alone: the newest, those beside a silence,
and some at even distances; only these are unpacked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select

from controller.store.blocks import expand
from controller.store.tables import readings
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from controller.store.blocks import Point
    from controller.store.rows import ReadingBlock

_EVENLY: Final = 6
_SILENCES: Final = 3
"""How many silences are looked at from both sides; the longest ones."""


class Overview(NamedTuple):
    """`points`: good samples (ms, value), in order; `silences`: (last sample before, first after), ms, in order."""

    points: list[tuple[int, float]]
    silences: list[tuple[int, int]]


class Curve(NamedTuple):
    """Which curve is meant."""

    line: str
    machine: str
    batch: str
    tag: str


class _Span(NamedTuple):
    """One block. `held`: packed, or as it waits to be written."""

    first_at: int
    last_at: int
    held: bytes | Sequence[Point]


def overview(connection: Connection, curve: Curve, *, silence_ms: int, waiting: Sequence[ReadingBlock]) -> Overview:
    """Look at a curve. `waiting`: blocks of it that may not be written yet."""
    its = [readings.c[name] == value for name, value in curve._asdict().items()]
    query = select(readings.c.first_at, readings.c.last_at, readings.c.block).where(*its)
    spans = [_Span(*row) for row in connection.execute(query)]
    spans += [_Span(block.points[0][0], block.points[-1][0], block.points) for block in waiting if block.points]
    spans.sort(key=lambda span: span[:2])
    points: list[Point] = []
    for index in sorted(_chosen(spans, silence_ms)):
        held = spans[index].held
        last_at = points[-1][0] if points else -1
        points += [point for point in (expand(held)[0] if isinstance(held, bytes) else held) if point[0] > last_at]
    between = [(before.last_at, after.first_at) for before, after in pairwise(spans)]
    within = [(before[0], after[0]) for before, after in pairwise(points)]
    broken = {(span.first_at, span.last_at) for span in spans}
    silences = {gap for gap in between if gap[1] - gap[0] > silence_ms}
    silences |= {gap for gap in within if gap[1] - gap[0] > silence_ms and _inside(gap, broken)}
    return Overview([(at, value) for at, value, quality in points if quality == Quality.GOOD], sorted(silences))


def _inside(gap: tuple[int, int], spans: set[tuple[int, int]]) -> bool:
    """Say whether a gap lies within one block and not between two that were chosen."""
    return any(first_at <= gap[0] and gap[1] <= last_at for first_at, last_at in spans)


def _chosen(spans: Sequence[_Span], silence_ms: int) -> set[int]:
    steps = [(after.first_at - before.last_at, index) for index, (before, after) in enumerate(pairwise(spans))]
    silent = sorted((step for step in steps if step[0] > silence_ms), reverse=True)[:_SILENCES]
    evenly = set(range(0, len(spans), -(-len(spans) // _EVENLY) or 1))
    return evenly | {index + side for _, index in silent for side in (0, 1)} | set(range(len(spans))[-2:])
