"""The one way to released: every gate passed, everything accounted for, signed by somebody who did not make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Stage
from controller.model.codes import PARCEL, PICKUP, make_code
from controller.model.people import Role, StationKind
from controller.model.plan import JoinsAt
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.decision import recorded, refuse_actor, refuse_same, refuse_station

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.floor import Floor
    from controller.model.intents import SignRelease
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

AFTER_RELEASE = frozenset({"release.sign", "handover.scan", "delivery.receipt"})


def missing_for_release(batch: Batch) -> tuple[str, ...]:
    """Return the checkpoints that release still waits for."""
    boxed_later = {f"separate.{task.herb}" for task in batch.plan.separate if task.joins is JoinsAt.BOXING}
    return tuple(
        f"{name} {about}".strip() for name, about in batch.missing() if name not in AFTER_RELEASE | boxed_later
    )


def sign_release(floor: Floor, intent: SignRelease, world: World) -> Decision:
    """Release a batch."""
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(
        world, intent.station, StationKind.RELEASE, StationKind.REVIEW
    ):
        return no
    batch = floor.batches.get(intent.batch)
    if batch is None:
        return Refusal("not-found", {"id": intent.batch})
    if batch.stage is not Stage.QUALITY_CHECK:
        rule = "already-done" if batch.stage in (Stage.RELEASED, Stage.BOXED) else "not-yet"
        return Refusal(rule, {"batch": batch.id, "stage": batch.stage})
    if batch.held:
        return Refusal("batch-held", {"batch": batch.id, "reason": batch.holds[0].reason}, next_action="settle-hold")
    if no := refuse_same(intent.actor, (*batch.dispensers, *batch.operators), "release"):
        return no
    if missing := missing_for_release(batch):
        return Refusal("checkpoints-missing", {"batch": batch.id, "missing": ", ".join(missing)})
    if failed := batch.failed():
        return Refusal("checkpoints-failed", {"batch": batch.id, "failed": ", ".join(point.name for point in failed)})
    if batch.packed != batch.plan.bags or len(batch.bags) != batch.plan.bags:
        return Refusal("count-short", {"batch": batch.id, "packed": batch.packed, "wanted": batch.plan.bags})
    if not all(record.settled for record in batch.boils):
        return Refusal("checkpoints-missing", {"batch": batch.id, "missing": "boil"})
    return (
        recorded(batch, world.now, "release.sign", intent.actor),
        f.BatchReleased(
            world.now,
            batch.case,
            batch.id,
            intent.actor,
            make_code(PARCEL, world.new_token()),
            make_code(PICKUP, world.new_token()),
        ),
        *cleared(floor, "promise-missed", batch.case, world),
    )
