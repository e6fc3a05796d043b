"""What all handlers share, made once; and `Here`, through which every handler learns who calls and that it may.

Every handler takes `Here`; a route that is not in the table of `auth` is closed to everybody, and a test knows all routes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import orjson
from fastapi import Depends, Path, Request, Response

from controller.api.auth import Caller, Keyring, KeyRole, allow
from controller.api.context import Context
from controller.api.known import Known
from controller.api.machines import Board
from controller.api.pins import Pins
from controller.api.problems import Problematic, refused
from controller.api.rate import Rate
from controller.api.slack import BySlack
from controller.api.subjects import Subjects
from controller.api.turns import Turns
from controller.model.batch import Batch
from controller.model.case import Case
from controller.model.intents import ExternalIntent
from controller.pipeline import Outcome
from controller.runtime.inbox import Answer, LineBusy, LineStopped
from controller.store import Write

_BUSY_RETRY_S = 1
_STOPPED_RETRY_S = 5
MOST_READERS = 200
"""Streams at once, over all keys."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The context, and what the API itself remembers between two requests."""

    context: Context
    keyring: Keyring
    pins: Pins
    subjects: Subjects
    known: Known
    board: Board
    by_slack: BySlack
    rate: Rate
    turns: Turns
    readers: asyncio.Semaphore
    closing: asyncio.Event

    @classmethod
    def of(cls, context: Context) -> "Desk":
        """Make everything that hangs on a context."""
        return cls(
            context=context,
            keyring=Keyring(context),
            pins=Pins(context.store),
            subjects=Subjects(context.store),
            known=Known(context.store),
            board=Board(context),
            by_slack=BySlack(lambda: context.line.floor),
            rate=Rate(context.requests_per_minute),
            turns=Turns(),
            readers=asyncio.Semaphore(MOST_READERS),
            closing=asyncio.Event(),
        )

    def close(self) -> None:
        """Let the threads go."""
        self.pins.close()
        self.known.close()

    async def submit(
        self, intent: ExternalIntent, attach: Callable[[Outcome], Sequence[Write]] | None = None
    ) -> Answer:
        """Have an intent decided and made durable. Raises Problematic 503.

        Without a deadline of its own: a group is durable or the line stops, and who left earlier would not know which.
        """
        try:
            return await self.context.line.submit(intent, attach=attach)
        except LineBusy as error:
            raise Problematic(503, "line-busy", retry_after_s=_BUSY_RETRY_S) from error
        except LineStopped as error:
            raise Problematic(503, "line-stopped", retry_after_s=_STOPPED_RETRY_S) from error

    async def accepted(self, intent: ExternalIntent) -> Answer:
        """Submit an intent whose refusal is the caller's answer. Raises Problematic."""
        answer = await self.submit(intent)
        if answer.refusal is not None:
            raise refused(answer.refusal)
        return answer

    async def row(self, kind: str, id_: str) -> object | None:
        """Read one aggregate, open or ended."""
        return await asyncio.to_thread(self.context.store.row, kind, id_)

    async def case(self, id_: str, caller: Caller) -> Case:
        """Return a prescription that exists for the caller. Raises Problematic 404."""
        case = self.context.line.floor.cases.get(id_) or cast("Case | None", await self.row("case", id_))
        if case is None or not caller.sees(case):
            raise Problematic(404, "not-found", {"id": id_})
        return case

    async def batch(self, id_: str) -> Batch | None:
        """Return a batch, open or ended."""
        return self.context.line.floor.batches.get(id_) or cast("Batch | None", await self.row("batch", id_))

    async def batches(self, case: Case) -> list[Batch]:
        """Return all batches of a prescription, first to last."""
        found = [await self.batch(batch) for batch in case.batches]
        return [batch for batch in found if batch is not None]


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request."""

    desk: Desk
    caller: Caller

    @property
    def context(self) -> Context:
        """What the API was given."""
        return self.desk.context


async def admit(request: Request) -> Call:
    """Learn who calls, and let only those through that the table lets through. Raises Problematic 401, 403, 429."""
    desk = cast("Desk", request.app.state.desk)
    caller = desk.keyring.caller(request.headers.get("authorization", ""))
    allow(caller, request.method, request.scope["route"].path)
    if caller.role is KeyRole.HOSPITAL:
        desk.rate.take(caller.scope)
    return Call(desk, caller)


Here = Annotated[Call, Depends(admit)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


def answer_json(value: Any, status: int = 200) -> Response:
    """Answer with a value as JSON."""
    return answer_bytes(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status)  # statuses are keys too


def answer_bytes(body: bytes, status: int = 200) -> Response:
    """Answer with JSON that is written already."""
    return Response(body, status, media_type="application/json")
