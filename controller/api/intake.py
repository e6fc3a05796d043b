"""Hospitals speak: a prescription is taken once, whatever the network repeats, and 2xx means that it is written down.

The key is (hospital, prescription_no, version) in the body. Posts of one prescription take turns, so that the second of two
finds the answer of the first; what was answered is stored with the facts and given again byte for byte.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, NotRequired

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from controller.api.body import STRICT, OverrideBody, PrescriptionBody, Reading, Version
from controller.api.desk import Call, Here, Id, answer_bytes, answer_json
from controller.api.instants import to_text
from controller.api.kept import differences, subject_of
from controller.api.openapi import described
from controller.api.posted import Posted, overrides_from, post
from controller.api.problems import Problematic, refused
from controller.api.straight import Straight
from controller.api.strict import check, read_json
from controller.api.views import finding_view
from controller.model.case import Case
from controller.model.facts import AmendmentHeld, PrescriptionAmended, PrescriptionReceived
from controller.model.intents import AnswerReturn, CancelPrescription, ReceivePrescription
from controller.pipeline import Outcome
from controller.store import IntakeRow, Write
from controller.texts.inert import clean
from controller.wire import Received

router = APIRouter(prefix="/api/v1", tags=["hospitals"], route_class=Straight)


@with_config(STRICT)
class OverridesBody(TypedDict):
    """The prescriber signs again: `version` is the one answered."""

    version: Version
    overrides: Annotated[list[OverrideBody], Field(min_length=1, max_length=60)]


@with_config(STRICT)
class WithdrawBody(TypedDict):
    """The prescriber takes it back."""

    withdraw: Annotated[bool, Field(json_schema_extra={"const": True})]
    version: NotRequired[Version]


@with_config(STRICT)
class CancelBody(TypedDict):
    """The hospital no longer wants it."""

    reason: NotRequired[Annotated[str, Field(max_length=500)]]


_OVERRIDES, _WITHDRAW, _CANCEL = TypeAdapter(OverridesBody), TypeAdapter(WithdrawBody), TypeAdapter(CancelBody)


@router.post("/prescriptions", **described(PrescriptionBody, {201: Received, 200: Received, 202: Received}))
async def receive(request: Request, here: Here) -> Response:
    """Take a prescription, or a newer version of one."""
    posted = post(await read_json(request), here.context.line.book.formulary)
    prescription = posted.prescription
    if prescription.hospital != here.caller.scope:
        raise Problematic(403, "other-hospital", {"hospital": prescription.hospital})
    async with here.desk.turns.of(f"intake {prescription.hospital} {prescription.prescription_no}"):
        return await _known(here, posted) or await _new(here, posted)


async def _known(here: Call, posted: Posted) -> Response | None:
    """Answer what was answered before: same content the same, other content with what differs. None for a new version."""
    prescription = posted.prescription
    rows = await here.desk.known.versions((prescription.hospital, prescription.prescription_no))
    if not rows:
        return None
    newest = rows[-1]
    same = next((row for row in rows if row.version == prescription.version), None)
    if same is None and prescription.version < newest.version:
        facts = {"version": prescription.version, "known": newest.version, "case": newest.case}
        raise Problematic(409, "version-lower", facts)
    if same is None:
        if newest.case not in here.context.line.floor.cases:
            raise Problematic(409, "prescription-ended", {"case": newest.case, "known": newest.version})
        return None
    if same.digest == posted.digest:
        return answer_bytes(same.answer)
    person = await asyncio.to_thread(here.context.store.subject, subject_of(same.body))
    facts = {"version": same.version, "case": same.case}
    raise Problematic(409, "content-differs", facts, diff=differences(same.body, person, posted.form))


async def _new(here: Call, posted: Posted) -> Response:
    prescription = posted.prescription
    answer: list[tuple[int, bytes]] = []

    def attach(outcome: Outcome) -> Sequence[Write]:
        if outcome.refusal is not None:
            return ()
        status, received = _received(here, outcome)
        content = orjson.dumps(received)
        answer.append((status, content))
        number = prescription.prescription_no
        kept = IntakeRow(
            prescription.hospital, number, prescription.version, posted.digest, received["id"], posted.kept, content
        )
        return posted.subject, kept

    outcome = await here.desk.submit(ReceivePrescription(prescription, posted.digest), attach)
    if outcome.refusal is not None:
        raise refused(outcome.refusal)
    ((status, content),) = answer
    return answer_bytes(content, status)


def _received(here: Call, outcome: Outcome) -> tuple[int, Received]:
    """Return how the line took a prescription, and what its hospital is told."""
    for fact in outcome.facts:
        if isinstance(fact, PrescriptionReceived | PrescriptionAmended | AmendmentHeld):
            case = outcome.floor.cases[fact.case]
            return 202 if isinstance(fact, AmendmentHeld) else 201, _told(here, case)
    raise LookupError("a prescription was taken and no fact says so")


def _told(here: Call, case: Case) -> Received:
    return {
        "id": case.id,
        "status": case.shown_status,
        "promised_at": to_text(case.promised_at, here.context.line.book.timezone),
        "promise_at_risk": case.promise_at_risk,
        "findings": [finding_view(finding, case.prescription.overrides) for finding in case.findings],
    }


@router.post("/prescriptions/{case}/answer", **described(OverridesBody | WithdrawBody, {200: Received}))
async def answer_return(case: Id, request: Request, here: Here) -> Response:
    """Answer a return: sign again for findings, or withdraw."""
    found = await here.desk.case(case, here.caller)
    body = await read_json(request)
    if isinstance(body, dict) and "withdraw" in body:
        withdraw = check(body, _WITHDRAW)
        if not withdraw["withdraw"]:
            raise Problematic(
                422, "body-invalid", errors=[{"pointer": "/withdraw", "message": "only true says anything"}]
            )
        intent = AnswerReturn(found.id, withdraw.get("version", found.prescription.version), withdraw=True)
    else:
        signed = check(body, _OVERRIDES, Reading(here.context.line.book.formulary))
        intent = AnswerReturn(found.id, signed["version"], overrides_from(signed["overrides"]))
    await here.desk.accepted(intent)
    return answer_json(_told(here, await here.desk.case(case, here.caller)))


@router.post("/prescriptions/{case}/cancel", **described(CancelBody, {200: Received}))
async def cancel(case: Id, request: Request, here: Here) -> Response:
    """Cancel, as long as the herbs are dry."""
    found = await here.desk.case(case, here.caller)
    body = check(await read_json(request, needed=False), _CANCEL)
    await here.desk.accepted(CancelPrescription(found.id, clean(body.get("reason", ""))))
    return answer_json(_told(here, await here.desk.case(case, here.caller)))
