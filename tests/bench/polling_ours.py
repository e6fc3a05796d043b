"""Everything of ours from socket to database: `python -m tests.bench.polling_ours LOOP PORT COUNT`, a child (see `polling.py`).

Link, checks, decoding, plausibility, watch, recorder and store as the controller puts them together; the line is left out, since
it hears of changes and not of polls. A batch is booked on every machine, so that every sample is kept.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from contextlib import closing
from pathlib import Path

from controller import logs
from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.pipeline import restore_row
from controller.runtime.boiling import Boiling
from controller.runtime.bootstrap import COLLECT_AFTER
from controller.runtime.conclusions import Conclusions
from controller.runtime.recorder import Recorder
from controller.runtime.watch import Watch
from controller.store import Store
from devices.fleet import Fleet
from devices.profile import load_profile_file
from devices.site import MachineSite, PlantClock, Site, boot_seconds, grace_s
from tests.bench.polling import measured, run
from tests.pure_line import book

PROFILE = load_profile_file(Path(__file__).with_name("forty-registers.toml"))


async def poll_all(port: int, count: int) -> None:
    """Poll every machine as the controller does."""
    with tempfile.TemporaryDirectory() as folder, closing(Store.open(f"sqlite:///{folder}/line.db")) as store:
        logs.set_up(Path(folder) / "controller.jsonl")
        store.take_mastery()
        site = _site(Path(folder), port, count)
        recorder = Recorder(store, dict.fromkeys(site.machines, round(grace_s(PROFILE.period_s, 1) * 1000)))
        fleet = _fleet(site, recorder)
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        polling, recording = asyncio.create_task(fleet.run()), asyncio.create_task(recorder.run())

        async def put_away() -> None:
            recording.cancel()
            await asyncio.wait({recording})

        await measured(lambda: sum(fleet.tally(name).polls for name in site.machines), put_away)
        polling.cancel()
        await asyncio.wait({polling})


def _site(folder: Path, port: int, count: int) -> Site:
    url = f"modbus://127.0.0.1:{port}/1"
    names = [f"scale-{number:04}" for number in range(count)]
    machines = {name: MachineSite(name, PROFILE.kind, PROFILE.id, url, name) for name in names}
    return Site("bench", "Asia/Shanghai", 101.3, pressure_cooking=False, speed=1, state=folder, machines=machines)


def _fleet(site: Site, recorder: Recorder) -> Fleet:
    floor = Floor()
    for name in site.machines:
        floor = restore_row(floor, "machine", name, Equipment(name, PROFILE.kind, batch=f"B-{name}"))
    watch = Watch(
        floor=lambda: floor,
        post=lambda _: None,
        boiling=Boiling(book()),
        conclusions=Conclusions(()),
        recorder=recorder,
        machines=site.machines,
        zones=(),
    )
    clock = PlantClock(speed=1, first=int(time.time() * 1000), boot=boot_seconds())
    fleet = Fleet(
        site,
        {PROFILE.id: PROFILE},
        clock,
        on_snapshot=watch.on_snapshot,
        on_link=watch.on_link,
        on_fault=watch.on_fault,
    )
    watch.start(PROFILE.period_s)
    return fleet


if __name__ == "__main__":
    run(poll_all)
