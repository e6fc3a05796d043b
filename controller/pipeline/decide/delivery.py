"""From the released batch to the door: bags into the parcel, the parcel to a person, the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Batch, Stage
from controller.model.checkpoint import Verdict
from controller.model.people import Role, StationKind
from controller.model.plan import JoinsAt
from controller.model.prescription import DeliveryMethod
from controller.model.refusal import Refusal
from controller.pipeline.decide.cooking import attested
from controller.pipeline.decide.decision import recorded, refuse_actor, refuse_station

if TYPE_CHECKING:
    from controller.model.case import Case
    from controller.model.floor import Floor
    from controller.model.intents import ConfirmDelivery, ScanCode
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_TO_COURIER = (DeliveryMethod.COURIER, DeliveryMethod.DRONE)


def box(floor: Floor, batch: Batch, case: Case, intent: ScanCode, world: World) -> Decision:
    """Put a bag, or a packet to be taken with it, into the parcel of the same batch."""
    if no := refuse_actor(floor, intent.actor, Role.PACKER, Role.OPERATOR):
        return no
    if case.parcel is None or case.batch != batch.id:
        return Refusal("bag-of-another", {"code": intent.code, "into": intent.into}, next_action="stop-and-call")
    if intent.code in batch.boxed_bags:
        return Refusal("already-done", {"code": intent.code})
    if batch.stage is not Stage.RELEASED:
        return Refusal("already-done" if batch.stage is Stage.BOXED else "not-yet", {"batch": batch.id})
    if intent.code in batch.bags:
        return (f.BagBoxed(world.now, case.id, batch.id, intent.code, intent.actor),)
    return _box_packet(batch, intent, world)


def _box_packet(batch: Batch, intent: ScanCode, world: World) -> Decision:
    herb = next((name.partition(".")[2] for name, code in batch.packets if code == intent.code), "")
    task = next((task for task in batch.plan.separate if task.herb == herb), None)
    if task is None or task.joins is not JoinsAt.BOXING:
        return Refusal("no-such-bind", {"code": intent.code, "into": intent.into})
    if any(done.herb == herb for done in batch.attestations):
        return Refusal("already-done", {"code": intent.code})
    return attested(batch, herb, intent.actor, 0, 0.0, world)


def hand_over(floor: Floor, case: Case, intent: ScanCode, world: World) -> Decision:
    """Give the whole parcel to a courier, a patient with the slip, or a ward."""
    if no := refuse_actor(floor, intent.actor, Role.PACKER, Role.COURIER, Role.PHARMACIST):
        return no
    batch = floor.batches.get(case.batch)
    parcel = case.parcel
    if batch is None or parcel is None or parcel.handed_over_at:
        return Refusal("already-done", {"code": intent.code})
    if batch.stage is not Stage.BOXED:
        return Refusal("parcel-incomplete", {"boxed": batch.boxed, "wanted": len(batch.bags)})
    method = case.prescription.delivery
    if no := _refuse_receiver(floor, case, intent.into):
        return no
    handed = (
        recorded(batch, world.now, "handover.scan", intent.actor, evidence=intent.into),
        f.ParcelHandedOver(world.now, case.id, batch.id, parcel.code, intent.into, intent.actor),
    )
    if method in _TO_COURIER:
        return handed
    receipt = recorded(batch, world.now, "delivery.receipt", intent.actor, evidence=intent.into)
    return (*handed, receipt, f.DeliveryConfirmed(world.now, case.id, batch.id, "handed_over", intent.actor, ""))


def _refuse_receiver(floor: Floor, case: Case, into: str) -> Refusal | None:
    method = case.prescription.delivery
    if method is DeliveryMethod.PICKUP:
        right = case.parcel is not None and into == case.parcel.pickup_code
        return None if right else Refusal("pickup-code-wrong", {"into": into})
    return refuse_actor(floor, into, Role.COURIER if method in _TO_COURIER else Role.WARD)


def confirm(floor: Floor, intent: ConfirmDelivery, world: World) -> Decision:
    """Take the courier's word how it ended; what was refused or came back is destroyed, never restocked."""
    if no := refuse_actor(floor, intent.actor, Role.COURIER) or refuse_station(
        world, intent.station, StationKind.COURIER, StationKind.DISPATCH
    ):
        return no
    kind, key = floor.codes.get(intent.parcel, ("", ""))
    case = floor.cases.get(key) if kind == "case" else None
    batch = floor.batches.get(case.batch) if case is not None else None
    if case is None or batch is None or case.parcel is None or case.parcel.code != intent.parcel:
        return Refusal("unknown-code", {"code": intent.parcel})
    if not case.parcel.handed_over_at:
        return Refusal("not-yet", {"code": intent.parcel, "stage": case.status})
    if case.parcel.courier != intent.actor:
        return Refusal("parcel-of-another", {"code": intent.parcel, "actor": intent.actor})
    if intent.outcome not in ("delivered", "refused", "returned"):
        return Refusal("decision-unknown", {"decision": intent.outcome})
    delivered = intent.outcome == "delivered"
    if not delivered and not intent.note:
        return Refusal("reason-missing", {"code": intent.parcel})
    receipt = recorded(
        batch,
        world.now,
        "delivery.receipt",
        intent.actor,
        Verdict.PASSED if delivered else Verdict.REFUSED,
        evidence=intent.outcome,
    )
    outcome = "delivered" if delivered else "undelivered"
    return (receipt, f.DeliveryConfirmed(world.now, case.id, batch.id, outcome, intent.actor, intent.note))
