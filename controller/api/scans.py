"""Any code at any station: two codes are bound, one code alone only shows what it is.

A repeat by the network (same nonce, same codes) gets the first answer's bytes, a refusal too; they are stored in the transaction
of what the scan did. The nonce belongs to its key, so that nobody can spoil another station's scan.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from controller.api.acts import told
from controller.api.body import STRICT
from controller.api.desk import Call, Here, answer_json
from controller.api.instants import from_text
from controller.api.openapi import described
from controller.api.problems import MEDIA_TYPE, Problematic, body_of, refused
from controller.api.shown import show
from controller.api.straight import Straight
from controller.api.strict import check, read_json
from controller.model.intents import ScanCode
from controller.pipeline import Outcome
from controller.store import ScanRow, StoredFact, Write
from controller.texts.inert import clean
from controller.wire import ScanAnswer

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=Straight)

_WINDOW_S = 300
_Code = Annotated[str, Field(max_length=200), AfterValidator(clean)]
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


@with_config(STRICT)
class ScanBody(TypedDict):
    """One scan, whatever was read. `into`: null, empty or absent where one code alone was scanned.

    `scanned_at`: ms of plant time, or RFC 3339 with an offset. `station`: where given, the key's own.
    """

    code: _Code
    into: NotRequired[_Code | None]
    station: NotRequired[_Id]
    actor: _Id
    scanned_at: Annotated[int, Field(ge=0)] | Annotated[str, Field(max_length=35)]
    nonce: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{8,64}$")]


_SHAPE = TypeAdapter(ScanBody)


@router.post("/scans", **described(ScanBody, {200: ScanAnswer}))
async def scan(request: Request, here: Here) -> Response:
    """Take one scan."""
    body = check(await read_json(request), _SHAPE)
    if body.get("station", here.caller.scope) != here.caller.scope:
        raise Problematic(403, "station-not-yours", {"station": body.get("station")})
    into = body.get("into")
    if not into:
        return answer_json(show(here, body["code"]))
    nonce = f"{here.caller.key}:{body['nonce']}"
    async with here.desk.turns.of(f"scan {nonce}"):
        return await _bind(here, ScanCode(body["code"], into, body["actor"], here.caller.scope), nonce, body)


async def _bind(here: Call, intent: ScanCode, nonce: str, body: ScanBody) -> Response:
    said = hashlib.sha256(f"{intent.code} {intent.into} {intent.actor}".encode()).hexdigest()
    first = await asyncio.to_thread(here.context.store.scan_answer, nonce)
    if first is not None:
        return _again(first, said)
    _check_time(here, body["scanned_at"])
    stored: list[bytes] = []

    def attach(outcome: Outcome) -> Sequence[Write]:
        status, content = _answer(here, outcome)
        stored.append(json.dumps({"scan": said, "status": status, "body": content}, ensure_ascii=False).encode())
        return (ScanRow(nonce, stored[0], here.context.line.clock.now()),)

    answer = await here.desk.submit(intent, attach)
    if not stored and answer.refusal is not None:  # a rule failed, so there was no outcome to attach to
        raise refused(answer.refusal)
    return _again(stored[0], said)


def _answer(here: Call, outcome: Outcome) -> tuple[int, str]:
    if outcome.refusal is not None:
        problem = refused(outcome.refusal)
        return problem.status, _json(body_of(problem, here.context.texts))
    # Numbers along the line are known only once the group is written, and this answer is written with it.
    facts = [StoredFact(0, fact.at, type(fact).__name__, fact.about, fact) for fact in outcome.facts]
    answer: ScanAnswer = {**told(here, "ScanCode", facts), "shows": None}
    return 200, _json(answer)


def _again(stored: bytes, said: str) -> Response:
    """Give an answer as it is stored. Raises Problematic 409 where the nonce was used for another scan."""
    first = json.loads(stored)
    if first["scan"] != said:
        raise Problematic(409, "nonce-used")
    media_type = "application/json" if first["status"] == 200 else MEDIA_TYPE  # noqa: PLR2004 - the status OK
    return Response(first["body"].encode(), first["status"], media_type=media_type)


def _check_time(here: Call, scanned_at: int | str) -> None:
    """Refuse what was scanned long ago, or will be: five minutes of the wall either way."""
    at = scanned_at if isinstance(scanned_at, int) else from_text(scanned_at)
    if at is None:
        message = "not an instant of RFC 3339 with an offset"
        raise Problematic(422, "body-invalid", errors=[{"pointer": "/scanned_at", "message": message}])
    clock = here.context.line.clock
    if abs(clock.now() - at) > _WINDOW_S * 1000 * clock.speed:
        raise Problematic(409, "scan-out-of-time", {"scanned_at": at}, next_action="scan-again")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
