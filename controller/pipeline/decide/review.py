"""The reviewing pharmacist (审方): approve with everything settled, send back, or reject."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.case import Case, Status
from controller.model.checkpoint import Checkpoint, Verdict
from controller.model.codes import BATCH, PACKET, make_code
from controller.model.people import Role, StationKind
from controller.model.plan import Container, Plan
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.decision import refuse_actor, refuse_station
from controller.pipeline.decide.intake import in_danger, plan_for
from controller.pipeline.decide.recipe import refuse_recipe
from controller.review import open_findings
from controller.scheduling.rank import latest_start

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import SignReview
    from controller.model.prescription import Prescription
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def sign_review(floor: Floor, intent: SignReview, world: World) -> Decision:
    """Decide on a prescription in review."""
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(
        world, intent.station, StationKind.REVIEW
    ):
        return no
    case = floor.cases.get(intent.case)
    if case is None:
        return Refusal("not-found", {"id": intent.case})
    if case.status is not Status.IN_REVIEW:
        return Refusal("already-done", {"case": case.id, "status": case.shown_status})
    still_open = open_findings(case.findings, case.prescription.overrides)
    match intent.decision:
        case "approve":
            if still_open:
                rules = ", ".join(f"{finding.rule} {'+'.join(finding.herbs)}" for finding in still_open)
                return Refusal("findings-open", {"case": case.id, "findings": rules}, ("prescriber",), "return")
            return _approve(floor, case, intent, world)
        case "return":
            if not still_open:
                return Refusal("nothing-to-return", {"case": case.id}, next_action="approve")
            return (f.PrescriptionReturned(world.now, case.id, case.findings, intent.actor),)
        case "reject":
            if not intent.reason:
                return Refusal("reason-missing", {"case": case.id})
            late = cleared(floor, "promise-missed", case.id, world)
            return (f.PrescriptionRejected(world.now, case.id, intent.reason, intent.actor), *late)
        case _:
            return Refusal("decision-unknown", {"decision": intent.decision})


def _approve(floor: Floor, case: Case, intent: SignReview, world: World) -> Decision:
    if no := refuse_recipe(floor, world):
        return no
    settled = _settle(case, intent)
    if isinstance(settled, Refusal):
        return settled
    plan = plan_for(settled, world)
    if isinstance(plan, Refusal):
        return plan
    signed = f.ReviewSigned(world.now, case.id, settled, case.findings, intent.actor)
    return (signed, *open_batch(floor, case, plan, intent.actor, world, replaces=""))


def _settle(case: Case, intent: SignReview) -> Prescription | Refusal:
    """Write the reviewer's choices into the prescription; every finding that asks for one must have one."""
    prescription = case.prescription
    handlings = dict(intent.handlings)
    for finding in case.findings:
        if finding.rule == "class-not-stated" and intent.recipe_class is None:
            return Refusal("class-not-settled", {"case": case.id, "proposal": finding.proposal})
        if finding.rule == "handling-missing" and not set(finding.herbs) <= handlings.keys():
            return Refusal("handling-not-settled", {"herbs": "+".join(finding.herbs), "proposal": finding.proposal})
    asked = {herb for finding in case.findings if finding.rule == "handling-missing" for herb in finding.herbs}
    if stray := handlings.keys() - asked:
        return Refusal("handling-not-asked", {"herbs": "+".join(sorted(stray))})
    items = tuple(replace(item, handling=handlings.get(item.herb, item.handling)) for item in prescription.items)
    recipe_class = prescription.recipe_class or intent.recipe_class
    return replace(prescription, items=items, recipe_class=recipe_class)


def open_batch(
    floor: Floor, case: Case, plan: Plan, reviewer: str, world: World, *, replaces: str, promised_at: int = 0
) -> tuple[f.Fact, ...]:
    """Begin a batch: its code, the packets of what is weighed apart, and the review's checkpoint."""
    packets = [("late", make_code(PACKET, world.new_token()))] if _has(plan, Container.LATE) else []
    packets += [(f"separate.{task.herb}", make_code(PACKET, world.new_token())) for task in plan.separate]
    promised_at = promised_at or case.promised_at
    opened = f.BatchOpened(
        world.now,
        case.id,
        make_code(BATCH, world.new_token()),
        len(case.batches) + 1,
        plan,
        tuple(packets),
        replaces,
        promised_at,
        in_danger(floor, plan, promised_at, world),
        latest_start(promised_at, plan.estimate_minutes),
    )
    signed = Checkpoint("review.sign", "", Verdict.PASSED, reviewer, case.reviewed_at or world.now)
    return (opened, f.CheckpointRecorded(world.now, case.id, opened.batch, signed))


def _has(plan: Plan, container: Container) -> bool:
    return any(item.container is container for item in plan.items)
