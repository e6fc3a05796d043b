"""The recorder: blocks at full rate under a batch, few without, and nobody waits for a slow store."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.runtime import metrics, recorder
from controller.runtime.live_store import LiveStore
from controller.runtime.recorder import Recorder
from controller.store import ReadingBlock, Store, StoreFailed
from devices.model import Quality, Reading, Snapshot
from tests.runtime_fakes import NOW, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    import pytest

GAP = {"pot-01": 3000}


@dataclass
class Shelf:
    """A store that keeps what it is given; `gate` holds it up, `failure` makes it fail."""

    blocks: list[ReadingBlock] = field(default_factory=list)
    joined: list[tuple[str, int]] = field(default_factory=list)
    gate: threading.Event | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    tried: int = 0

    def append_readings(self, blocks: Sequence[ReadingBlock]) -> None:
        self.begun.set()
        self.tried += 1
        assert self.gate is None or self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        self.blocks.extend(blocks)

    def join_readings(self, batch: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.joined.append((batch, sum(block.batch == batch for block in self.blocks)))


def sample(second: int, value: float = 20.0) -> Snapshot:
    at = NOW + second * 1000
    readings = {tag: Reading(value, Quality.GOOD, at) for tag in ("ActualTemperature", "Level")}
    return Snapshot(machine="pot-01", at=at, received_s=0.0, readings=readings)


@asynccontextmanager
async def recording(tape: Recorder) -> AsyncIterator[None]:
    task = asyncio.create_task(tape.run())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_every_sample_under_a_batch_is_kept_in_blocks_of_sixty() -> None:
    shelf = Shelf()
    tape = Recorder(shelf, GAP)
    async with recording(tape):
        for second in range(150):
            tape.take(sample(second), "B-1")
    levels = [block for block in shelf.blocks if block.tag == "Level"]
    assert [len(block.points) for block in levels] == [60, 60, 30]
    assert [point[0] for block in levels for point in block.points] == [NOW + second * 1000 for second in range(150)]
    assert {(block.batch, block.gap_ms) for block in shelf.blocks} == {("B-1", 3000)}


async def test_a_machine_without_a_batch_leaves_one_sample_in_five_minutes() -> None:
    shelf = Shelf()
    tape = Recorder(shelf, GAP)
    async with recording(tape):
        for second in range(1500):
            tape.take(sample(second), "")
    assert [point[0] - NOW for block in shelf.blocks if block.tag == "Level" for point in block.points] == [
        0, 300_000, 600_000, 900_000, 1_200_000,
    ]  # fmt: skip


async def test_a_block_belongs_to_one_batch() -> None:
    shelf = Shelf()
    tape = Recorder(shelf, GAP)
    async with recording(tape):
        for second in range(10):
            tape.take(sample(second), "B-1" if second < 4 else "B-2")
    assert [(block.batch, len(block.points)) for block in shelf.blocks if block.tag == "Level"] == [
        ("B-1", 4),
        ("B-2", 6),
    ]


async def test_a_moment_that_is_read_twice_is_kept_once() -> None:
    shelf = Shelf()
    tape = Recorder(shelf, GAP)
    async with recording(tape):
        for second in (1, 1, 2, 2, 2):
            tape.take(sample(second), "B-1")
    assert [len(block.points) for block in shelf.blocks] == [2, 2]


async def test_a_slow_store_costs_samples_and_never_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_LOOK_S", 0.01)
    shelf = Shelf(gate=threading.Event())
    before = metrics.READINGS_DROPPED._value.get()
    tape = Recorder(shelf, GAP, most=120)
    async with recording(tape):
        for second in range(61):
            tape.take(sample(second), "B-1")
        await until(shelf.begun.is_set)
        for second in range(61, 600):
            tape.take(sample(second), "B-1")
        assert metrics.READINGS_DROPPED._value.get() - before == 360
        shelf.gate.set()
    lost = metrics.READINGS_DROPPED._value.get() - before
    assert sum(len(block.points) for block in shelf.blocks if block.tag == "Level") == 600 - lost > 0


async def test_a_failing_store_is_counted_and_writing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_LOOK_S", 0.01)
    shelf = Shelf(failure=StoreFailed("no space left"))
    before = metrics.READINGS_DROPPED._value.get()
    told: list[str] = []
    tape = Recorder(shelf, GAP, on_written=told.append)
    async with recording(tape):
        for number in range(3):
            tape.take(sample(number), f"B-{number}")
            await until(lambda number=number: shelf.tried >= number)
        shelf.failure = None
        tape.take(sample(3), "B-3")
        tape.take(sample(4), "")
        await until(lambda: ("B-3", 2) in shelf.joined)
    assert metrics.READINGS_DROPPED._value.get() - before == 2
    assert {block.batch for block in shelf.blocks} == {"B-2", "B-3", ""}
    assert (told[0], told[-1]) == ("no space left", "")


async def test_the_blocks_of_a_batch_are_joined_when_it_has_left_and_all_of_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "_LOOK_S", 0.01)
    shelf = Shelf()
    tape = Recorder(shelf, GAP)
    async with recording(tape):
        for second in range(150):
            tape.take(sample(second), "B-1")
        await until(lambda: len(shelf.blocks) == 4)
        await asyncio.sleep(0.05)
        assert shelf.joined == []
        tape.take(sample(150), "")
        await until(lambda: bool(shelf.joined))
        tape.take(sample(151), "B-2")
    assert shelf.joined == [("B-1", 6)]


def test_what_is_not_written_yet_can_be_asked_for() -> None:
    tape = Recorder(Shelf(), GAP)
    for second in range(70):
        tape.take(sample(second, float(second)), "B-1")
    points = [point for block in tape.unwritten("B-1", "Level") for point in block.points]
    assert points == [(NOW + second * 1000, float(second), "good") for second in range(70)]
    assert tape.unwritten("B-2", "Level") == []


async def test_a_curve_has_its_end_before_the_store_has_it(tmp_path: Path) -> None:
    store = LiveStore.open(f"sqlite:///{tmp_path / 'line.db'}")
    store.take_mastery()
    written = Recorder(store, GAP)
    async with recording(written):
        for second in range(30):
            written.take(sample(second, 90.0), "B-1")
    tape = Recorder(store, GAP)
    store.recorder = tape
    for second in (28, 29, 30, 40, 41):
        tape.take(sample(second, 95.0), "B-1")
    curve = store.curve("B-1", "Level")
    store.close()
    assert [at - NOW for at, *_ in curve] == [second * 1000 for second in (*range(31), 33, 40, 41)]
    assert [value for _, value, _ in curve[29:]] == [90.0, 95.0, None, 95.0, 95.0]


async def test_what_was_recorded_is_read_back_from_the_real_store(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'line.db'}")
    store.take_mastery()
    tape = Recorder(store, GAP)
    async with recording(tape):
        for second in range(65):
            tape.take(sample(second, math.nan if second == 3 else second / 10), "B-1")
    curve = store.curve("B-1", "ActualTemperature")
    store.close()
    assert len(curve) == 65
    assert curve[3][1] is None
    assert curve[64] == (NOW + 64_000, 6.4, "good")
