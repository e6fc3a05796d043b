"""The one way to the controller: HTTP with a key, patient through restarts, never in doubt twice.

A request whose answer was lost is sent again with the same body: prescriptions are known by their number and scans by their
nonce, so the controller does nothing twice. Every try has a time-out; between tries a short pause grows to one second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, cast

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUSY = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
_TRY_S = 10.0
_PAUSES_S = (0.05, 0.1, 0.25, 0.5)
_LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body`: the parsed JSON, None where there was none."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def refused(self) -> bool:
        """Whether the controller said no (4xx)."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def rule(self) -> str:
        """Which rule said no."""
        return str(cast("dict[str, Any]", self.body).get("rule", "")) if isinstance(self.body, dict) else ""


class Door:
    """A connection pool to one controller. Use it as an async context."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
        self._http = httpx.AsyncClient(base_url=url, timeout=_TRY_S, limits=limits, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, key: str, params: Mapping[str, str | int] | None = None) -> Reply:
        """Read something, waiting while the controller is away."""
        return await self._ask("GET", path, key, params=params)

    async def post(self, path: str, key: str, body: Mapping[str, Any]) -> Reply:
        """Say something, waiting while the controller is away."""
        return await self._ask("POST", path, key, json=body)

    async def _ask(self, method: str, path: str, key: str, **more: Any) -> Reply:
        pauses = iter(_PAUSES_S)
        while True:
            try:
                answer = await self._http.request(method, path, headers={"authorization": f"Bearer {key}"}, **more)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code not in _BUSY:
                    return Reply(answer.status_code, _json(answer))
            await asyncio.sleep(next(pauses, _LONGEST_PAUSE_S))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
