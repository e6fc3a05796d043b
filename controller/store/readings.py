"""Telemetry apart from facts: packed blocks of one tag each, which may be lost without harm.

Blocks are written short, so that a power cut loses little, and joined to long ones when their batch is over, since most of a
short one is overhead. Joining changes nothing in a curve: no sample is ever thinned out. Their form: see `blocks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select

from controller.store.blocks import Strip, expand, packed, squeeze, unpacked
from controller.store.statements import OnConflict, write
from controller.store.tables import readings
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, RowMapping

    from controller.store.blocks import Point
    from controller.store.rows import ReadingBlock

Sample = tuple[int, float | None, str]

LONGEST: Final = 14_400
"""Samples of the longest block: four hours at one a second. Rows of some hundred samples would leave most of a page empty."""

_KEY: Final = tuple(column.name for column in readings.primary_key)
_DROP: Final = delete(readings).where(*(readings.c[name] == bindparam(f"its_{name}") for name in _KEY))


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


def with_room(connection: Connection, line: str, batch: str) -> Sequence[RowMapping]:
    """Return the rows of a batch whose blocks are not as long as they may be, curve by curve in order of time."""
    query = select(readings).where(readings.c.line == line, readings.c.batch == batch, readings.c.n < LONGEST)
    return connection.execute(query.order_by(readings.c.tag, readings.c.machine, readings.c.first_at)).mappings().all()


def joined(rows: Iterable[RowMapping]) -> Iterator[tuple[list[RowMapping], dict[str, Any]]]:
    """Give rows that follow one another, and the one row that tells the same; Corrupt where one is unreadable."""
    for group, strips in _followers(rows):
        if len(group) > 1:
            whole = Strip.joined(strips)
            yield group, {**group[0], "last_at": whole.ats[-1], "n": len(whole.ats), "block": packed(whole)}


def swap(connection: Connection, old: Iterable[RowMapping], new: dict[str, Any]) -> None:
    """Put one row in the place of others. A key that is there already is an error, since it would cost samples."""
    connection.execute(_DROP, [{f"its_{name}": row[name] for name in _KEY} for row in old])
    write(connection, readings, [new])


def curve(connection: Connection, line: str, batch: str, tag: str) -> list[Sample]:
    """Return the samples of a batch in order of time, value None where nothing good is known from there on."""
    query = select(readings.c.block).where(readings.c.line == line, readings.c.batch == batch, readings.c.tag == tag)
    blocks = [expand(block) for (block,) in connection.execute(query)]
    samples = [(point, gap_ms) for points, gap_ms in blocks for point in points]
    return list(_with_gaps(sorted(samples, key=lambda sample: sample[0][0])))


def _followers(rows: Iterable[RowMapping]) -> Iterator[tuple[list[RowMapping], list[Strip]]]:
    """Give rows in groups that fit into one block. What overlaps in time stays apart: a machine's clock was set back."""
    group: list[RowMapping] = []
    strips: list[Strip] = []
    room = LONGEST
    for row in rows:
        strip = unpacked(row["block"])
        if group and not (row["n"] <= room and _follows(row, strip, group[-1], strips[-1])):
            yield group, strips
            group, strips, room = [], [], LONGEST
        group.append(row)
        strips.append(strip)
        room -= row["n"]
    if group:
        yield group, strips


def _follows(row: RowMapping, strip: Strip, last: RowMapping, last_strip: Strip) -> bool:
    names = row["tag"], row["machine"], strip.gap_ms
    return names == (last["tag"], last["machine"], last_strip.gap_ms) and row["first_at"] >= last["last_at"]


def _with_gaps(samples: Iterable[tuple[Point, int]]) -> Iterator[Sample]:
    ends_at: int | None = None
    for (at, value, quality), gap_ms in samples:
        if ends_at is not None and at > ends_at:
            yield ends_at, None, Quality.STALE.value
        yield at, value if quality == Quality.GOOD else None, quality
        ends_at = at + gap_ms if gap_ms else None
