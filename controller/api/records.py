"""The batch record of a prescription, to read by machine, to look at, to print and to file."""

import asyncio
from enum import StrEnum

from fastapi import APIRouter, Response

from controller.api.desk import Here, Id
from controller.api.subjects import patient_view
from controller.render.curve import Samples
from controller.render.fold import record_of
from controller.render.html import to_html
from controller.render.pdf import to_pdf
from controller.render.record import Record, Sheet, to_json

router = APIRouter(prefix="/api/v1", tags=["records"])

_TAG = "ActualTemperature"
_NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'"


class RecordFormat(StrEnum):
    """Forms of the same record."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


_MEDIA = {RecordFormat.JSON: "application/json", RecordFormat.HTML: "text/html", RecordFormat.PDF: "application/pdf"}
_WRITE = {RecordFormat.JSON: to_json, RecordFormat.HTML: to_html, RecordFormat.PDF: to_pdf}


@router.get(
    "/prescriptions/{case}/record",
    responses={200: {"description": "the record", "content": {media: {} for media in _MEDIA.values()}}},
)
async def record(case: Id, here: Here, format: RecordFormat = RecordFormat.JSON) -> Response:  # noqa: A002 - the contract's name
    """Give the batch record: the fold of the journal."""
    context = here.context
    found = await here.desk.case(case, here.caller)
    subject = await here.desk.subjects.one(found.prescription.patient.subject)
    patient = patient_view(here.caller, found.prescription.patient, subject)
    diagnosis = subject.diagnosis if here.caller.sees_diagnosis else ""
    hospital = context.hospitals.get(found.prescription.hospital, "")
    people = {badge: person.name for badge, person in context.line.floor.people.items()}

    def write() -> bytes:
        timeline = context.store.timeline(found.id)
        sheet = Sheet(context.site_name, hospital, patient, diagnosis, people, context.line.clock.now())
        folded = record_of(timeline, sheet)
        return _WRITE[format](folded, context.texts, {} if format is RecordFormat.JSON else measured(folded))

    def measured(folded: Record) -> dict[str, Samples]:
        thresholds = context.line.book.boil_celsius
        return {
            batch["id"]: Samples(
                context.store.curve(batch["id"], _TAG), thresholds.get(batch["machines"].get("decoction", ""), 0.0)
            )
            for batch in folded["batches"]
        }

    content = await asyncio.to_thread(write)
    headers = {
        "content-security-policy": _NO_SCRIPT,
        "content-disposition": f'inline; filename="record-{found.id}.{format}"',
    }
    return Response(content, headers=headers, media_type=_MEDIA[format])
