"""Hospitals: receive, amend, answer a return, cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Cause, Choice, Stage
from controller.model.case import Case, Status
from controller.model.codes import PRESCRIPTION, make_code
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.placing import placed
from controller.pipeline.rows import intake_name
from controller.recipes import NotMadeHere, make_plan, sketch
from controller.review import review
from controller.scheduling.rank import at_risk, promise

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.floor import Floor
    from controller.model.intents import AnswerReturn, CancelPrescription, ReceivePrescription
    from controller.model.plan import Plan
    from controller.model.prescription import Prescription
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision
    from controller.recipes import Sketch

_WATER_IN = frozenset(
    {
        Stage.SOAKING,
        Stage.SOAKED,
        Stage.CHARGED,
        Stage.MOVING,
        Stage.CARRIED,
        Stage.BOILING,
        Stage.MAIN_WAITS,
        Stage.BOILED,
        Stage.COLLECTED,
        Stage.CONCENTRATED,
        Stage.DRAIN_WAITS,
        Stage.DRAINED,
        Stage.PACKING,
        Stage.QUALITY_CHECK,
        Stage.RELEASED,
        Stage.BOXED,
    }
)


def receive(floor: Floor, intent: ReceivePrescription, world: World) -> Decision:
    """Accept a prescription, or a newer version of one that is open."""
    prescription = intent.prescription
    book = world.book
    plan = sketch(prescription, book.formulary, book.recipes, book.pot_classes)
    if isinstance(plan, NotMadeHere):
        return _not_made(plan)
    known = floor.intake.get(intake_name(prescription.hospital, prescription.prescription_no))
    if known is not None:
        return _amend(floor, floor.cases[known], intent, plan, world)
    promised_at = promise(world.now, prescription.urgency, world.book.recipes, world.book.timezone)
    return (
        f.PrescriptionReceived(
            world.now,
            make_code(PRESCRIPTION, world.new_token()),
            prescription,
            intent.digest,
            promised_at,
            in_danger(floor, plan, promised_at, world),
            review(prescription, world.book.formulary),
        ),
    )


def plan_for(prescription: Prescription, world: World) -> Plan | Refusal:
    """Plan a prescription for this site, or refuse it with the reason why it is not made here."""
    book = world.book
    plan = make_plan(prescription, book.formulary, book.recipes, book.pot_classes)
    return _not_made(plan) if isinstance(plan, NotMadeHere) else plan


def _not_made(why: NotMadeHere) -> Refusal:
    return Refusal("not-made-here", {"reason": why.reason, **why.facts})


def in_danger(floor: Floor, plan: Plan | Sketch, promised_at: int, world: World) -> bool:
    """Say whether the promise is at risk as the floor stands."""
    queued, pots = len(floor.to_soak), world.book.planned_pots
    return at_risk(world.now, promised_at, plan.estimate_minutes, queued, pots, plan.pot_minutes)


def _amend(floor: Floor, case: Case, intent: ReceivePrescription, plan: Sketch, world: World) -> Decision:
    newest = case.amendment or case.prescription
    version = intent.prescription.version
    if version < newest.version:
        return Refusal("version-lower", {"version": version, "known": newest.version, "case": case.id})
    if version == newest.version:
        return Refusal("already-received", {"version": version, "case": case.id})
    batch = floor.batches.get(case.batch)
    if batch is None or not any(weighing.grams for weighing in batch.weighings):
        return replaced(floor, case, batch, intent.prescription, intent.digest, plan, world)
    if batch.stage in (Stage.RELEASED, Stage.BOXED):
        return Refusal("too-late-to-amend", {"case": case.id, "stage": batch.stage})
    held = f.AmendmentHeld(world.now, case.id, batch.id, intent.prescription, intent.digest)
    return (held, *placed(floor, batch, "amendment", Cause.PERSON, (Choice.CONTINUE, Choice.SCRAP), world))


def replaced(
    floor: Floor,
    case: Case,
    batch: Batch | None,
    prescription: Prescription,
    digest: str,
    plan: Plan | Sketch,
    world: World,
) -> tuple[f.Fact, ...]:
    """Put a newer version in the place of the old one; it is reviewed from the start."""
    promised_at = promise(world.now, prescription.urgency, world.book.recipes, world.book.timezone)
    amended = f.PrescriptionAmended(
        world.now,
        case.id,
        prescription,
        digest,
        promised_at,
        in_danger(floor, plan, promised_at, world),
        review(prescription, world.book.formulary),
    )
    return (*_withdrawn(floor, case, batch, "amendment", world), amended)


def _withdrawn(floor: Floor, case: Case, batch: Batch | None, why: str, world: World) -> tuple[f.Fact, ...]:
    """End what is under way for a prescription as it was, and the alarms about it."""
    late = cleared(floor, "promise-missed", case.id, world)
    if batch is None:
        return late
    scrapped = f.BatchScrapped(world.now, case.id, batch.id, why, "", "")
    return (scrapped, *cleared(floor, "batch-held", batch.id, world), *late)


def answer(floor: Floor, intent: AnswerReturn, world: World) -> Decision:
    """Take the prescriber's answer to a return."""
    case = floor.cases.get(intent.case)
    if case is None:
        return Refusal("not-found", {"id": intent.case})
    if case.status is not Status.RETURNED:
        return Refusal("not-returned", {"case": case.id, "status": case.shown_status})
    if intent.version != case.prescription.version:
        return Refusal("version-lower", {"version": intent.version, "known": case.prescription.version})
    if intent.withdraw:
        late = cleared(floor, "promise-missed", case.id, world)
        return (f.PrescriptionRejected(world.now, case.id, "withdrawn", ""), *late)
    overrides = (*case.prescription.overrides, *intent.overrides)
    return (f.ReturnAnswered(world.now, case.id, replace(case.prescription, overrides=overrides), case.findings),)


def cancel(floor: Floor, intent: CancelPrescription, world: World) -> Decision:
    """Cancel until the soak water is in; afterwards say how far it is."""
    case = floor.cases.get(intent.case)
    if case is None:
        return Refusal("not-found", {"id": intent.case})
    if case.status is Status.IN_TRANSIT:
        return Refusal("too_late_dispatched", {"case": case.id, "stage": case.status})
    batch = floor.batches.get(case.batch)
    if batch is not None and batch.stage in _WATER_IN:
        return Refusal("too_late_in_progress", {"case": case.id, "stage": case.status})
    withdrawn = _withdrawn(floor, case, batch, "cancelled", world)
    return (*withdrawn, f.PrescriptionCancelled(world.now, case.id, intent.reason))
