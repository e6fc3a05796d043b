"""The HTTP server is one task of ours: it takes a socket that is bound already and leaves the signals alone.

A port that is taken is found out before anything else starts.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Generator

    from fastapi import FastAPI

_GRACE_S: Final = 1
_BACKLOG: Final = 512


def listen(host: str, port: int) -> socket.socket:
    """Bind the API's socket. Raises OSError."""
    return socket.create_server(
        (host, port), backlog=_BACKLOG, family=socket.AF_INET6 if ":" in host else socket.AF_INET
    )


class WebServer(uvicorn.Server):
    """Serves `app` until `should_exit` is set; answers that are not ready a second later are given up."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take no signals: whoever composed us does."""
        yield
