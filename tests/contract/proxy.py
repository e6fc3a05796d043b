"""A wire that can be cut, silenced and held up: a TCP proxy between a link and its peer."""

from __future__ import annotations

import asyncio
import contextlib


class Proxy:
    """Forwards a port of its own to `target`. `silent`: answers are dropped; `held`: they wait until `release`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.open = 0
        self.silent = False

    async def switch_on(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        """Hang up and listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """Close every connection."""
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    def hold(self) -> None:
        """Keep what the peer answers from now on."""
        self._flowing.clear()

    def release(self) -> None:
        """Deliver what was kept, to whoever still listens."""
        self._flowing.set()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open += 1
        self._writers.add(writer)
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back_writer)
            answers = asyncio.create_task(self._answers(back_reader, writer))
            try:
                while data := await reader.read(65536):
                    back_writer.write(data)
            finally:
                answers.cancel()
                back_writer.close()
                self._writers.discard(back_writer)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self.open -= 1
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                if not self.silent:
                    writer.write(data)
            writer.close()
