"""What stands on the floor, for reading: prescriptions, machines, curves, tasks, and the line at a glance."""

import asyncio
import base64
import json
from heapq import nsmallest
from typing import Annotated

from fastapi import APIRouter, Query, Response

from controller.api.auth import Caller, KeyRole
from controller.api.desk import Call, Here, Id, answer_bytes, answer_json
from controller.api.openapi import described
from controller.api.problems import Problematic
from controller.api.slack import START, Place
from controller.api.views import prescription_row, prescription_view
from controller.model.alarm import AlarmState
from controller.model.case import ENDS, Case, Status
from controller.model.people import Role
from controller.model.task import Task, TaskKind
from controller.pipeline.tasks import tasks
from controller.store import ReadFailed, StoreError
from controller.wire import CurveView, LineView, MachineView, PrescriptionPage, PrescriptionView, TaskView

router = APIRouter(prefix="/api/v1", tags=["floor"])

Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200, pattern=r"^[A-Za-z0-9_=-]+$")]
Tag = Annotated[str, Query(pattern=r"^[A-Za-z][A-Za-z0-9]{0,39}$")]


@router.get("/prescriptions", **described(None, {200: PrescriptionPage}))
async def prescriptions(
    here: Here,
    status: Status | None = None,
    hospital: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List open prescriptions, least time to their promise first; with an end as `status` the ended ones, newest first."""
    if here.caller.role is KeyRole.HOSPITAL:
        hospital = hospital or here.caller.scope
    if status is not None and status in ENDS:
        cases, following = await _ended(here, status, hospital, limit, cursor)
    else:
        cases, following = _open(here, status, hospital, limit, cursor)
    floor, now = here.context.line.floor, here.context.line.clock.now()
    subjects = await here.desk.subjects.of(case.prescription.patient.subject for case in cases)
    page: PrescriptionPage = {
        "items": [
            prescription_row(case, floor, now, here.caller, subjects[case.prescription.patient.subject])
            for case in cases
        ],
        "cursor": following,
    }
    return answer_json(page)


def _open(
    here: Call, status: Status | None, hospital: str | None, limit: int, cursor: str | None
) -> tuple[list[Case], str | None]:
    found: list[Case] = []
    for case in here.desk.by_slack.after(_place(cursor)):
        if not here.caller.sees(case) or (hospital and case.prescription.hospital != hospital):
            continue
        if status is not None and case.shown_status is not status:
            continue
        if len(found) == limit:
            last = found[-1]
            return found, base64.urlsafe_b64encode(json.dumps([last.promised_at, last.id]).encode()).decode()
        found.append(case)
    return found, None


def _place(cursor: str | None) -> Place:
    if cursor is None:
        return START
    try:
        match json.loads(base64.urlsafe_b64decode(cursor)):
            case [int(at), str(id_)]:
                return at, id_
            case _:
                raise _no_cursor()
    except (ValueError, RecursionError) as error:
        raise _no_cursor() from error


async def _ended(
    here: Call, status: Status, hospital: str | None, limit: int, cursor: str | None
) -> tuple[list[Case], str | None]:
    try:
        page = await asyncio.to_thread(
            here.context.store.closed_cases, hospital=hospital, status=status, limit=limit, cursor=cursor
        )
    except ReadFailed:
        raise
    except (StoreError, OverflowError) as error:
        raise _no_cursor() from error
    return [case for case in page.cases if here.caller.sees(case)], page.cursor or None


def _no_cursor() -> Problematic:
    return Problematic(422, "body-invalid", errors=[{"pointer": "/cursor", "message": "this is no cursor of ours"}])


@router.get("/prescriptions/{case}", **described(None, {200: PrescriptionView}))
async def prescription(case: Id, here: Here) -> Response:
    """Show one prescription, whole."""
    found = await here.desk.case(case, here.caller)
    subject = await here.desk.subjects.one(found.prescription.patient.subject)
    batches = await here.desk.batches(found)
    context = here.context
    floor, now = context.line.floor, context.line.clock.now()

    def show() -> PrescriptionView:
        timeline = context.store.timeline(found.id)
        return prescription_view(found, batches, timeline, floor, now, here.caller, subject, context.texts)

    return answer_json(await asyncio.to_thread(show))


@router.get("/machines", **described(None, {200: list[MachineView]}))
async def machines(here: Here) -> Response:
    """Show all machines."""
    return answer_bytes(here.desk.board.everything())


@router.get("/machines/{machine}", **described(None, {200: MachineView}))
async def one_machine(machine: Id, here: Here) -> Response:
    """Show one machine."""
    view = here.desk.board.one(machine)
    if view is None:
        raise Problematic(404, "not-found", {"id": machine})
    return answer_json(view)


@router.get("/batches/{batch}/curve", **described(None, {200: CurveView}))
async def curve(batch: Id, here: Here, tag: Tag = "ActualTemperature") -> Response:
    """Show what a machine measured for a batch; a null value begins a gap."""
    found = await here.desk.batch(batch)
    if found is None:
        raise Problematic(404, "not-found", {"id": batch})
    await here.desk.case(found.case, here.caller)
    context = here.context
    points = await asyncio.to_thread(context.store.curve, batch, tag)
    profile = context.profiles.get(found.pot)
    view: CurveView = {
        "batch": batch,
        "machine": found.pot,
        "tag": tag,
        "unit": profile.tags[tag].unit if profile and tag in profile.tags else "",
        "boil_celsius": context.line.book.boil_celsius.get(found.pot, 0.0),
        "points": [{"at": at, "value": value, "quality": quality} for at, value, quality in points],
    }
    return answer_json(view)


@router.get("/line", **described(None, {200: LineView}))
async def line(here: Here) -> Response:
    """Show the line at a glance."""
    context, by_slack = here.context, here.desk.by_slack
    floor = by_slack.renew()
    alarms = [alarm.state for alarm in floor.alarms.values()]
    view: LineView = {
        "line": context.line_id,
        "name": context.site_name,
        "timezone": str(context.line.book.timezone),
        "now": context.line.clock.now(),
        "speed": context.line.clock.speed,
        "seq": context.line.seq,
        "counts": by_slack.counts,
        "late": by_slack.late,
        "at_risk": by_slack.at_risk,
        "alarms": {state: alarms.count(state) for state in AlarmState if state in alarms and state != "NORMAL"},
        "waivers": [machine.id for machine in context.line.book.machines.values() if machine.waiver],
        "out_of_service": sorted(machine.id for machine in floor.machines.values() if machine.out_by),
        "stations": [
            {"id": station.id, "name_zh": station.name_zh, "name_en": station.name_en}
            for station in context.line.book.stations.values()
        ],
    }
    return answer_json(view)


@router.get("/tasks", **described(None, {200: list[TaskView]}))
async def open_tasks(
    here: Here, role: Role | None = None, kind: TaskKind | None = None, limit: Limit = 100
) -> Response:
    """List what people should do next, the most pressing first."""
    context = here.context
    floor, now = context.line.floor, context.line.clock.now()
    wanted = Role.COURIER if here.caller.role is KeyRole.COURIER else role

    def show() -> list[TaskView]:
        fitting = (
            task
            for task in tasks(floor, context.line.book, now)
            if (wanted is None or task.role is wanted) and (kind is None or task.kind is kind)
        )
        return [_task_view(here, task) for task in nsmallest(limit, fitting, key=lambda task: task.rank)]

    return answer_json(await asyncio.to_thread(show))


def _task_view(here: Call, task: Task) -> TaskView:
    text = here.context.texts.say("task", task.kind, task.details)
    case = here.context.line.floor.cases.get(task.case)
    return {
        "kind": task.kind,
        "case": task.case,
        "batch": task.batch,
        "prescription_no": case.prescription.prescription_no if case else "",
        "role": task.role,
        "rank": task.rank,
        "code": task.code,
        "into": task.into,
        "codes": list(task.codes),
        "choices": list(task.choices),
        "opens_at": task.opens_at,
        "closes_at": task.closes_at,
        "details": dict(task.details),
        "text_zh": text.zh,
        "text_en": text.en,
    }


@router.get("/whoami")
async def whoami(here: Here) -> Response:
    """Show what the key is good for."""
    return answer_json(_whoami(here.caller))


def _whoami(caller: Caller) -> dict[str, object]:
    station = caller.station
    return {
        "key": caller.key,
        "role": caller.role,
        "scope": caller.scope,
        "station": None
        if station is None
        else {"id": station.id, "kind": station.kind, "name_zh": station.name_zh, "name_en": station.name_en},
    }
