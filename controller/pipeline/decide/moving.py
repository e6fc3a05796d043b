"""A batch leaves a pot that cannot go on: a pharmacist signs, an operator ladles it into a fresh pail, and another pot takes it.

Two binds prove the way: a free pail to the pot that is given up, and that pail to the pot that takes over. What boiled in the old
pot stays credited; the new one boils what is missing, as a step of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Batch, Choice, Stage
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.decision import refuse_actor
from controller.pipeline.decide.holds import open_hold, refused_order
from controller.pipeline.decide.placing import IN_DOUBT, ended
from controller.quality.boil import missing_seconds
from controller.scheduling.pots import choose_pot

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import Migrate, ScanCode
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def migrate(floor: Floor, intent: Migrate, world: World) -> Decision:
    """Order a batch out of its pot, where another can take it at once."""
    found = open_hold(floor, intent.batch, intent, Choice.MIGRATE, world)
    if isinstance(found, Refusal):
        return found
    batch, _ = found
    if not batch.movable:  # it went on while it was held
        return Refusal("too-late-to-move", {"batch": batch.id, "stage": batch.stage})
    if not intent.note:
        return Refusal("reason-missing", {"batch": batch.id})
    machine = floor.machines[batch.pot]
    refused = machine.reachable and refused_order(batch, machine) is not None  # the stop of the pot uses its number up
    if machine.pending is not None and machine.reachable and not refused:
        return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
    if choose_pot(floor, world.book, batch.plan, ready_at=world.now, latest=world.now) is None:
        return Refusal("no-pot-free", {"batch": batch.id}, next_action="scan-again-later")
    facts: list[f.Fact] = []
    if (order := machine.pending) is not None and not refused:
        facts.append(
            f.OrderDropped(
                world.now, batch.case, batch.id, machine.id, order.number, order.step, "abandoned", intent.note
            )
        )
    record = batch.boils[batch.boil]
    if batch.stage is Stage.BOILING:
        missing_s = missing_seconds(record)
        facts.append(
            f.DeficitOrdered(world.now, batch.case, batch.id, record.name, missing_s, intent.actor, intent.note)
        )
    facts.append(f.MoveOrdered(world.now, batch.case, batch.id, machine.id, intent.actor, intent.note))
    for hold in batch.holds:
        if hold.machine == machine.id:
            facts += ended(floor, batch, hold.reason, Choice.MIGRATE, intent.actor, intent.note, world)
    return (*facts, *cleared(floor, IN_DOUBT, machine.id, world))


def batch_to_move(floor: Floor, machine: str) -> Batch | None:
    """Return the batch that is to leave a pot, None where none is."""
    batch = floor.batches.get(floor.machines[machine].batch)
    return batch if batch is not None and (batch.pot, batch.stage) == (machine, Stage.MOVING) else None


def empty_pot(floor: Floor, batch: Batch, intent: ScanCode, world: World) -> Decision:
    """Take what is in the pot into a pail that nobody uses."""
    if no := refuse_actor(floor, intent.actor, Role.OPERATOR):
        return no
    return (f.PotEmptied(world.now, batch.case, batch.id, batch.pot, intent.code, intent.actor),)
