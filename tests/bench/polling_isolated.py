"""A fleet, half of it perhaps dead: `python -m tests.bench.polling_isolated COUNT PORT OTHER…`, a child (see `child.py`).

The first half of COUNT machines is healthy, behind PORT, and watched; the others are behind the OTHER ports in turn. Says how
late the polls of the watched began, in ms.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import uvloop

from devices.fleet import Fleet
from devices.site import MachineSite, PlantClock, Site, boot_seconds
from tests.bench.child import serve
from tests.bench.polling_ours import PROFILE

if TYPE_CHECKING:
    from devices.model import Snapshot

_SETTLE_S = 3.0


async def poll_all(count: int, port: int, *others: int) -> None:
    """Poll until the parent lets go."""
    half = count // 2
    names = [f"scale-{number:04}" for number in range(count)]
    ports = [port] * half + [others[number % len(others)] for number in range(half)]
    machines = {
        # In turn, so that every healthy machine has a neighbour of the other half in the period.
        name: MachineSite(name, PROFILE.kind, PROFILE.id, f"modbus://127.0.0.1:{place}/1", name)
        for name, place in sorted(zip(names, ports, strict=True), key=lambda each: int(each[0][-4:]) % half)
    }
    watched = frozenset(names[:half])
    late_s: list[float] = []

    def hear(snapshot: Snapshot) -> None:
        if snapshot.machine in watched:
            late_s.append(fleet.tally(snapshot.machine).late_s)

    site = Site("bench", "Asia/Shanghai", 101.3, pressure_cooking=False, speed=1, state=Path(), machines=machines)
    clock = PlantClock(speed=1, first=int(time.time() * 1000), boot=boot_seconds())
    fleet = Fleet(
        site, {PROFILE.id: PROFILE}, clock, on_snapshot=hear, on_link=lambda *_: None, on_fault=lambda *_: None
    )
    polling = asyncio.create_task(fleet.run())

    def missed() -> int:
        return sum(fleet.tally(name).missed for name in watched)

    async def answer(seconds: float) -> dict[str, Any]:
        late_s.clear()
        before = missed()
        await asyncio.sleep(seconds)
        return {
            "p99_ms": quantiles(late_s, n=100)[98] * 1000,
            "polls": len(late_s),
            "missed": missed() - before,
            "tried": sum(fleet.tally(name).faults for name in machines),
        }

    await asyncio.sleep(_SETTLE_S)
    await serve(answer, {})
    polling.cancel()
    await asyncio.wait({polling})


if __name__ == "__main__":
    uvloop.run(poll_all(*map(int, sys.argv[1:])))
