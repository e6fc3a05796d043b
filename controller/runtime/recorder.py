"""Readings go to the store in blocks, from a thread of their own; where it is slow they are lost and counted, and nobody waits.

While a batch is on a machine every sample is kept, else one in five plant minutes. A block ends with its batch, after 60
samples, or when it is old: a power cut costs a curve its last minute, and a machine without a batch a quarter of an hour.
When a batch leaves a machine its blocks are joined. `unwritten` gives what is not in the store yet, so that a curve has no
missing end.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from controller.runtime import metrics
from controller.runtime.reasons import words_of
from controller.store import ReadingBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from devices.model import Snapshot

BLOCK: Final = 60
_BATCH_AGE_S, _IDLE_AGE_S = 60.0, 900.0
_IDLE_MS: Final = 300_000
_LOOK_S: Final = 2.0
_MOST_SAMPLES: Final = 50_000
_LOG = structlog.get_logger(__name__)

Point = tuple[int, float, str]
"""Ms of source time, value, quality."""


@dataclass(slots=True)
class _Tape:
    """Consecutive samples of one machine under one batch. `due_s`: monotonic wall second by which it is written."""

    machine: str
    batch: str
    due_s: float = 0.0
    next_at: int = 0
    samples: list[Snapshot] = field(default_factory=list["Snapshot"])


class Shelf(Protocol):
    """What the recorder needs of a store, from a thread of its own."""

    def append_readings(self, blocks: Sequence[ReadingBlock]) -> None:
        """Write blocks."""
        ...

    def join_readings(self, batch: str) -> None:
        """Put the blocks of one batch into few long ones."""
        ...


class Recorder:
    """`gap_ms` per machine: silence that is a gap at full rate; `most`: samples that may wait for a slow store.

    `on_joined` is told of every batch whose curves are whole, in the recorder's thread; `on_written` on the loop, of every
    attempt to write: why samples were lost, empty where none were.
    """

    def __init__(
        self,
        shelf: Shelf,
        gap_ms: Mapping[str, int],
        *,
        most: int = _MOST_SAMPLES,
        on_joined: Callable[[str], None] = lambda _batch: None,
        on_written: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._shelf = shelf
        self._on_joined = on_joined
        self._on_written = on_written
        self._gap_ms = gap_ms
        self._most = most
        self._tapes: dict[str, _Tape] = {}
        self._closed: deque[_Tape] = deque()
        self._writing: tuple[_Tape, ...] = ()
        self._waiting = 0
        self._ended: set[str] = set()

    def take(self, snapshot: Snapshot, batch: str) -> None:
        """Keep one sample. `batch`: what is on the machine, empty where nothing is."""
        tape = self._tapes.get(snapshot.machine)
        if tape is None or tape.batch != batch or len(tape.samples) >= BLOCK:
            tape = self._turn_over(tape, snapshot.machine, batch)
        repeated = bool(tape.samples) and tape.samples[-1].at == snapshot.at
        if (batch or snapshot.at >= tape.next_at) and not repeated:
            if not tape.samples:
                tape.due_s = time.monotonic() + (_BATCH_AGE_S if batch else _IDLE_AGE_S)
            tape.next_at = snapshot.at + _IDLE_MS
            tape.samples.append(snapshot)

    def unwritten(self, batch: str, tag: str) -> list[ReadingBlock]:
        """Return what the store may not have yet of `tag` under `batch`, oldest first. May be called from any thread."""
        # In this order, since tapes only ever move the other way: one that moves meanwhile is seen twice and not never.
        tapes = (*self._tapes.values(), *self._closed, *self._writing)
        blocks = [
            self._block(tape, tag, points) for tape in tapes if tape.batch == batch and (points := _points(tape, tag))
        ]
        return sorted(blocks, key=lambda block: block.first_at)

    async def run(self) -> None:
        """Write until cancelled; then write what is left."""
        with ThreadPoolExecutor(1, thread_name_prefix="readings") as thread:
            try:
                while True:
                    await asyncio.sleep(_LOOK_S)
                    self._close_old(time.monotonic())
                    await self._write(thread)
            finally:
                self._close_old(float("inf"))
                thread.submit(self._put_away, tuple(self._closed), self._ended)

    def _turn_over(self, old: _Tape | None, machine: str, batch: str) -> _Tape:
        fresh = _Tape(machine, batch, next_at=old.next_at if old is not None and old.batch == batch else 0)
        self._tapes[machine] = fresh
        if old is not None and old.batch not in ("", batch):
            self._ended.add(old.batch)
        if old is not None and old.samples:
            self._closed.append(old)
            self._waiting += len(old.samples)
            while self._waiting > self._most:
                lost = len(self._closed.popleft().samples)
                self._waiting -= lost
                metrics.READINGS_DROPPED.inc(lost)
        return fresh

    def _close_old(self, now_s: float) -> None:
        for tape in list(self._tapes.values()):
            if tape.samples and tape.due_s <= now_s:
                self._turn_over(tape, tape.machine, tape.batch)

    async def _write(self, thread: ThreadPoolExecutor) -> None:
        if not (self._closed or self._ended):
            return
        self._writing = tuple(self._closed)
        self._closed.clear()
        self._waiting = 0
        ended, self._ended = self._ended, set()
        why = await asyncio.get_running_loop().run_in_executor(thread, self._put_away, self._writing, ended)
        if self._writing:
            self._on_written(why)
        self._writing = ()

    def _put_away(self, tapes: Sequence[_Tape], ended: Iterable[str]) -> str:
        """In the thread: pack, write, join; return why samples were lost.

        A failure to write costs these samples, one to join some room, and nothing else.
        """
        why = ""
        try:
            self._shelf.append_readings([block for tape in tapes for block in self._blocks(tape)])
        except Exception as error:  # noqa: BLE001 - whatever it is, the line must not stop for a curve
            metrics.READINGS_DROPPED.inc(sum(len(tape.samples) for tape in tapes))
            _LOG.error("readings-lost", exc_info=error)
            why = words_of(error)
        for batch in ended:
            try:
                self._shelf.join_readings(batch)
                self._on_joined(batch)
            except Exception as error:  # noqa: BLE001 - as above; the short blocks are still there
                _LOG.error("readings-not-joined", batch=batch, exc_info=error)
        return why

    def _blocks(self, tape: _Tape) -> Iterator[ReadingBlock]:
        for tag in tape.samples[0].readings:
            yield self._block(tape, tag, _points(tape, tag))

    def _block(self, tape: _Tape, tag: str, points: Sequence[Point]) -> ReadingBlock:
        gap_ms = self._gap_ms[tape.machine] if tape.batch else 2 * _IDLE_MS
        return ReadingBlock(tape.machine, tag, tape.batch, points[0][0], points, gap_ms)


def _points(tape: _Tape, tag: str) -> list[Point]:
    """Return the points of one tag; one whose time lies before that of its forerunner is left out."""
    points: list[Point] = []
    for sample in tape.samples:
        reading = sample.readings.get(tag)
        if reading is not None and (not points or reading.at >= points[-1][0]):
            points.append((reading.at, reading.value, reading.quality))
    return points
