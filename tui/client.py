"""HTTP to the controller: every call has a deadline, reads are tried again, an act never is, except a scan under its own nonce.

`Unreached` means that nothing is known; a refusal is an answer (`Reply.problem`). Import this file only after the first
screen is up: httpx takes its time.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

from tui.stream import Event, events

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from controller.wire import IntentAnswer, Problem, ScanAnswer
    from tui.keys import Keys

READ_DEADLINE_S = 6.0
ACT_DEADLINE_S = 10.0
SILENCE_S = 12.0
"""The stream sends at least a comment each 5 s; after this long without a byte the road is lost."""

TRIES = 3
PAUSE_S = 0.3

_CONNECT_S = 3.0
_OK, _NO_KEY, _FORBIDDEN, _SERVER = 200, 401, 403, 500


class Unreached(Exception):
    """No answer, or none that says what happened."""


class Denied(Exception):
    """The controller does not know the key, or the key may not do this."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an act: either `answer` (done, durable) or `problem` (refused, nothing changed)."""

    answer: IntentAnswer | ScanAnswer | None = None
    problem: Problem | None = None


class Client:
    """One controller, spoken to with the keys of one terminal. `place`: the station or courier it stands for, may change."""

    def __init__(self, url: str, keys: Keys, place: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.keys = keys
        self.place = place
        timeout = httpx.Timeout(READ_DEADLINE_S, connect=_CONNECT_S)
        # No proxy of the environment lies between a floor and its controller.
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout, transport=transport, trust_env=False)

    async def get(self, path: str, query: Mapping[str, str | int] | None = None, *, acting: bool = False) -> Any:
        """Read `path` under /api/v1. Raise `Unreached` or `Denied`."""
        key = self._key if acting else self.keys.reading(self.place)
        failure = ""
        for attempt in range(TRIES):
            await asyncio.sleep(PAUSE_S * attempt)
            self._check_open()
            try:
                async with asyncio.timeout(READ_DEADLINE_S):
                    response = await self._http.get(f"/api/v1{path}", params=query, headers=_bearer(key))
            except (httpx.HTTPError, TimeoutError) as error:
                failure = _why(error)
                continue
            if response.status_code == _OK:
                return _json(response)
            if response.status_code in {_NO_KEY, _FORBIDDEN}:
                raise Denied(f"{response.status_code} {path}")
            failure = f"{response.status_code} {path}"
            if response.status_code < _SERVER:
                break
        raise Unreached(failure)

    async def scan(self, body: Mapping[str, Any]) -> Reply:
        """Post a scan; a lost answer is asked for again under the same nonce, which cannot scan twice."""
        for attempt in range(1, TRIES):
            try:
                return await self._post("/scans", body)
            except Unreached:
                await asyncio.sleep(PAUSE_S * attempt)
        return await self._post("/scans", body)

    async def act(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Post an act once. `Unreached`: it may or may not have happened, and only looking tells."""
        return await self._post(path, body)

    async def events(self, seq: int) -> AsyncGenerator[Event]:
        """Read the stream after `seq` until it ends. Raise `Unreached` or `Denied`."""
        timeout = httpx.Timeout(_CONNECT_S, read=SILENCE_S)
        query = {"from": seq}
        try:
            async with self._http.stream(
                "GET", "/api/v1/stream", params=query, headers=_bearer(self.keys.reading(self.place)), timeout=timeout
            ) as response:
                if response.status_code in {_NO_KEY, _FORBIDDEN}:
                    raise Denied(f"{response.status_code} /stream")
                if response.status_code != _OK:
                    raise Unreached(f"{response.status_code} /stream")
                async with aclosing(events(response.aiter_lines())) as stream:
                    async for event in stream:
                        yield event
        except httpx.HTTPError as error:
            raise Unreached(_why(error)) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    @property
    def _key(self) -> str:
        return self.keys.acting(self.place)

    def _check_open(self) -> None:
        """Raise `Unreached` when another connection has taken the place of this one."""
        if self._http.is_closed:
            raise Unreached("connecting anew")

    async def _post(self, path: str, body: Mapping[str, Any]) -> Reply:
        self._check_open()
        try:
            async with asyncio.timeout(ACT_DEADLINE_S):
                response = await self._http.post(f"/api/v1{path}", json=body, headers=_bearer(self._key))
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unreached(_why(error)) from error
        if response.status_code >= _SERVER:
            raise Unreached(f"{response.status_code} {path}")
        content = _json(response)
        if response.is_success:
            return Reply(answer=cast("IntentAnswer", content))
        return Reply(problem=cast("Problem", content))


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError as error:
        raise Unreached(f"{response.status_code}: not JSON") from error


def _why(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
