"""A client of many OPC UA servers: `python -m tests.bench.polling_opcua ours|bare PORT…`, a child (see `child.py`).

`ours` is the fleet of the controller on its loop: five values a second of each server, read in one request, every answer checked,
decoded and judged. `bare` is asyncua on stock asyncio: one subscription a server, whose values are thrown away.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from asyncua import Client, ua

from devices.fleet import Fleet
from devices.profile import load_profile_file
from devices.site import MachineSite, PlantClock, Site, boot_seconds
from tests.bench.opcua_servers import CHANNELS, NAMESPACE
from tests.bench.polling import measured

if TYPE_CHECKING:
    from asyncua.common.subscription import DataChangeNotif

_PROFILE = load_profile_file(Path(__file__).with_name("five-nodes.toml"))
_PUBLISH_MS = 200
_CONNECT_S = 30.0


async def ours(ports: list[int]) -> None:
    """Poll as the controller does."""
    values = 0

    def hear(_: object) -> None:
        nonlocal values
        values += CHANNELS

    machines = {
        f"ua-{port}": MachineSite(
            f"ua-{port}", _PROFILE.kind, _PROFILE.id, f"opc.tcp://127.0.0.1:{port}", f"ua-{port}", waiver="opcua-none"
        )
        for port in ports
    }
    site = Site("bench", "Asia/Shanghai", 101.3, pressure_cooking=False, speed=1, state=Path(), machines=machines)
    clock = PlantClock(speed=1, first=int(time.time() * 1000), boot=boot_seconds())
    fleet = Fleet(
        site, {_PROFILE.id: _PROFILE}, clock, on_snapshot=hear, on_link=lambda *_: None, on_fault=lambda *_: None
    )
    polling = asyncio.create_task(fleet.run())
    await fleet.first_reads(_CONNECT_S)
    await measured(lambda: values)
    polling.cancel()
    await asyncio.wait({polling})


class _Counter:
    """Counts what is heard."""

    def __init__(self) -> None:
        self.values = 0

    def datachange_notification(self, node: object, value: object, data: DataChangeNotif) -> None:
        """Hear one value."""
        self.values += 1


async def bare(ports: list[int]) -> None:
    """Subscribe to every value."""
    heard = _Counter()
    clients = [Client(f"opc.tcp://127.0.0.1:{port}") for port in ports]
    for client in clients:
        await client.connect()
        index = await client.get_namespace_index(NAMESPACE)
        subscription = await client.create_subscription(_PUBLISH_MS, heard)
        nodes = [client.get_node(ua.NodeId(f"Channel{channel}", index)) for channel in range(CHANNELS)]
        await subscription.subscribe_data_change(nodes)
    await measured(lambda: heard.values)
    for client in clients:
        client.disconnect_socket()


if __name__ == "__main__":
    who, *given = sys.argv[1:]
    if who == "ours":
        uvloop.run(ours([int(port) for port in given]))
    else:
        asyncio.run(bare([int(port) for port in given]))
