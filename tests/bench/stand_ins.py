"""Stand-ins for machines that cost next to nothing: 40 registers behind one port, for any number of connections.

`python -m tests.bench.stand_ins`, a child (see `child.py`) that says its port. Its time goes on and its values move with every
answer, as those of a working machine do; the layout is that of `forty-registers.toml`.
"""

from __future__ import annotations

import asyncio
import math
import struct
import time
from typing import cast

import uvloop

from tests.bench.child import serve

REGISTERS = 40
_FRAME = struct.Struct(f">HHHBBBQ5H{10}fH20s")
_HEAD = struct.Struct(">HHHB")
_ANSWER_BYTES = 3 + 2 * REGISTERS
_BOOT, _COMPLETE, _PRODUCE = 1, 17, 1


class _StandIn(asyncio.Protocol):
    """One connection is one machine."""

    def __init__(self) -> None:
        self._reads = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        transaction, _, _, unit = _HEAD.unpack_from(data)
        self._reads += 1
        wave = [50.0 + 10.0 * math.sin(self._reads / 20 + channel) for channel in range(10)]
        now = int(time.time() * 1000)
        self._transport.write(
            _FRAME.pack(transaction, 0, _ANSWER_BYTES, unit, 3, 2 * REGISTERS, now,
                        _BOOT, _COMPLETE, _PRODUCE, 0, 0, *wave, 0, b"")
        )  # fmt: skip


async def _run() -> None:
    server = await asyncio.get_running_loop().create_server(_StandIn, "127.0.0.1", 0, backlog=2_000)
    await serve(_nothing, {"port": server.sockets[0].getsockname()[1]})


async def _nothing() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    uvloop.run(_run())
