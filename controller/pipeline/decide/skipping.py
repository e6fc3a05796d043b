"""A step that is no part of the medicine's safety may be left out: signed by name, recorded as a deviation, told on the pouches.

Concentrating is the only one. A soak, a boil, what goes in before or late, water and drains make the medicine; a rinse or a flush
keeps the next patient's clean; count and seal are how release knows what is in a bag. What was not boiled down is packed whole:
more in each pouch, the same part of the medicine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Choice, Stage
from controller.model.checkpoint import Verdict
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.decision import recorded, refuse_same
from controller.pipeline.decide.holds import may_act, may_be_at_it, open_hold
from controller.pipeline.decide.liquid import CONCENTRATE, undiluted_ml
from controller.pipeline.decide.orders import stop_order
from controller.pipeline.decide.placing import IN_DOUBT, ended

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.floor import Floor
    from controller.model.intents import Skip
    from controller.model.world import Book, World
    from controller.pipeline.decide.decision import Decision


def skip_offered(batch: Batch, verb: str, world: World) -> tuple[Choice, ...]:
    """Return `skip` where the step that `verb` asks for can be left out, else nothing."""
    return (
        (Choice.SKIP,) if verb == CONCENTRATE and 0 < pouch_ml(batch, world.book) <= _most_ml(batch, world.book) else ()
    )


def pouch_ml(batch: Batch, book: Book) -> int:
    """Return the most that each pouch would get if nothing were boiled down any more; 0 where no meter told how much there is."""
    if not book.machines[batch.pot].metered or not all(batch.liquids):
        return 0
    return undiluted_ml(batch.plan, sum(batch.liquids))


def _most_ml(batch: Batch, book: Book) -> int:
    return book.machines[book.machines[batch.pot].packer].pouch_ml


def skip(floor: Floor, intent: Skip, world: World) -> Decision:
    """Leave out the step that a batch is held before or in: by a pharmacist who did not operate the batch."""
    found = open_hold(floor, intent.batch, intent, Choice.SKIP, world)
    if isinstance(found, Refusal):
        return found
    batch, hold = found
    if no := refuse_same(intent.actor, batch.operators, "skip"):
        return no
    if not intent.note:
        return Refusal("reason-missing", {"batch": batch.id})
    if batch.stage is not Stage.COLLECTED:
        return Refusal("already-done", {"batch": batch.id, "stage": batch.stage})
    machine, order = floor.machines[hold.machine], floor.machines[hold.machine].pending
    if (order and may_be_at_it(machine, order, world)) or (machine.fault and not machine.reachable):
        return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
    why = f"left out, {sum(batch.liquids)} mL collected"
    facts: list[f.Fact] = []
    if order is not None:
        facts.append(
            f.OrderDropped(
                world.now, batch.case, batch.id, machine.id, order.number, order.step, "abandoned", intent.note
            )
        )
    facts += (
        f.StepSkipped(world.now, batch.case, batch.id, machine.id, CONCENTRATE, hold.reason, intent.actor, intent.note),
        recorded(batch, world.now, "concentrate.volume", intent.actor, Verdict.DEVIATION, unit="mL", evidence=why),
        *ended(floor, batch, hold.reason, Choice.SKIP, intent.actor, intent.note, world),
        *cleared(floor, IN_DOUBT, machine.id, world),
    )
    # A machine in fault takes nothing but the stop that ends it; and what a wire still holds would heat what is drained by then.
    if machine.fault or (order is not None and may_act(machine, order, world)):
        facts.append(stop_order(machine, batch.case, world))
    return tuple(facts)
