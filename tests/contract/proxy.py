"""A wire that can be hurt as real ones are: a TCP proxy between a link and its peer.

The whole wire: `silent` (answers are lost), `hold` and `release`, `delay_s`, `bytes_per_s`, `cut`, `half_open` (the peer is gone
and nobody says so), `blackhole` until `clear` (not even a connection is answered), `switch_off` and `switch_on`. Single messages:
`spoil(request, answer)` says what is delivered in place of an answer, as (seconds to wait, bytes); nothing at all loses it.
`divert(request)` says the same of a request; it comes to the peer even where its connection was closed meanwhile, as from a
gateway that had it in store, and what follows on that connection comes after it. With a `framing` every message is handled
whole, else as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Framing = Callable[[bytes], int]
"""Bytes of the first message in what was received, as its head says; 0 while the head is not there."""
Delivery = Iterable[tuple[float, bytes]]
Spoil = Callable[[bytes, bytes], Delivery]
Divert = Callable[[bytes], Delivery]

_AT_ONCE = 65536
_SLICES_PER_S = 50
_QUEUE = 2
"""Connections that fill the queue of a listener that takes none: Linux lets one more wait than it was told."""
_PATIENCE_S = 5.0


def modbus(data: bytes) -> int:
    """Frame Modbus TCP."""
    return 6 + int.from_bytes(data[4:6], "big") if len(data) >= 6 else 0


def opcua(data: bytes) -> int:
    """Frame OPC UA TCP."""
    return int.from_bytes(data[4:8], "little") if len(data) >= 8 else 0


@dataclass(eq=False)
class _Road:
    """One connection through the proxy. `dead`: what is sent on it is lost. `gone`: the asker hung up. `request`: the last."""

    front: asyncio.StreamWriter
    back: asyncio.StreamWriter | None = None
    request: bytes = b""
    dead: bool = False
    gone: bool = False

    def close(self) -> None:
        for writer in (self.front, self.back):
            if writer is not None:
                writer.close()


class Proxy:
    """Forwards a port of its own to `target` of this computer. `open`: how many connections it has."""

    def __init__(self, target: int, framing: Framing = len) -> None:
        self._target, self._framing = target, framing
        self._server: asyncio.Server | None = None
        self._hole: list[socket.socket] = []
        self._roads: set[_Road] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.silent = False
        self.delay_s = 0.0
        self.bytes_per_s = 0
        self.spoil: Spoil | None = None
        self.divert: Divert | None = None

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._roads)

    async def switch_on(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        """Hang up and listen no more."""
        self._stop_listening()
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """Close every connection."""
        for road in list(self._roads):
            road.close()
        await asyncio.sleep(0)

    def half_open(self) -> None:
        """Let the peer forget every connection without a word to the other side. New ones work."""
        for road in self._roads:
            road.dead = True
            if road.back is not None:
                road.back.close()

    async def blackhole(self) -> None:
        """Lose every byte of every connection, and let no new one come about, until `clear`."""
        for road in self._roads:
            road.dead = True
        self._stop_listening()
        async with asyncio.timeout(_PATIENCE_S):
            while not self._dig():  # noqa: ASYNC110  the system says to nobody that a port is free
                await asyncio.sleep(0.001)

    async def clear(self) -> None:
        """End every trouble of the wire; connections that are dead stay so."""
        self.silent, self.delay_s, self.bytes_per_s, self.spoil, self.divert = False, 0.0, 0, None, None
        self.release()
        if self._hole or self._server is None:
            self._stop_listening()
            await self.switch_on()

    def hold(self) -> None:
        """Keep what the peer answers from now on."""
        self._flowing.clear()

    def release(self) -> None:
        """Deliver what was kept, to whoever still listens."""
        self._flowing.set()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for one in self._hole:
            one.close()
        self._hole = []

    def _dig(self) -> bool:
        """Listen without ever accepting, with a full queue: the system then drops whoever knocks. False: port not free yet."""
        hole = socket.socket()
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            hole.bind(("127.0.0.1", self.port))
        except OSError:
            hole.close()
            return False
        hole.listen(0)
        self._hole = [hole]
        for _ in range(_QUEUE):
            knock = socket.socket()
            knock.setblocking(False)
            knock.connect_ex(("127.0.0.1", self.port))
            self._hole.append(knock)
        return True

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        road = _Road(writer)
        self._roads.add(road)
        try:
            back_reader, road.back = await asyncio.open_connection("127.0.0.1", self._target)
            pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            ways = [
                asyncio.create_task(self._answers(back_reader, road)),
                asyncio.create_task(_carry(pieces, road, road.back)),
            ]
            try:
                async for request in self._messages(reader):
                    road.request = request
                    for piece in [(0.0, request)] if self.divert is None else self.divert(request):
                        pieces.put_nowait(piece)
                road.gone = True
                await pieces.join()
            finally:
                for way in ways:
                    way.cancel()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self._roads.discard(road)
            self._tasks.discard(task)
            road.close()

    async def _answers(self, reader: asyncio.StreamReader, road: _Road) -> None:
        with contextlib.suppress(OSError):
            async for answer in self._messages(reader):
                await self._flowing.wait()
                if not (self.silent or road.dead or road.gone):
                    await self._deliver(road, answer)
            if not road.dead:
                road.front.close()

    async def _deliver(self, road: _Road, answer: bytes) -> None:
        pieces = [(0.0, answer)] if self.spoil is None else self.spoil(road.request, answer)
        for wait_s, piece in pieces:
            if wait_s or self.delay_s:
                await asyncio.sleep(wait_s + self.delay_s)
            size = max(1, self.bytes_per_s // _SLICES_PER_S) if self.bytes_per_s else len(piece)
            for at in range(0, len(piece), size):
                road.front.write(piece[at : at + size])
                if self.bytes_per_s:
                    await asyncio.sleep(size / self.bytes_per_s)

    async def _messages(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        waiting = b""
        while data := await reader.read(_AT_ONCE):
            waiting += data
            while (size := self._framing(waiting)) and len(waiting) >= size:
                yield waiting[:size]
                waiting = waiting[size:]


async def _carry(pieces: asyncio.Queue[tuple[float, bytes]], road: _Road, to: asyncio.StreamWriter) -> None:
    """Bring requests to the peer, one after the other, each after its wait."""
    while True:
        wait_s, piece = await pieces.get()
        if wait_s:
            await asyncio.sleep(wait_s)
        if not road.dead:
            to.write(piece)
        pieces.task_done()
