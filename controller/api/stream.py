"""What happens, as it happens: every durable fact with its number, and the machines that changed, at most four times a second.

A reader takes from the feed only as fast as it reads; when it is too far behind it is cut and comes back with its last number.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from starlette.types import Receive, Scope, Send

from controller.api.desk import Call, Here
from controller.api.machines import REFRESH_S
from controller.api.problems import Problematic
from controller.api.views import fact_json
from controller.model.case import Case
from controller.model.codes import PRESCRIPTION
from controller.store import StoredFact

router = APIRouter(prefix="/api/v1", tags=["floor"])

COMMENT_S = 5.0
_CHUNK_BYTES = 64 * 1024
_SEQ_DIGITS = 15
_CASES_KEPT = 1_000


@router.get(
    "/stream", responses={200: {"description": "events `fact` and `machines`", "content": {"text/event-stream": {}}}}
)
async def stream(
    request: Request, here: Here, from_: Annotated[int | None, Query(alias="from", ge=0, lt=10**_SEQ_DIGITS)] = None
) -> Response:
    """Follow the line: facts after `from` or `Last-Event-ID`, else from now on."""
    if here.desk.readers.locked():
        raise Problematic(429, "too-many-readers", retry_after_s=int(COMMENT_S))
    last = request.headers.get("last-event-id", "")
    if last and (not last.isascii() or not last.isdecimal() or len(last) > _SEQ_DIGITS):
        raise Problematic(422, "body-invalid", errors=[{"pointer": "/last-event-id", "message": "no number of a fact"}])
    start = int(last) if last else from_
    return EventStream(here, here.context.line.seq if start is None else start)


class EventStream(Response):
    """Server-sent events until the reader leaves, is cut, or its key is revoked."""

    def __init__(self, here: Call, start: int) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._here = here
        self._start = start

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send while the reader listens."""
        async with self._here.desk.readers:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.ensure_future(self._send_all(send))
            gone = asyncio.ensure_future(_gone(receive))
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                ended = await asyncio.gather(sending, gone, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _send_all(self, send: Send) -> None:
        events = _events(self._here, self._start)
        try:
            async for chunk in events:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await events.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _events(here: Call, start: int) -> AsyncGenerator[bytes]:
    subscription = here.context.feed.subscribe(start)
    facts, sight = aiter(subscription), _Sight(here)
    upcoming = asyncio.ensure_future(anext(facts))
    version, spoken_s = 0, time.monotonic()
    try:
        yield b"retry: 1000\n\n"
        while not here.desk.closing.is_set():
            await asyncio.wait({upcoming}, timeout=REFRESH_S)
            chunk = bytearray()
            while upcoming.done() and len(chunk) < _CHUNK_BYTES:
                try:
                    fact = upcoming.result()
                except StopAsyncIteration:
                    return
                if await sight.sees(fact):
                    chunk += b"event: fact\nid: %d\ndata: %b\n\n" % (fact.seq, fact_json(fact))
                upcoming = asyncio.ensure_future(anext(facts))
                await asyncio.sleep(0)
            if here.caller.in_house:
                version, changed = here.desk.board.since(version)
                if changed:
                    chunk += b"event: machines\ndata: %b\n\n" % changed
            now_s = time.monotonic()
            if now_s - spoken_s >= COMMENT_S:
                spoken_s = now_s
                if not here.desk.keyring.good(here.caller):
                    return
                chunk += b": %d\n\n" % here.context.line.seq
            if chunk:
                yield bytes(chunk)
    finally:
        upcoming.cancel()
        subscription.close()


class _Sight:
    """Which facts one reader may see; remembers the cases it looked up, since their facts come close together."""

    def __init__(self, here: Call) -> None:
        self._here = here
        self._ended: dict[str, Case | None] = {}

    async def sees(self, fact: StoredFact) -> bool:
        """Say whether this fact exists for the reader."""
        caller = self._here.caller
        if caller.in_house:
            return True
        if not fact.about.startswith(f"{PRESCRIPTION}-") or not caller.sees_fact(fact.kind):
            return False
        case = self._here.context.line.floor.cases.get(fact.about) or await self._look_up(fact.about)
        return case is not None and caller.sees(case)

    async def _look_up(self, about: str) -> Case | None:
        if about not in self._ended:
            if len(self._ended) >= _CASES_KEPT:
                self._ended.clear()
            self._ended[about] = cast("Case | None", await self._here.desk.row("case", about))
        return self._ended[about]
