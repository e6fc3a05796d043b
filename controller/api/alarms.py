"""Alarms by ISA-18.2: what is wrong, what follows from it, what to do; and the acknowledgement of a person who has seen it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from controller.api.acts import told
from controller.api.body import STRICT
from controller.api.desk import Here, answer_json
from controller.api.openapi import described
from controller.api.strict import check, read_json
from controller.model.alarm import Alarm, AlarmRule, AlarmState, Priority
from controller.model.equipment import Equipment
from controller.model.intents import AcknowledgeAlarm
from controller.texts import Texts
from controller.wire import AlarmView, IntentAnswer

router = APIRouter(prefix="/api/v1", tags=["alarms"])

AlarmId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
_ORDER = list(Priority)


@with_config(STRICT)
class AcknowledgeBody(TypedDict):
    """Who has seen it."""

    actor: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


_SHAPE = TypeAdapter(AcknowledgeBody)


@router.get("/alarms", **described(None, {200: list[AlarmView]}))
async def alarms(here: Here) -> Response:
    """List alarms that somebody must still do something about, the gravest and newest first."""
    floor, rules = here.context.line.floor, here.context.line.book.alarms.rules
    standing = (alarm for alarm in floor.alarms.values() if alarm.state is not AlarmState.NORMAL)
    found = sorted(standing, key=_rank)
    machines = ((alarm, floor.machines.get(alarm.source)) for alarm in found)
    return answer_json(
        [alarm_view(alarm, machine, rules[alarm.rule], here.context.texts) for alarm, machine in machines]
    )


def _rank(alarm: Alarm) -> tuple[bool, bool, int, int]:
    aside = alarm.state in (AlarmState.SHLVD, AlarmState.DSUPR, AlarmState.OOSRV)
    return aside, not alarm.active, _ORDER.index(alarm.priority), -alarm.raised_at


@router.post("/alarms/{alarm}/acknowledge", **described(AcknowledgeBody, {200: IntentAnswer}))
async def acknowledge(alarm: AlarmId, request: Request, here: Here) -> Response:
    """Note that a person has seen an alarm."""
    body = check(await read_json(request), _SHAPE)
    answer = await here.desk.accepted(AcknowledgeAlarm(alarm, body["actor"], here.caller.scope))
    return answer_json(told(here, "AcknowledgeAlarm", answer.facts))


def alarm_view(alarm: Alarm, machine: Equipment | None, rule: AlarmRule, texts: Texts) -> AlarmView:
    """Show one alarm; `machine`: the one that it is about, where it is about one."""
    facts = {"source": alarm.source, "detail": alarm.detail}
    said = f"{alarm.rule}.{alarm.source}"  # what follows may be of its own for one source
    text, cause, action = (texts.say(section, said, facts) for section in ("alarm", "cause", "action"))
    out = machine if machine is not None and alarm.state is AlarmState.OOSRV and not alarm.out_by else alarm
    return {
        "id": alarm.id,
        "rule": alarm.rule,
        "source": alarm.source,
        "priority": alarm.priority,
        "state": alarm.state,
        "raised_at": alarm.raised_at,
        "acknowledged_by": alarm.acknowledged_by,
        "acknowledged_at": alarm.acknowledged_at,
        "cleared_at": alarm.cleared_at,
        "respond_minutes": rule.respond_minutes,
        "shelvable": rule.shelvable,
        "shelved_until": alarm.shelved_until,
        "shelved_by": alarm.shelved_by,
        "suppressed_by": alarm.suppressed_by,
        "recurrences": alarm.recurrences,
        "repeats": alarm.repeats,
        "called": alarm.called,
        "called_role": alarm.called_role,
        "out_by": out.out_by,
        "out_at": out.out_at,
        "out_note": out.out_note,
        "detail": alarm.detail,
        "text_zh": text.zh,
        "text_en": text.en,
        "cause_zh": cause.zh,
        "cause_en": cause.en,
        "action_zh": action.zh,
        "action_en": action.en,
    }
