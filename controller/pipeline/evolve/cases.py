"""Prescriptions come, change, leave and end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.batch import Stage
from controller.model.case import Case, Status
from controller.pipeline.evolve import touch
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def received(floor: Floor, fact: f.PrescriptionReceived) -> Floor:
    """Open a prescription."""
    case = Case(
        id=fact.case,
        prescription=fact.prescription,
        content_digest=fact.digest,
        received_at=fact.at,
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        status=Status.IN_REVIEW,
        findings=fact.findings,
    )
    return put(floor, "case", case.id, case)


def amended(floor: Floor, fact: f.PrescriptionAmended) -> Floor:
    """Put a newer version in the place of one of which nothing was weighed."""
    return touch.case(
        floor,
        fact.case,
        prescription=fact.prescription,
        content_digest=fact.digest,
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        findings=fact.findings,
        status=Status.IN_REVIEW,
        reviewer="",
        reviewed_at=0,
        batch="",
        held=False,
        late=False,
        amendment=None,
        amendment_digest="",
    )


def handed_over(floor: Floor, fact: f.ParcelHandedOver) -> Floor:
    """Put a parcel on the road."""
    case = floor.cases.get(fact.case)
    if case is None or case.parcel is None:
        return floor
    parcel = replace(case.parcel, courier=fact.to, handed_over_at=fact.at)
    return touch.case(floor, fact.case, status=Status.IN_TRANSIT, parcel=parcel)


def ended(floor: Floor, fact: f.DeliveryConfirmed) -> Floor:
    """End a prescription at its door."""
    batch = floor.batches.get(fact.batch)
    if batch is not None:
        floor = put(floor, "batch", batch.id, replace(batch, stage=Stage.COMPLETED))
    return touch.case(floor, fact.case, status=Status(fact.outcome), ended_at=fact.at)
