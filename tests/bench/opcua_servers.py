"""OPC UA servers of five nodes whose values all change once a second: `python -m tests.bench.opcua_servers COUNT`.

A child (see `child.py`) that says the ports. All of them lead to the same nodes, since building those of a server takes
seconds: each port has connections, channels, sessions and subscriptions of its own, and a client cannot tell. Subscribers hear of
all values in the same instant, which for them is the cheapest.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from asyncua import Server, ua
from asyncua.server.binary_server_asyncio import BinaryServer

from tests.bench.child import serve

if TYPE_CHECKING:
    from asyncua.common.node import Node

NAMESPACE = "urn:decoction:bench"
CHANNELS = 5


async def _run(how_many: int) -> None:
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.disable_clock()
    index = await server.register_namespace(NAMESPACE)
    nodes = [
        await server.nodes.objects.add_variable(ua.NodeId(f"Channel{channel}", index), f"{index}:Channel{channel}", 1.0)
        for channel in range(CHANNELS)
    ]
    await server.start()
    doors = [await _door(server) for _ in range(how_many)]
    async with asyncio.TaskGroup() as group:
        moving = group.create_task(_move(nodes))
        await serve(_nothing, {"ports": [door.port for door in doors]})
        moving.cancel()


async def _door(server: Server) -> BinaryServer:
    """Open one more port of a server."""
    assert server.bserver is not None
    door = BinaryServer(server.iserver, "127.0.0.1", 0, server.limits)
    door.set_policies(server.bserver._policies)
    await door.start()
    return door


async def _move(nodes: list[Node]) -> None:
    due_s = time.monotonic()
    for turn in count():
        value = 50.0 + 10.0 * math.sin(turn / 20)
        for node in nodes:
            data = ua.DataValue(ua.Variant(value, ua.VariantType.Double), SourceTimestamp=datetime.now(UTC))
            await node.write_attribute(ua.AttributeIds.Value, data)
        due_s += 1
        await asyncio.sleep(due_s - time.monotonic())


async def _nothing() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # each server would warn that it is open
    asyncio.run(_run(int(sys.argv[1])))
