"""A machine enters the line as the site's files have it; one that takes no orders any more holds what is in it until it does.

Nobody could drain, stop or rinse a machine that is monitor only. So a batch that one is found with is held: its heat ends by the
machine's own timer, and a pharmacist has it carried to another pot or scraps it, unless the machine is driven again before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Cause, Choice
from controller.pipeline.decide.placing import ended, placed
from controller.pipeline.react import is_inside

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.world import World


def enrolled(floor: Floor, key: str, kind: str, world: World) -> tuple[f.Fact, ...]:
    """Enter a machine that is new, or that the files have otherwise than the floor."""
    known, wanted = floor.machines.get(key), world.book.enrolment(key)
    if known is not None and known.enrolment == wanted:
        return ()
    entered = f.MachineEnrolled(world.now, key, kind, wanted.pot_class, wanted.by_hand, wanted.monitor_only)
    batch = floor.batches.get(known.batch) if known is not None else None
    if known is None or batch is None:
        return (entered,)
    return (entered, *_with_batch(floor, known, batch, world, to_be_held=wanted.monitor_only))


def _with_batch(
    floor: Floor, machine: Equipment, batch: Batch, world: World, *, to_be_held: bool
) -> tuple[f.Fact, ...]:
    reason = f"monitor-only.{machine.id}"
    if not to_be_held:
        known = any(hold.reason == reason for hold in batch.holds)
        return ended(floor, batch, reason, "driven", "", "", world) if known else ()
    if not is_inside(floor, machine):
        return ()
    elsewhere = batch.movable and machine.id == batch.pot
    return placed(floor, batch, reason, Cause.MACHINE, () if elsewhere else (Choice.SCRAP,), world, machine.id)
