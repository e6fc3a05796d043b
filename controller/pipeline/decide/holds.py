"""The signatures that end a hold, each legal only where it is offered and where what it says can be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import PERSON_ATTESTED, Batch, Choice, Deviation, Hold, Stage
from controller.model.checkpoint import Verdict
from controller.model.intents import AcceptDeviation, AssumeOk, Continue, Migrate, Retry, RunDeficit, Scrap, Skip
from controller.model.people import Role
from controller.model.plan import Plan
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared
from controller.pipeline.decide.decision import DESKS, recorded, refuse_actor, refuse_same, refuse_station
from controller.pipeline.decide.intake import plan_for, replaced
from controller.pipeline.decide.orders import stop_order
from controller.pipeline.decide.placing import IN_DOUBT, REFUSED, ended
from controller.pipeline.decide.review import open_batch
from controller.quality.boil import BoilVerdict, missing_seconds
from controller.scheduling.rank import promise
from devices.model import OrderStatus, State

if TYPE_CHECKING:
    from controller.model.batch import BoilRecord
    from controller.model.case import Case
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision
    from devices.model import Order

_CHECKPOINT_OF = {
    "late-missed": "late.window",
    "volume-off": "liquid.volume",
}  # how long the soak was is known and recorded at the charge


_Signature = Continue | Retry | Skip | AssumeOk | RunDeficit | Migrate | AcceptDeviation | Scrap
ATTESTABLE = frozenset({"soak", "charge", "water", "drain", "concentrate"})
"""What a person can see to have been done; minutes at the boil and sealed bags only a machine can count."""
_AT_REST = frozenset({State.IDLE, State.STOPPED, State.COMPLETE, State.UNDEFINED})


def _refuse_signer(floor: Floor, intent: _Signature, world: World) -> Refusal | None:
    return refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(world, intent.station, *DESKS)


def open_hold(
    floor: Floor, key: str, intent: _Signature, choice: Choice, world: World, reason: str = ""
) -> tuple[Batch, Hold] | Refusal:
    """Find the batch and the hold that a signature by `choice` ends, or say why it may not."""
    if no := _refuse_signer(floor, intent, world):
        return no
    batch = floor.batches.get(key)
    if batch is None:
        return Refusal("not-found", {"id": key})
    hold = next((h for h in batch.holds if choice in h.choices and reason in ("", h.reason)), None)
    if hold is None:
        offered = ", ".join(sorted({c for h in batch.holds for c in h.choices}))
        return Refusal("choice-not-offered", {"batch": key, "choice": choice, "offered": offered})
    return batch, hold


def go_on(floor: Floor, intent: Continue, world: World) -> Decision:
    """End a hold where nothing is missing."""
    found = open_hold(floor, intent.batch, intent, Choice.CONTINUE, world, intent.reason)
    if isinstance(found, Refusal):
        return found
    batch, hold = found
    gone_on = ended(floor, batch, hold.reason, Choice.CONTINUE, intent.actor, intent.note, world)
    machine = floor.machines.get(hold.machine)
    if machine is not None and (order := refused_order(batch, machine)) is not None and hold.reason == REFUSED:
        if machine.reachable and machine.state not in _AT_REST and not machine.fault:
            return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
        recalled = f.OrderRecalled(world.now, batch.case, batch.id, machine.id, order.number, order.step)
        return (recalled, *gone_on)
    if machine is None or machine.batch != batch.id or not machine.fault:
        return gone_on
    if not machine.reachable or machine.pending is not None:
        return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
    return (*gone_on, stop_order(machine, batch.case, world))  # it takes nothing else before


def refused_order(batch: Batch, machine: Equipment) -> Order | None:
    """Return the order that a machine refused and whose number is not used up: a copy of it may still arrive."""
    refused = any((hold.reason, hold.machine) == (REFUSED, machine.id) for hold in batch.holds)
    return machine.pending if refused and not machine.accepted else None


def retry(floor: Floor, intent: Retry, world: World) -> Decision:
    """Ask again for what a person saw was not done; never while the machine is at work or names the order itself.

    What may still be on its way to a machine that numbers orders is not given up before that number is used up.
    """
    found = _doubtful(floor, intent, Choice.RETRY, world)
    if isinstance(found, Refusal):
        return found
    batch, hold, order = found
    machine = floor.machines[order.machine]
    if may_be_at_it(machine, order, world):
        return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
    about = (world.now, batch.case, batch.id, machine.id, order.number, order.step)
    if may_act(machine, order, world):
        given_up = f.OrderRecalled(*about)
    else:  # what a machine took and did not end began, and is a step of its own the next time
        given_up = f.OrderDropped(*about, "failed" if machine.accepted else "disproved", intent.note)
    return (given_up, *_doubt_ended(floor, batch, hold, Choice.RETRY, intent, world))


def may_be_at_it(machine: Equipment, order: Order, world: World) -> bool:
    """Say whether nobody may take an order back: out of sight, at work, or the machine says itself what became of it."""
    return not machine.reachable or machine.state not in _AT_REST or _names(machine, order, world)


def _names(machine: Equipment, order: Order, world: World) -> bool:
    """Say whether the machine says what became of the order; one that names no orders may know it no longer."""
    knows = machine.order_status is not OrderStatus.NONE or world.book.machines[machine.id].names_orders
    return machine.order == order.number and knows


def may_act(machine: Equipment, order: Order, world: World) -> bool:
    """Say whether the order may still arrive and be taken, and a number can be used up so that it is not."""
    numbers = world.book.machines[machine.id].names_orders
    return numbers and not machine.accepted and machine.order < order.number


def assume_ok(floor: Floor, intent: AssumeOk, world: World) -> Decision:
    """Go on from what a person saw: it was done, or a machine that names no orders is at it and is followed from here.

    What a wire may still hold would do it twice: a stop under the next number goes before everything else.
    """
    found = _doubtful(floor, intent, Choice.ASSUME_OK, world)
    if isinstance(found, Refusal):
        return found
    batch, hold, order = found
    machine, by = floor.machines[order.machine], intent.actor
    seen: tuple[f.Fact, ...]
    if machine.reachable and machine.state not in _AT_REST and not world.book.machines[machine.id].names_orders:
        seen = (f.OrderAccepted(world.now, batch.case, batch.id, machine.id, order.number, concluded=True, by=by),)
    elif order.verb in ATTESTABLE:
        attested = f.OrderAttested(world.now, batch.case, batch.id, machine.id, order.number, order.step, by)
        seen = (attested, *((stop_order(machine, batch.case, world),) if may_act(machine, order, world) else ()))
    else:
        return Refusal("not-at-work", {"machine": machine.id})
    return (*seen, *_doubt_ended(floor, batch, hold, Choice.ASSUME_OK, intent, world))


def _doubtful(
    floor: Floor, intent: Retry | AssumeOk, choice: Choice, world: World
) -> tuple[Batch, Hold, Order] | Refusal:
    """Find the order that a signature speaks of."""
    found = open_hold(floor, intent.batch, intent, choice, world)
    if isinstance(found, Refusal):
        return found
    batch, hold = found
    machine = floor.machines[hold.machine]
    if machine.pending is None or machine.pending.batch != batch.id:
        return Refusal("already-done", {"batch": batch.id, "machine": machine.id})
    if not intent.note:
        return Refusal("reason-missing", {"batch": batch.id})
    return batch, hold, machine.pending


def _doubt_ended(
    floor: Floor, batch: Batch, hold: Hold, choice: Choice, intent: Retry | AssumeOk, world: World
) -> tuple[f.Fact, ...]:
    return (
        *ended(floor, batch, hold.reason, choice, intent.actor, intent.note, world),
        *cleared(floor, IN_DOUBT, hold.machine, world),
    )


def run_deficit(floor: Floor, intent: RunDeficit, world: World) -> Decision:
    """Boil again for the missing seconds, as a step of its own."""
    found = open_hold(floor, intent.batch, intent, Choice.RUN_DEFICIT, world)
    if isinstance(found, Refusal):
        return found
    batch, _ = found
    machine = floor.machines[batch.pot]
    if not machine.reachable or machine.pending is not None:
        return Refusal("machine-not-ready", {"machine": machine.id}, next_action="scan-again-later")
    record = batch.boils[batch.boil]
    facts: list[f.Fact] = [
        f.DeficitOrdered(
            world.now, batch.case, batch.id, record.name, missing_seconds(record), intent.actor, intent.note
        )
    ]
    for hold in batch.holds:
        if Choice.RUN_DEFICIT in hold.choices:
            facts += ended(floor, batch, hold.reason, Choice.RUN_DEFICIT, intent.actor, intent.note, world)
    if machine.fault:  # a machine in fault takes nothing but the stop that ends it
        facts.append(stop_order(machine, batch.case, world))
    return tuple(facts)


def accept_deviation(floor: Floor, intent: AcceptDeviation, world: World) -> Decision:
    """Take a deviation on: by a pharmacist who did not operate the batch."""
    found = open_hold(floor, intent.target, intent, Choice.ACCEPT_DEVIATION, world, intent.reason)
    if isinstance(found, Refusal):
        return found
    batch, hold = found
    if no := refuse_same(intent.actor, batch.operators, "accept-deviation"):
        return no
    if not intent.note:
        return Refusal("reason-missing", {"batch": batch.id})
    deviation = Deviation(hold.reason, hold.at, intent.note, intent.actor, world.now)
    return (
        f.DeviationAccepted(world.now, batch.case, batch.id, deviation),
        *_settled_by_deviation(batch, hold, intent.actor, world),
        *ended(floor, batch, hold.reason, Choice.ACCEPT_DEVIATION, intent.actor, intent.note, world),
    )


def _settled_by_deviation(batch: Batch, hold: Hold, by: str, world: World) -> tuple[f.Fact, ...]:
    record = batch.boils[batch.boil] if batch.boils else None
    if record is not None and hold.reason in (BoilVerdict.ATTESTED, BoilVerdict.MISMATCH, PERSON_ATTESTED):
        by_hand = hold.reason == PERSON_ATTESTED
        point = recorded(
            batch,
            world.now,
            f"{record.name}.minutes",
            by,
            Verdict.DEVIATION,
            value=round((record.attested_s if by_hand else record.total_credit_s) / 60, 2),
            low=record.required_s / 60,
            unit="min",
            evidence=f"attested {hold.note}" if by_hand else boil_evidence(record, batch.pot, world),
            attested=True,
        )
        return (point, f.BoilSettled(world.now, batch.case, batch.id, record.name))
    name = _CHECKPOINT_OF.get(hold.reason)
    if name == "liquid.volume" and batch.stage is Stage.CONCENTRATED:
        name = "concentrate.volume"
    why = f"{hold.reason} {hold.note}".strip()
    return (recorded(batch, world.now, name, by, Verdict.DEVIATION, evidence=why),) if name else ()


def boil_evidence(record: BoilRecord, pot: str, world: World) -> str:
    """Say what the minutes of a boil rest on."""
    told = "" if world.book.machines[pot].names_orders else ", order concluded from the state of the machine"
    return f"covered {record.total_covered_s:.0f} s, machine {record.total_counter_s:.0f} s{told}"


def scrap(floor: Floor, intent: Scrap, world: World) -> Decision:
    """Destroy a batch before it is released; its prescription is made again."""
    if no := _refuse_signer(floor, intent, world):
        return no
    batch = floor.batches.get(intent.batch)
    if batch is None:
        return Refusal("not-found", {"id": intent.batch})
    if batch.stage in (Stage.RELEASED, Stage.BOXED):
        return Refusal("already-released", {"batch": batch.id})
    if not intent.note:
        return Refusal("reason-missing", {"batch": batch.id})
    case = floor.cases[batch.case]
    reason = batch.holds[0].reason if batch.holds else "scrapped"
    scrapped = f.BatchScrapped(world.now, case.id, batch.id, reason, intent.actor, intent.note)
    return (
        scrapped,
        *cleared(floor, "batch-held", batch.id, world),
        *cleared(floor, "promise-missed", case.id, world),
        *_made_again(floor, case, batch, world),
    )


def _made_again(floor: Floor, case: Case, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Open the next batch of the same prescription, or put the waiting amendment to review."""
    if case.amendment is not None:
        plan = plan_for(case.amendment, world)
        if isinstance(plan, Plan):
            return replaced(floor, case, None, case.amendment, case.amendment_digest, plan, world)
    promised_at = promise(world.now, case.prescription.urgency, world.book.recipes, world.book.timezone)
    return open_batch(floor, case, batch.plan, case.reviewer, world, replaces=batch.id, promised_at=promised_at)
