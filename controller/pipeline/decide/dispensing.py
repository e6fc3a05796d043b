"""Dispensing (调剂) and verification (复核): pail, drawer, weight, and the second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Batch, Stage
from controller.model.checkpoint import Verdict
from controller.model.people import Role, StationKind
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import recorded, refuse_actor, refuse_same, refuse_station
from controller.recipes import item_names
from devices.model import LinkState

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import RecordWeight, ScanCode, SignVerify
    from controller.model.plan import PlanItem
    from controller.model.stock import Lot
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def bind_pail(floor: Floor, batch: Batch, intent: ScanCode, world: World) -> Decision:
    """Give an empty pail to a batch; the dispenser is whoever does this."""
    if no := refuse_actor(floor, intent.actor, Role.DISPENSER) or _refuse_dispensing(floor, batch, intent.actor):
        return no
    if batch.pail:
        return Refusal("already-done", {"batch": batch.id, "pail": batch.pail})
    holder = floor.codes.get(intent.code)
    if holder is not None:
        return Refusal("pail-in-use", {"pail": intent.code, "batch": holder[1]}, next_action="take-another-pail")
    return (f.PailBound(world.now, batch.case, batch.id, intent.code, intent.actor),)


def draw(floor: Floor, batch: Batch, intent: ScanCode, world: World) -> Decision:
    """Take a herb from a drawer: the lot and the zone are judged here and now."""
    if no := refuse_actor(floor, intent.actor, Role.DISPENSER) or _refuse_dispensing(floor, batch, intent.actor):
        return no
    lot = floor.lots[floor.drawers[intent.code]]
    item = next(
        (i for i, plan in enumerate(batch.plan.items) if plan.herb == lot.herb and not batch.weighings[i].done), None
    )
    if item is None:
        wanted = any(plan.herb == lot.herb for plan in batch.plan.items)
        rule = "already-done" if wanted else "wrong-drawer"
        return Refusal(rule, {"drawer": intent.code, "herb": lot.herb, "batch": batch.id})
    if batch.weighings[item].lot == lot.id:
        return Refusal("already-done", {"drawer": intent.code, "herb": lot.herb, "batch": batch.id})
    if batch.weighings[item].grams:
        return Refusal("lot-begun", {"herb": lot.herb, "lot": batch.weighings[item].lot})
    if no := _refuse_lot(floor, lot, world):
        return no
    scanned = f.DrawerScanned(world.now, batch.case, batch.id, item, lot.id, intent.code, intent.actor)
    source = recorded(
        batch,
        world.now,
        "source.lot",
        intent.actor,
        about=item_names(batch.plan.items)[item],
        evidence=f"{lot.id} {lot.inspection}",
    )
    return (scanned, source, *_storage(batch, lot, intent.actor, world))


def _refuse_lot(floor: Floor, lot: Lot, world: World) -> Refusal | None:
    facts = {"lot": lot.id, "herb": lot.herb, "drawer": lot.drawer, "zone": lot.zone}
    if not lot.inspection_passed:
        return Refusal("lot-failed", facts, next_action="take-another-lot")
    if lot.expires_at <= world.now:
        return Refusal("lot-expired", facts, next_action="take-another-lot")
    zone = floor.zones.get(lot.zone)
    sensor = floor.machines.get(zone.sensor) if zone else None
    if zone is None or sensor is None or sensor.link is not LinkState.FRESH or not zone.first_at:
        return Refusal("zone-stale", facts, next_action="scan-again-later")
    if lot.quarantined or zone.out:
        return Refusal("lot-quarantined", facts, (Role.PHARMACIST,), "assess-excursion")
    return None


def _storage(batch: Batch, lot: Lot, actor: str, world: World) -> tuple[f.Fact, ...]:
    """Record the zone once per batch; a lot that passed only by a deviation makes the zone's verdict one."""
    verdict = Verdict.DEVIATION if lot.deviation_by else Verdict.PASSED
    known = {(point.about, point.verdict) for point in batch.checkpoints if point.name == "storage.zone"}
    if (lot.zone, verdict) in known or (lot.zone, Verdict.DEVIATION) in known:
        return ()
    return (recorded(batch, world.now, "storage.zone", actor, verdict, about=lot.zone, evidence=lot.deviation_by),)


