"""Telemetry apart from facts: packed blocks of one tag each, which may be lost without harm.

A block is zlib over: format, gap_ms, first time, first value, runs of equal quality, steps of time (ms), steps of value (1/1000).
Values keep three decimals and reach from -1,000,000 to 1,000,000; whatever is no such number keeps its place as `bad`.
"""

from __future__ import annotations

import zlib
from itertools import accumulate, groupby, pairwise
from struct import Struct, calcsize, pack, unpack_from
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from controller.store.errors import Corrupt
from controller.store.statements import OnConflict, write
from controller.store.tables import readings
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from controller.store.rows import ReadingBlock

Point = tuple[int, float, str]
Sample = tuple[int, float | None, str]

FORMAT: Final = 1
LARGEST: Final = 1_000_000.0

_HEADER: Final = Struct("<BIqiH")
_RUN: Final = Struct("<BI")
_CODES: Final = {Quality.GOOD: 0, Quality.BAD: 1, Quality.STALE: 2}
_QUALITIES: Final = {code: quality.value for quality, code in _CODES.items()}


def row_of(line: str, block: ReadingBlock) -> dict[str, Any]:
    """Return the row of a block of at least one point; ValueError where time does not rise or a quality is unknown."""
    return {
        "line": line,
        "machine": block.machine,
        "tag": block.tag,
        "first_at": block.points[0][0],
        "last_at": block.points[-1][0],
        "batch": block.batch,
        "n": len(block.points),
        "block": squeeze(block.points, block.gap_ms),
    }


def append(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write blocks; one that is there already stays as it is."""
    write(connection, readings, rows, OnConflict.KEEP)


def curve(connection: Connection, line: str, batch: str, tag: str) -> list[Sample]:
    """Return the samples of a batch in order of time, value None where nothing good is known from there on."""
    query = select(readings.c.block).where(readings.c.line == line, readings.c.batch == batch, readings.c.tag == tag)
    blocks = sorted((expand(block) for (block,) in connection.execute(query)), key=lambda one: one[0][0][0])
    return list(_with_gaps((point, gap_ms) for points, gap_ms in blocks for point in points))


def squeeze(points: Iterable[Point], gap_ms: int) -> bytes:
    """Pack points; see the module for the form."""
    ats, values, qualities = zip(*points, strict=True)
    steps = [after - before for before, after in pairwise(ats)]
    if min(steps, default=0) < 0:
        raise ValueError("the points of a block come in order of time")
    scaled = [round(value * 1000) if -LARGEST <= value <= LARGEST else None for value in values]
    codes = [_CODES[Quality(quality)] for quality in qualities]
    whole = _filled(scaled, codes)
    runs = [(code, len(list(run))) for code, run in groupby(codes)]
    head = _HEADER.pack(FORMAT, gap_ms, ats[0], whole[0], len(runs)) + b"".join(_RUN.pack(*run) for run in runs)
    rises = [after - before for before, after in pairwise(whole)]
    return zlib.compress(head + pack(f"<{len(steps)}q{len(rises)}i", *steps, *rises), 6)


def expand(block: bytes) -> tuple[list[Point], int]:
    """Return the points of a block and its gap_ms; Corrupt where it is none."""
    try:
        raw = zlib.decompress(block)
        form, gap_ms, first_at, first, count = _HEADER.unpack_from(raw)
        if form != FORMAT:
            raise Corrupt(f"a block of readings has form {form}, this program reads {FORMAT}")
        runs = [_RUN.unpack_from(raw, _HEADER.size + index * _RUN.size) for index in range(count)]
        qualities = [_QUALITIES[code] for code, length in runs for _ in range(length)]
        start, steps = _HEADER.size + count * _RUN.size, len(qualities) - 1
        ats = accumulate(unpack_from(f"<{steps}q", raw, start), initial=first_at)
        values = accumulate(unpack_from(f"<{steps}i", raw, start + calcsize(f"<{steps}q")), initial=first)
        return [(at, value / 1000, quality) for at, value, quality in zip(ats, values, qualities, strict=True)], gap_ms
    except (zlib.error, ValueError, KeyError, ArithmeticError) as error:
        raise Corrupt("a block of readings cannot be read") from error


def _filled(scaled: list[int | None], codes: list[int]) -> list[int]:
    if None not in scaled:
        return [value for value in scaled if value is not None]
    whole: list[int] = []
    for index, value in enumerate(scaled):
        if value is None:
            codes[index] = codes[index] or _CODES[Quality.BAD]
        whole.append(value if value is not None else whole[-1] if whole else 0)
    return whole


def _with_gaps(samples: Iterable[tuple[Point, int]]) -> Iterator[Sample]:
    ends_at: int | None = None
    for (at, value, quality), gap_ms in samples:
        if ends_at is not None and at > ends_at:
            yield ends_at, None, Quality.STALE.value
        yield at, value if quality == Quality.GOOD else None, quality
        ends_at = at + gap_ms if gap_ms else None
