"""Who says nothing, too much, or too slowly is hung up on: the HTTP server with a deadline for every wait.

`await Server(app).serve(sockets=[listen(host, port)])`; set `should_exit` and it ends within two seconds of the wall.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator

    from fastapi import FastAPI

HEAD_S = 10.0
"""Wall seconds until the head of a request must be whole, and until a new connection must say something."""
READ_S = 30.0
"""Wall seconds a client may leave an answer unread."""
IDLE_S = 20
"""Wall seconds that a connection may rest between two requests."""
HEAD_BYTES = 32 * 1024
MOST_CONNECTIONS = 400
"""Connections at once; the files left over are for machines."""
_GRACE_S = 1


class Bounded(HttpToolsProtocol):
    """One connection whose head, silence and unread answers are bounded; what goes past a bound is cut off."""

    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn narrows it the same way
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, transport.abort)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the head is whole."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Give the next head its time."""
        super().on_message_begin()
        self._in_head = True
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def on_headers_complete(self) -> None:
        """Stop the head's deadline; the body has that of its reader."""
        self._in_head, self._head_bytes = False, 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count the next head from nothing."""
        super().on_message_complete()
        self._head_bytes = 0

    def pause_writing(self) -> None:
        """Give a client that does not read some time to begin."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Let a client that reads go on."""
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        super().resume_writing()

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._read_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._read_timer = None


class Server(uvicorn.Server):
    """Serves one application; signals are the business of whoever starts it."""

    def __init__(self, app: FastAPI) -> None:
        config = uvicorn.Config(
            app,
            http=Bounded,
            ws="none",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._app = app

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams end by themselves, then close."""
        desk: Any = self._app.state.desk
        desk.closing.set()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises OSError, with the address, where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        listener.setblocking(False)  # noqa: FBT003 - the library's signature
    except BaseException as error:
        listener.close()
        if isinstance(error, OSError):
            error.filename = f"{host}:{port}"  # so that whoever tells it says where
        raise
    return listener
