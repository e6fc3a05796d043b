"""Polls so many stand-ins at 1 Hz, phases spread, and says what each completed poll cost this process.

`python -m tests.bench.polling ours|bare LOOP PORT COUNT`, a child (see `child.py`); LOOP is `asyncio` or `uvloop`. `ours` is
everything between socket and database: link, checks, decoding, plausibility, watch, recorder, store. `bare` is pymodbus alone:
one client per machine, one task each, the answer thrown away.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from pymodbus.client import AsyncModbusTcpClient

from tests.bench.child import serve
from tests.bench.stand_ins import REGISTERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SETTLE_S = 2.0


async def _bare(port: int, count: int) -> None:
    polls = 0

    async def poll(phase_s: float) -> None:
        nonlocal polls
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=2.0, retries=0)
        await client.connect()
        due_s = time.monotonic() + phase_s
        while True:
            await asyncio.sleep(due_s - time.monotonic())
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
            polls += not answer.isError()
            due_s += 1.0

    tasks = [asyncio.create_task(poll(place / count)) for place in range(count)]
    await _measured(lambda: polls)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ours(port: int, count: int) -> None:
    # Imported here, so that the bare process holds nothing of ours.
    from controller import logs
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.pipeline import restore_row
    from controller.runtime.boiling import Boiling
    from controller.runtime.recorder import Recorder
    from controller.runtime.watch import Watch
    from controller.store import Store
    from devices.fleet import Fleet
    from devices.profile import load_profile_file
    from devices.site import MachineSite, PlantClock, Site, boot_seconds, grace_s
    from tests.pure_line import book

    profile = load_profile_file(Path(__file__).with_name("forty-registers.toml"))
    url = f"modbus://127.0.0.1:{port}/1"
    machines = {
        name: MachineSite(name, profile.kind, profile.id, url, name) for name in (f"scale-{n:04}" for n in range(count))
    }
    floor = Floor()
    for name in machines:  # a batch on each, so that every sample is kept
        floor = restore_row(floor, "machine", name, Equipment(name, profile.kind, batch=f"B-{name}"))
    clock = PlantClock(speed=1, first=int(time.time() * 1000), boot=boot_seconds())
    with tempfile.TemporaryDirectory() as folder, closing(Store.open(f"sqlite:///{folder}/line.db")) as store:
        logs.set_up(Path(folder) / "controller.jsonl")
        store.take_mastery()
        gap_ms = round(grace_s(profile.period_s, 1) * 1000)
        recorder = Recorder(store.append_readings, dict.fromkeys(machines, gap_ms))
        watch = Watch(
            floor=lambda: floor,
            post=lambda _: None,
            boiling=Boiling(book()),
            recorder=recorder,
            machines=machines,
            zones=(),
        )
        site = Site("bench", "Asia/Shanghai", 101.3, False, 1, Path(folder), machines)
        fleet = Fleet(
            site, {profile.id: profile}, clock,
            on_snapshot=watch.on_snapshot, on_link=watch.on_link, on_fault=watch.on_fault,
        )  # fmt: skip
        watch.start(1.0)
        tasks = [asyncio.create_task(fleet.run()), asyncio.create_task(recorder.run())]

        async def put_away() -> None:
            tasks[1].cancel()
            await asyncio.wait(tasks[1:])

        await _measured(lambda: sum(fleet.tally(name).polls for name in machines), put_away)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _nothing() -> None:
    """Put nothing away."""


async def _measured(polls: Callable[[], int], put_away: Callable[[], Awaitable[None]] = _nothing) -> None:
    """Answer one question; the cost of putting away what was read is counted with it."""

    async def answer(seconds: float) -> dict[str, Any]:
        before, cpu_s = polls(), _cpu_s()
        await asyncio.sleep(seconds)
        done = polls() - before
        await put_away()
        return {"polls": done, "cpu_s": _cpu_s() - cpu_s}

    await asyncio.sleep(_SETTLE_S)
    await serve(answer, {})


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the child."""
    who, loop, port, count = sys.argv[1:]
    work = {"ours": _ours, "bare": _bare}[who](int(port), int(count))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
