"""A prescription and its batches as the wire shows them; what a caller may not see is left empty."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from controller.api.machines import boil_view
from controller.api.subjects import patient_view
from controller.model.plan import JoinsAt
from controller.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.api.auth import Caller
    from controller.api.subjects import Subject
    from controller.model.batch import Batch, Hold
    from controller.model.case import Case
    from controller.model.checkpoint import Checkpoint
    from controller.model.finding import Finding
    from controller.model.floor import Floor
    from controller.model.prescription import Override
    from controller.store import StoredFact
    from controller.texts import Texts
    from controller.wire import (
        BatchView,
        CheckpointView,
        FactView,
        FindingView,
        HoldView,
        ItemView,
        ParcelView,
        PrescriptionRow,
        PrescriptionView,
    )


def prescription_row(case: Case, floor: Floor, now: int, caller: Caller, subject: Subject) -> PrescriptionRow:
    """Show one line of the list."""
    prescription = case.prescription
    return {
        "id": case.id,
        "hospital": prescription.hospital,
        "prescription_no": prescription.prescription_no,
        "version": prescription.version,
        "status": case.shown_status,
        "stage": case.status,
        "urgency": prescription.urgency,
        "preparation": prescription.preparation,
        "delivery": prescription.delivery,
        "received_at": case.received_at,
        "promised_at": case.promised_at,
        "slack_s": round((case.promised_at - now) / 1000, 1),
        "promise_at_risk": case.promise_at_risk,
        "late": case.late,
        "batch": case.batch,
        "machine": ", ".join(floor.booked.get(case.batch, ())),
        "patient": patient_view(caller, prescription.patient, subject),
    }


def prescription_view(
    case: Case,
    batches: Sequence[Batch],
    timeline: Sequence[StoredFact],
    floor: Floor,
    now: int,
    caller: Caller,
    subject: Subject,
    texts: Texts,
) -> PrescriptionView:
    """Show one prescription, whole."""
    prescription, medicine = case.prescription, caller.sees_medicine
    return {
        **prescription_row(case, floor, now, caller, subject),
        "doses": prescription.doses,
        "servings_per_dose": prescription.servings_per_dose,
        "serving_ml": prescription.serving_ml,
        "route": prescription.route,
        "recipe_class": prescription.recipe_class or "",
        "prescriber": prescription.prescriber,
        "diagnosis": subject.diagnosis if caller.sees_diagnosis else "",
        "items": items_view(case, batches[-1] if batches else None) if medicine else [],
        "findings": [finding_view(finding, prescription.overrides) for finding in case.findings] if medicine else [],
        "batches": [batch_view(batch, texts) for batch in batches] if medicine else [],
        "parcel": parcel_view(case, batches, caller, texts),
        "timeline": [fact_view(fact) for fact in timeline if caller.sees_fact(fact.kind)],
    }


def finding_view(finding: Finding, overrides: Sequence[Override]) -> FindingView:
    """Show one finding, and who signed again for it."""
    signed = (one.signed_by for one in overrides if (one.rule, tuple(sorted(one.herbs))) == finding.key)
    return {
        "rule": finding.rule,
        "herbs": list(finding.herbs),
        "settles": finding.settles,
        "text_zh": finding.text_zh,
        "text_en": finding.text_en,
        "source": finding.source,
        "proposal": finding.proposal,
        "overridden_by": next(signed, ""),
    }


def items_view(case: Case, batch: Batch | None) -> list[ItemView]:
    """Show each herb, and what was weighed of it for the present batch."""
    weighed: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(batch.plan.items if batch else ()):
        weighed[item.herb].append(index)
    rows: list[ItemView] = []
    for item in case.prescription.items:
        row: ItemView = {
            "herb": item.herb,
            "grams": item.grams,
            "handling": item.handling,
            "total_grams": round(item.grams * case.prescription.doses, 3),
            "weighed": [],
            "lot": "",
            "drawer": "",
        }
        if batch and weighed[item.herb]:
            index = weighed[item.herb].pop(0)
            if index < len(batch.weighings):
                weighing = batch.weighings[index]
                row["weighed"], row["lot"], row["drawer"] = list(weighing.grams), weighing.lot, weighing.drawer
        rows.append(row)
    return rows


def batch_view(batch: Batch, texts: Texts) -> BatchView:
    """Show one batch."""
    return {
        "id": batch.id,
        "attempt": batch.attempt,
        "stage": batch.stage,
        "opened_at": batch.opened_at,
        "pail": batch.pail,
        "pot": batch.pot,
        "packer": batch.packer,
        "soak_machine": batch.soak_machine,
        "soak_began_at": batch.soak_began_at,
        "charged_at": batch.charged_at,
        "dispensers": list(batch.dispensers),
        "verifier": batch.verifier,
        "operators": list(batch.operators),
        "released_by": batch.released_by,
        "plan": json.loads(encode(batch.plan)),
        "boils": [boil_view(batch, index) for index in range(len(batch.boils))],
        "holds": [hold_view(hold, texts) for hold in batch.holds],
        "deviations": [_deviation(json.loads(encode(one)), batch.pot, texts) for one in batch.deviations],
        "bags": list(batch.bags),
        "boxed": batch.boxed,
        "checkpoints": [checkpoint_view(point) for point in batch.checkpoints],
        "missing": [list(wanted) for wanted in batch.missing()],
    }


def hold_view(hold: Hold, texts: Texts) -> HoldView:
    """Show why a batch waits, and what may be signed."""
    text = texts.say("hold", hold.reason, {"machine": hold.machine, "note": hold.note})
    return {
        "reason": hold.reason,
        "cause": hold.cause,
        "at": hold.at,
        "choices": list(hold.choices),
        "machine": hold.machine,
        "note": hold.note,
        "text_zh": text.zh,
        "text_en": text.en,
    }


def _deviation(deviation: dict[str, Any], pot: str, texts: Texts) -> dict[str, Any]:
    text = texts.say("hold", deviation["reason"], {**deviation, "machine": pot})
    return {**deviation, "text_zh": text.zh, "text_en": text.en}


def checkpoint_view(point: Checkpoint) -> CheckpointView:
    """Show one checkpoint."""
    return {
        "gate": point.gate,
        "name": point.name,
        "about": point.about,
        "verdict": point.verdict,
        "by": point.by,
        "at": point.at,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "unit": point.unit,
        "evidence": point.evidence,
        "attested": point.attested,
    }


def parcel_view(case: Case, batches: Sequence[Batch], caller: Caller, texts: Texts) -> ParcelView | None:
    """Show the parcel; the code by which a patient picks it up is not for couriers."""
    if case.parcel is None:
        return None
    plan = batches[-1].plan if batches else None
    apart = [task for task in plan.separate if task.joins is JoinsAt.BOXING] if plan else []
    return {
        "code": case.parcel.code,
        "pickup_code": case.parcel.pickup_code if caller.sees_medicine else "",
        "method": case.prescription.delivery,
        "courier": case.parcel.courier,
        "handed_over_at": case.parcel.handed_over_at,
        "labels": [f"{texts.label('handling', task.handling).zh} {task.herb} {task.grams:g} g" for task in apart]
        if caller.sees_medicine
        else [],
    }


def fact_view(fact: StoredFact) -> FactView:
    """Show one fact."""
    body = json.loads(encode(fact.fact))
    return {"seq": fact.seq, "at": fact.at, "kind": fact.kind, "about": fact.about, "body": body}


def fact_json(fact: StoredFact) -> bytes:
    """Return one fact as the JSON of its view."""
    about = json.dumps(fact.about, ensure_ascii=False)
    body = encode(fact.fact)
    return f'{{"seq":{fact.seq},"at":{fact.at},"kind":"{fact.kind}","about":{about},"body":{body}}}'.encode()
