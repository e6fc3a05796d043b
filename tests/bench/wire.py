"""A client that costs little beside what it measures: one connection, one request at a time, bytes made beforehand.

`async with Wire(host, port) as wire: status, body = await wire.send(post("/api/v1/scans", key, {...}))`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

_LONGEST_S = 60.0


def post(path: str, key: str, body: dict[str, Any]) -> bytes:
    """Return the bytes of a POST."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Wire:
    """One connection that is kept."""

    def __init__(self, host: str, port: int) -> None:
        self._where = host, port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._where)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body."""
        async with asyncio.timeout(_LONGEST_S):
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return status, await self._reader.readexactly(int(length[15:]))
