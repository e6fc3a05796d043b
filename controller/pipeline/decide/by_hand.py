"""A machine that no wire can ask is worked by people: an order is their task, a scan says that it is under way or done.

The scan binds the vessel's label to the code of the batch it is booked for, so that nobody speaks of another pot. What lasts is
scanned twice, and the second scan is refused until its minutes are over; everything is marked as somebody's word.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import PERSON_ATTESTED, Batch, Cause, Choice
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import refuse_actor
from controller.pipeline.decide.orders import charge_order, lasts_s
from controller.pipeline.decide.placing import placed
from controller.pipeline.decide.windows import boil_began
from controller.pipeline.react import is_inside

if TYPE_CHECKING:
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.intents import ScanCode
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision
    from devices.model import Order


def word_given(floor: Floor, key: str, intent: ScanCode, world: World) -> Decision:
    """Take a person's word about what the machine `key`, worked by hand, is asked to do now."""
    if no := refuse_actor(floor, intent.actor, Role.OPERATOR):
        return no
    machine = floor.machines[key]
    if machine.batch != intent.into:
        return Refusal("wrong-pot", {"batch": intent.into, "machine": key, "wanted": machine.batch or "-"})
    order = machine.pending
    if order is None:
        return Refusal("already-done", {"batch": intent.into, "machine": key})
    batch = floor.batches.get(order.batch)
    if batch is not None and batch.held and is_inside(floor, machine) and not machine.begun_at:
        return Refusal("batch-held", {"batch": batch.id, "reason": batch.holds[0].reason}, next_action="settle-hold")
    case = batch.case if batch is not None else machine.id
    if not lasts_s(order):
        return _done(machine, order, case, 0.0, intent.actor, world)
    if not machine.begun_at:
        begun = begun_by_hand(order, case, intent.actor, world)
        boils = order.verb == "decoct" and batch is not None
        return (begun, *((boil_began(batch, machine, world.now, world),) if boils and batch is not None else ()))
    seconds = (world.now - machine.begun_at) / 1000
    if seconds < lasts_s(order):
        left = -(-(lasts_s(order) - seconds) // 60)
        return Refusal(
            "too-soon", {"machine": key, "step": order.step, "minutes": int(left)}, next_action="go-on-decocting"
        )
    done = _done(machine, order, case, seconds, intent.actor, world)
    if batch is None or order.verb != "decoct":
        return done
    return (*done, *_to_be_accepted(floor, batch, machine, seconds, world))


def begun_by_hand(order: Order, case: str, by: str, world: World) -> f.OrderAccepted:
    """Make the fact that a person has begun."""
    return f.OrderAccepted(world.now, case, order.batch, order.machine, order.number, concluded=False, by=by)


def charged_by_hand(floor: Floor, batch: Batch, by: str, world: World) -> tuple[f.Fact, ...]:
    """Make the facts of a charge: whoever scans the pail into the pot has tipped it in."""
    machine, issued = floor.machines[batch.pot], charge_order(floor, batch, world)
    done = (_done(machine, one.order, batch.case, 0.0, by, world) for one in issued)
    return (*issued, *chain.from_iterable(done))


def _done(machine: Equipment, order: Order, case: str, seconds: float, by: str, world: World) -> tuple[f.Fact, ...]:
    done = f.OrderAttested(world.now, case, order.batch, machine.id, order.number, order.step, by, seconds)
    if order.verb != "rinse":
        return (done,)
    return (done, f.MachineCleaned(world.now, machine.id, 0.0), f.MachineFreed(world.now, machine.id))


def _to_be_accepted(floor: Floor, batch: Batch, machine: Equipment, seconds: float, world: World) -> tuple[f.Fact, ...]:
    """Hold a boil that only the people at the pot can tell of, until somebody else takes it on."""
    note = f"{machine.begun_by} {seconds / 60:.1f} min"
    choices = (Choice.ACCEPT_DEVIATION, Choice.SCRAP)
    return placed(floor, batch, PERSON_ATTESTED, Cause.PERSON, choices, world, machine.id, note)
