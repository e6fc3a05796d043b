"""Two ports behind which nobody answers: `python -m tests.bench.dead_ends`, a child (see `child.py`) that says both.

`hole` drops whoever knocks, `mute` takes every connection and keeps silent.
"""

from __future__ import annotations

import asyncio

from tests.bench.child import serve
from tests.contract.proxy import Proxy


async def _run() -> None:
    hole, mute = Proxy(0), asyncio.Protocol
    await hole.switch_on()
    await hole.blackhole()
    server = await asyncio.get_running_loop().create_server(mute, "127.0.0.1", 0, backlog=2_000)
    await serve(_nothing, {"hole": hole.port, "mute": server.sockets[0].getsockname()[1]})
    await hole.switch_off()


async def _nothing() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    asyncio.run(_run())
