"""The runtime's clock: a tick at each deadline and none between, `seen` kept, sleep noticed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.model.agenda import Agenda
from controller.model.floor import Floor
from controller.runtime import clock as clock_module
from controller.runtime.clock import Deadlines, keep_seen, watch_sleep
from devices.errors import ClockError
from tests.runtime_fakes import NOW, HandClock, cancel, running_line, simple_rules, until

if TYPE_CHECKING:
    import pytest

    from controller.model.world import World
    from controller.pipeline import Outcome


def due_at(*instants: int) -> Floor:
    agenda = Agenda()
    for instant in instants:
        agenda = agenda.put(f"case|{instant}", instant)
    return Floor(deadlines=agenda)


def one_tick_one_deadline(floor: Floor, intent: Any, world: World) -> Outcome:
    """Like the simple rules; a tick ends the first deadline, `later` puts one off."""
    outcome = simple_rules(floor, intent, world)
    first = floor.deadlines.first()
    if type(intent).__name__ == "Tick" and first is not None:
        return replace(outcome, floor=outcome.floor._replace(deadlines=floor.deadlines.drop(first[1])))
    return outcome


async def test_a_tick_comes_at_each_deadline_and_none_between() -> None:
    async with running_line(handle=one_tick_one_deadline, floor=due_at(NOW + 40, NOW + 80, NOW + 3_600_000)) as run:
        clock = HandClock()
        deadlines = Deadlines(run.line, clock)
        task = asyncio.create_task(deadlines.run())
        await asyncio.sleep(0.02)
        assert run.journal.facts == []
        clock.at += 50
        await until(lambda: len(run.journal.facts) == 1)
        clock.at += 50
        await until(lambda: len(run.journal.facts) == 2)
        await asyncio.sleep(0.05)
        assert len(run.journal.facts) == 2
        task.cancel()


async def test_plant_time_runs_as_fast_as_the_clock_says() -> None:
    async with running_line(handle=one_tick_one_deadline, floor=due_at(NOW + 12_000)) as run:
        clock = HandClock(speed=240)
        task = asyncio.create_task(Deadlines(run.line, clock).run())
        await asyncio.sleep(0.01)
        clock.at += 12_000
        await until(lambda: len(run.journal.facts) == 1, within_s=0.5)
        task.cancel()


async def test_a_nearer_deadline_wakes_the_clock_at_once() -> None:
    async with running_line(handle=one_tick_one_deadline, floor=due_at(NOW + 60_000)) as run:
        clock = HandClock()
        deadlines = Deadlines(run.line, clock)
        task = asyncio.create_task(deadlines.run())
        await asyncio.sleep(0.01)
        run.line.floor = due_at(NOW - 1)
        deadlines.moved()
        await until(lambda: len(run.journal.facts) == 1, within_s=0.5)
        task.cancel()


async def test_a_deadline_that_stays_is_asked_about_again_without_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "_AGAIN_S", 0.05)
    async with running_line(floor=due_at(NOW - 1)) as run:
        began_s = time.monotonic()
        task = asyncio.create_task(Deadlines(run.line, HandClock()).run())
        await until(lambda: len(run.journal.facts) == 3)
        assert time.monotonic() - began_s >= 2 * 0.05
        task.cancel()


async def test_without_a_deadline_the_line_is_left_alone() -> None:
    async with running_line() as run:
        deadlines = Deadlines(run.line, HandClock())
        task = asyncio.create_task(deadlines.run())
        await run.line.submit(cancel("1"))
        deadlines.moved()
        await asyncio.sleep(0.02)
        assert len(run.journal.facts) == 1
        task.cancel()


async def test_seen_is_kept_again_after_it_could_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "_SEEN_S", 0.01)
    calls: list[int] = []

    class Anchor:
        def keep_seen(self) -> None:
            calls.append(1)
            if len(calls) < 3:
                raise (OSError(28, "no space") if len(calls) == 1 else ClockError("not an anchor"))

    task = asyncio.create_task(keep_seen(Anchor()))
    await until(lambda: len(calls) >= 4)
    task.cancel()


async def test_a_suspension_is_noticed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "_LOOK_S", 0.01)
    asleep_s = 0.0
    monkeypatch.setattr(clock_module, "boot_seconds", lambda: clock_module.time.monotonic() + asleep_s)
    slept: list[int] = []
    task = asyncio.create_task(watch_sleep(lambda: slept.append(1)))
    await asyncio.sleep(0.05)
    assert slept == []
    asleep_s = 30.0
    await until(lambda: bool(slept))
    await asyncio.sleep(0.05)
    assert slept == [1]
    task.cancel()