def weigh(floor: Floor, intent: RecordWeight, world: World) -> Decision:
    """Take one weight of a herb whose drawer was scanned."""
    if no := refuse_actor(floor, intent.actor, Role.DISPENSER) or refuse_station(
        world, intent.station, StationKind.DISPENSING
    ):
        return no
    batch = floor.batches.get(intent.batch)
    if batch is None:
        return Refusal("not-found", {"id": intent.batch})
    if no := _refuse_dispensing(floor, batch, intent.actor):
        return no
    item = next(
        (
            i
            for i, plan in enumerate(batch.plan.items)
            if plan.herb == intent.herb and batch.weighings[i].lot and not batch.weighings[i].done
        ),
        None,
    )
    if item is None:
        return Refusal("drawer-not-scanned", {"herb": intent.herb, "batch": batch.id}, next_action="scan-drawer")
    plan = batch.plan.items[item]
    if not abs(intent.grams - plan.grams) <= plan.tolerance_g:  # what is no number is not within it either
        facts = {"herb": plan.herb, "grams": intent.grams, "wanted": plan.grams, "tolerance": plan.tolerance_g}
        return Refusal("weight-out-of-tolerance", facts, next_action="weigh-again")
    lot = floor.lots[batch.weighings[item].lot]
    if lot.quarantined:
        facts = {"lot": lot.id, "herb": lot.herb, "drawer": lot.drawer, "zone": lot.zone}
        return Refusal("lot-quarantined", facts, (Role.PHARMACIST,), "assess-excursion")
    # It may have been assessed since it was drawn: then the batch has the deviation too.
    return (*_weighed(batch, item, plan, intent, world), *_storage(batch, lot, intent.actor, world))


def _weighed(batch: Batch, item: int, plan: PlanItem, intent: RecordWeight, world: World) -> tuple[f.Fact, ...]:
    count = len(batch.weighings[item].grams) + 1
    done = count == plan.times
    facts: list[f.Fact] = [
        f.HerbWeighed(world.now, batch.case, batch.id, item, intent.grams, done, intent.actor, intent.source)
    ]
    if done:
        total = sum(batch.weighings[item].grams) + intent.grams
        facts.append(
            recorded(
                batch,
                world.now,
                "dispense.weight",
                intent.actor,
                about=item_names(batch.plan.items)[item],
                value=round(total, 3),
                low=round(plan.times * (plan.grams - plan.tolerance_g), 3),
                high=round(plan.times * (plan.grams + plan.tolerance_g), 3),
                unit="g",
                evidence=intent.source,
            )
        )
        if all(weighing.done for i, weighing in enumerate(batch.weighings) if i != item):
            facts.append(f.DispensingFinished(world.now, batch.case, batch.id))
    return tuple(facts)


def sign_verify(floor: Floor, intent: SignVerify, world: World) -> Decision:
    """Let a second person confirm herbs, weights and pail."""
    if no := refuse_actor(floor, intent.actor, Role.CHECKER, Role.PHARMACIST) or refuse_station(
        world, intent.station, StationKind.VERIFICATION
    ):
        return no
    batch = floor.batches.get(intent.batch)
    if batch is None:
        return Refusal("not-found", {"id": intent.batch})
    if no := _refuse_stage(batch, Stage.DISPENSED) or refuse_same(intent.actor, batch.dispensers, "verify"):
        return no
    return (
        f.BatchVerified(world.now, batch.case, batch.id, intent.actor),
        recorded(batch, world.now, "verify.sign", intent.actor),
    )


def _refuse_dispensing(floor: Floor, batch: Batch, actor: str) -> Refusal | None:
    """Refuse herbs for a batch that takes none now, or from the person who reviewed it."""
    return _refuse_stage(batch, Stage.DISPENSING) or refuse_same(actor, (floor.cases[batch.case].reviewer,), "dispense")


def _refuse_stage(batch: Batch, stage: Stage) -> Refusal | None:
    if batch.stage is stage:
        held = {"batch": batch.id, "reason": batch.holds[0].reason} if batch.held else None
        return Refusal("batch-held", held, next_action="settle-hold") if held else None
    rule = "not-yet" if list(Stage).index(batch.stage) < list(Stage).index(stage) else "already-done"
    return Refusal(rule, {"batch": batch.id, "stage": batch.stage, "wanted": stage})
