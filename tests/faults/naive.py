"""The negative control: a controller that sends and then records. The same machines and the same judgement must catch it.

It numbers its orders as it should and believes the machine's echo; its only mistake is the order of two lines.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from random import Random
from typing import TYPE_CHECKING

from devices.fleet import Fleet
from devices.model import Accepted, Order, OrderStatus
from devices.profile import all_profiles
from devices.site import PlantClock, Site, load_site
from tests.faults.centre import START_MS
from tests.faults.scene import Scene
from tests.faults.verdict import Row, double_starts, plant_events, quietly, unsafe_heat

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.verdict import Tell

SPEED = 240
_SOAK = {"water_ml": 60, "soak_s": 60}
_SEND_MS = 1_200_000


def kill_naive(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Kill the naive controller `n` times and judge what happened."""
    random = Random(seed)
    row = Row("SIGKILL at a random moment", n, seed, control="naive")
    with Scene(folder, speed=SPEED, random=random) as scene:
        scene.start_plant()
        for done in range(n):
            tell(done)
            child = os.fork()
            if child == 0:
                _become_naive(scene.config, folder)
            try:
                time.sleep(random.uniform(0.5, 3.0))
            finally:
                os.kill(child, 9)
                os.waitpid(child, 0)
    events = plant_events(folder)
    row.double_start, row.unsafe_heat = double_starts(events), unsafe_heat(events)
    row.seen = {"starts": sum(1 for log in events.values() for event in log if event["event"] == "start")}
    return row


def _become_naive(config: Path, folder: Path) -> None:
    try:
        asyncio.run(_naive(load_site(config), folder / "naive.db"))
    except BaseException as error:  # noqa: BLE001 - a fork must not return into the harness
        print(error, file=sys.stderr)
    finally:
        os._exit(1)


async def _naive(site: Site, path: Path) -> None:
    clock = PlantClock.open(site.state, site.speed, first=START_MS)
    record = sqlite3.connect(path, isolation_level=None)
    record.execute("PRAGMA journal_mode=WAL")
    record.execute("CREATE TABLE IF NOT EXISTS started (batch TEXT PRIMARY KEY)")
    fleet = Fleet(
        site, all_profiles(), clock, on_snapshot=lambda _: None, on_link=lambda *_: None, on_fault=lambda *_: None
    )
    positions = [machine.id for machine in site.machines.values() if machine.kind == "soaking"]
    async with asyncio.TaskGroup() as group:
        group.create_task(fleet.run())
        await fleet.first_reads(5)
        for position in positions:
            group.create_task(_serve(fleet, clock, record, position))


async def _serve(fleet: Fleet, clock: PlantClock, record: sqlite3.Connection, position: str) -> None:
    """Soak batch after batch in one position; each is to be soaked once."""
    while True:
        snapshot = fleet.latest(position)
        if snapshot is None or snapshot.order_status is OrderStatus.RUNNING:
            await asyncio.sleep(0.02)
            continue
        done = record.execute("SELECT count(*) FROM started WHERE batch LIKE ?", (f"{position}-%",)).fetchone()[0]
        batch = f"{position}-{done + 1}"
        order = Order(snapshot.order + 1, position, "soak", batch, "soak", _SOAK, clock.now() + _SEND_MS)
        receipt = await fleet.order(order, snapshot.epoch + 1)
        if isinstance(receipt, Accepted):
            record.execute("INSERT OR IGNORE INTO started VALUES (?)", (batch,))
        await asyncio.sleep(0.05)
