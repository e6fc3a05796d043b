"""The outage sheet: every batch that a power cut or a lost machine may have touched, worst first, with what is proposed."""

import asyncio
from collections import Counter
from enum import StrEnum

from fastapi import APIRouter, Response

from controller.api.auth import Caller
from controller.api.context import Context
from controller.api.desk import Here, answer_json
from controller.api.machines import present_boil
from controller.api.plights import Disturbed, disturbed
from controller.api.subjects import Subject, patient_view
from controller.model.case import Case
from controller.quality.outage import Judgement, Sighting, judge
from controller.render.outage import to_html
from controller.render.outage_pdf import to_pdf
from controller.runtime.cooling import outage_table
from controller.wire.outage import OutageRow, OutageSheet, ReasonView, SightingView

router = APIRouter(prefix="/api/v1", tags=["floor"])

_NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'"


class SheetFormat(StrEnum):
    """Forms of the same sheet."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


_PAPER = {SheetFormat.HTML: ("text/html", to_html), SheetFormat.PDF: ("application/pdf", to_pdf)}


@router.get(
    "/outage",
    responses={
        200: {"description": "the sheet", "model": OutageSheet, "content": {media: {} for media, _ in _PAPER.values()}}
    },
)
async def outage(here: Here, format: SheetFormat = SheetFormat.JSON) -> Response:  # noqa: A002 - as of the record
    """Judge every batch in a machine that is held, or whose machine was not seen for a while: worst first, with a proposal."""
    context = here.context
    floor, now = context.line.floor, context.line.clock.now()
    judged = await asyncio.to_thread(
        lambda: sorted(
            ((one, judge(one.plight, outage_table())) for one in disturbed(context, floor, now, outage_table())),
            key=_worst_first,
        )
    )
    cases = {one.batch.case: floor.cases[one.batch.case] for one, _ in judged}
    subjects = await here.desk.subjects.of(case.prescription.patient.subject for case in cases.values())

    def show() -> Response:
        rows = [
            _row(
                context,
                here.caller,
                cases[one.batch.case],
                subjects[cases[one.batch.case].prescription.patient.subject],
                one,
                judgement,
            )
            for one, judgement in judged
        ]
        sheet: OutageSheet = {
            "site": context.site_name,
            "at": now,
            "advice": dict(Counter(row["advice"] for row in rows)),
            "rows": rows,
        }
        if format is SheetFormat.JSON:
            return answer_json(sheet)
        media, write = _PAPER[format]
        headers = {
            "content-security-policy": _NO_SCRIPT,
            "content-disposition": f'inline; filename="outage-{now}.{format}"',
        }
        return Response(write(sheet, context.texts), headers=headers, media_type=media)

    return await asyncio.to_thread(show)


def _worst_first(pair: tuple[Disturbed, Judgement]) -> tuple[float | str, ...]:
    one, judgement = pair
    return (
        -judgement.severity,
        -judgement.zone_s,
        -judgement.paused_s,
        -one.plight.away_s,
        one.batch.rank,
        one.machine.id,
    )


def _row(
    context: Context, caller: Caller, case: Case, subject: Subject, one: Disturbed, judgement: Judgement
) -> OutageRow:
    plight, machine, batch, texts = one.plight, one.machine, one.batch, context.texts
    patient = patient_view(caller, case.prescription.patient, subject)
    advised = texts.label("advice", judgement.advice)
    cooling = plight.cooling
    return {
        "machine": machine.id,
        "kind": machine.kind,
        "batch": batch.id,
        "case": case.id,
        "prescription_no": case.prescription.prescription_no,
        "name": patient["name"],
        "second": patient["second"],
        "stage": batch.stage,
        "step": batch.order_step or batch.interrupted or batch.done_step,
        "link": context.fleet.link_state(machine.id)[0],
        "before": _sighting(plight.since, plight.at),
        "seen": _sighting(plight.seen, plight.at),
        "reckoned_celsius": None if judgement.celsius is None else [round(end, 1) for end in judgement.celsius],
        "away_s": round(plight.away_s, 1),
        "back_at": plight.back_at,
        "zone_s": round(judgement.zone_s),
        "paused_s": round(judgement.paused_s),
        "constant_s": None if cooling is None else [round(cooling.shortest_s), round(cooling.longest_s)],
        "learned": cooling is not None and cooling.learned,
        "boil": present_boil(batch) if batch.pot == machine.id else None,
        "offered": list(plight.offered),
        "advice": judgement.advice,
        "advice_zh": advised.zh,
        "advice_en": advised.en,
        "choice": judgement.choice or "",
        "minutes": judgement.minutes,
        "severity": judgement.severity,
        "reasons": [*_holds(context, one), *_reasons(context, judgement)],
    }


def _sighting(sighting: Sighting | None, now: int) -> SightingView | None:
    if sighting is None:
        return None
    return {"celsius": round(sighting.celsius, 1), "at": sighting.at, "age_s": round((now - sighting.at) / 1000, 1)}


def _holds(context: Context, one: Disturbed) -> list[ReasonView]:
    told: list[ReasonView] = []
    for hold in one.batch.holds:
        facts = {"machine": hold.machine, "note": hold.note}
        text = context.texts.say("hold", hold.reason, facts)
        told.append({"rule": hold.reason, "facts": facts, "text_zh": text.zh, "text_en": text.en})
    return told


def _reasons(context: Context, judgement: Judgement) -> list[ReasonView]:
    told: list[ReasonView] = []
    for reason in judgement.reasons:
        text = context.texts.say("outage", reason.rule, reason.facts)
        told.append({"rule": reason.rule, "facts": dict(reason.facts), "text_zh": text.zh, "text_en": text.en})
    return told
