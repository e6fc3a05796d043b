"""Machines: what they report, and what became of orders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Batch, BoilRecord, Cause, Choice
from controller.model.checkpoint import Verdict
from controller.model.codes import BAG, make_code
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared, is_active, raised
from controller.pipeline.decide.decision import recorded
from controller.pipeline.decide.holds import ATTESTABLE, boil_evidence
from controller.pipeline.decide.hopper import dropped
from controller.pipeline.decide.liquid import concentrated, drained, in_pouches
from controller.pipeline.decide.orders import stop_order
from controller.pipeline.decide.placing import IN_DOUBT, REFUSED, ended, placed
from controller.pipeline.decide.skipping import skip_offered
from controller.pipeline.decide.windows import boil_began, in_plant_time
from controller.pipeline.react import PATIENCE, has_left, is_inside
from controller.quality.boil import BoilVerdict, judge_boil
from devices.model import (
    Accepted,
    Expired,
    Failed,
    Finished,
    Mode,
    OrderStatus,
    Refused,
    RefusedReason,
    Unknown,
)

if TYPE_CHECKING:
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.intents import ReportMachine, ReportOrder
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision
    from devices.model import Order

_REPEATABLE = ("charge", "concentrate", "drain", "soak", "stop")


def report_machine(floor: Floor, intent: ReportMachine, world: World) -> Decision:
    """Take in what a machine said of itself."""
    machine = floor.machines.get(intent.machine)
    if machine is None:
        return Refusal("not-found", {"id": intent.machine})
    facts: list[f.Fact] = []
    if intent.order >= machine.next_order:
        facts.append(f.NumberingRaised(world.now, machine.id, intent.order + 1))
    if _changed(machine, intent):
        facts.append(
            f.MachineObserved(
                world.now,
                machine.id,
                intent.state,
                intent.mode,
                intent.boot,
                intent.fault,
                intent.order,
                intent.order_status,
                intent.order_value,
            )
        )
    facts += _alarms(floor, machine, intent, world)
    batch = floor.batches[machine.batch] if is_inside(floor, machine) else None
    if machine.pending is not None:
        facts += _order_progress(floor, machine, machine.pending, batch, intent, world)
    if batch is not None:
        facts += _disturbances(floor, machine, batch, intent, world)
    return _still_called(facts)


def _still_called(facts: list[f.Fact]) -> tuple[f.Fact, ...]:
    """Let the alarm of a held batch stand where one hold ends and another begins: it was raised, and would be cleared."""
    again = {f"batch-held:{fact.batch}" for fact in facts if isinstance(fact, f.HoldPlaced)}
    return tuple(
        fact for fact in facts if not (isinstance(fact, f.AlarmCleared | f.AlarmReturned) and fact.alarm in again)
    )


def _changed(machine: Equipment, intent: ReportMachine) -> bool:
    seen = (machine.state, machine.mode, machine.boot, machine.fault)
    order = (machine.order, machine.order_status, machine.order_value)
    return (*seen, *order) != (
        intent.state,
        intent.mode,
        intent.boot,
        intent.fault,
        intent.order,
        intent.order_status,
        intent.order_value,
    )


def _alarms(floor: Floor, machine: Equipment, intent: ReportMachine, world: World) -> tuple[f.Fact, ...]:
    if intent.fault:
        fault = raised(floor, "fault", machine.id, world, str(intent.fault))
    else:
        fault = cleared(floor, "fault", machine.id, world)
    if intent.mode in (Mode.MAINTENANCE, Mode.MANUAL):
        return *fault, *raised(floor, "mode", machine.id, world)
    return *fault, *cleared(floor, "mode", machine.id, world)


def _order_progress(
    floor: Floor, machine: Equipment, order: Order, batch: Batch | None, intent: ReportMachine, world: World
) -> list[f.Fact]:
    """Follow the open order: echoed, boiling, finished, failed or refused. Silence about it proves nothing."""
    case, tag = (batch.case, batch.id) if batch is not None else (_case(floor, order), order.batch)
    facts: list[f.Fact] = []
    if (intent.order, intent.batch) == (order.number, order.batch):
        if _cannot_tell(machine, intent, world):
            return list(_lost(floor, machine, order, batch, case, intent, world))
        if not machine.accepted:
            facts.append(f.OrderAccepted(world.now, case, tag, machine.id, order.number))
        facts += _unknown_settled(floor, batch, machine.id, world, IN_DOUBT, REFUSED)
        if order.verb == "decoct" and batch is not None:
            facts += _boil_progress(floor, batch, machine, order, intent, world)
        if intent.order_status is OrderStatus.FINISHED:
            facts += _finished(floor, machine, order, batch, case, intent, world)
        elif intent.order_status is OrderStatus.FAILED:
            facts += _failed(floor, machine, order, batch, case, intent, world)
    elif _refuses(machine, order, intent):
        facts += _unknown_settled(floor, batch, machine.id, world)
        facts += _refused(floor, machine, order, batch, case, intent.refused_reason.name.lower(), world)
    elif _forgotten(machine, intent, world):
        facts += _unknown_settled(floor, batch, machine.id, world)
        facts += _failed(floor, machine, order, batch, case, intent, world)
    return facts


def _refuses(machine: Equipment, order: Order, intent: ReportMachine) -> bool:
    """Say whether the machine says that it did not take the order; of one that was recalled that is known."""
    refused = intent.refused_order == order.number and intent.refused_reason is not RefusedReason.NONE
    return refused and not machine.recalled


def _cannot_tell(machine: Equipment, intent: ReportMachine, world: World) -> bool:
    """Say whether a machine that names no orders was at one and can tell no more; of others no status is a torn reading."""
    return intent.order_status is OrderStatus.NONE and not world.book.machines[machine.id].names_orders


def _lost(
    floor: Floor,
    machine: Equipment,
    order: Order,
    batch: Batch | None,
    case: str,
    intent: ReportMachine,
    world: World,
) -> tuple[f.Fact, ...]:
    """End what is known of an order of which its machine, which names none, can tell no more: it began, and nobody saw it end.

    What a person can see to have been done, a person says; of minutes at the boil only those count that are proven.
    """
    if batch is None or order.verb in ATTESTABLE:
        return _in_doubt(floor, machine, order, batch, "not seen to its end", world)
    return tuple(_failed(floor, machine, order, batch, case, intent, world))


def _forgotten(machine: Equipment, intent: ReportMachine, world: World) -> bool:
    """Say whether the machine woke from a power cut without the order it had taken: so nobody is at work on that any more."""
    if machine.pending is None or not machine.accepted or not world.book.machines[machine.id].names_orders:
        return False
    return machine.boot not in (0, intent.boot) and intent.order != machine.pending.number


def _case(floor: Floor, order: Order) -> str:
    batch = floor.batches.get(order.batch)
    return batch.case if batch is not None else order.machine


def _dropped(order: Order, case: str, batch: str, outcome: str, detail: str, world: World) -> f.OrderDropped:
    return f.OrderDropped(world.now, case, batch, order.machine, order.number, order.step, outcome, detail)


def _in_doubt(
    floor: Floor, machine: Equipment, order: Order, batch: Batch | None, why: str, world: World
) -> tuple[f.Fact, ...]:
    """Ask a person what became of an order; a cleaning that the machine took and forgot is simply done again.

    One that the machine may have taken or not is done again once it was recalled, or stopped where there are no numbers.
    """
    alarm = raised(floor, "unknown", machine.id, world, order.step)
    if batch is not None and machine.accepted and order.verb not in ATTESTABLE:
        # It began, and nobody can say how far it came.
        dropped = _dropped(order, batch.case, batch.id, "failed", why, world)
        return (dropped, *_broken_off(floor, machine, order, batch, batch.boils[batch.boil], "fault", world))
    if batch is not None:
        can_be_seen = order.verb in ATTESTABLE or not world.book.machines[machine.id].names_orders
        skippable = skip_offered(batch, order.verb, world)
        choices = (Choice.RETRY, *skippable, *((Choice.ASSUME_OK,) if can_be_seen else ()), Choice.SCRAP)
        return (*placed(floor, batch, "unknown", Cause.MACHINE, choices, world, machine.id, why), *alarm)
    case = _case(floor, order)
    if not machine.accepted and machine.monitor_only:
        return alarm
    if not machine.accepted and not world.book.machines[machine.id].names_orders:
        return (*alarm, stop_order(machine, case, world))
    if not machine.accepted and not is_active(floor, f"{IN_DOUBT}:{machine.id}"):
        return (*alarm, f.OrderRecalled(world.now, case, order.batch, machine.id, order.number, order.step))
    return (*alarm, _dropped(order, case, order.batch, "unknown", why, world))


def _unknown_settled(
    floor: Floor, batch: Batch | None, machine: str, world: World, *reasons: str
) -> tuple[f.Fact, ...]:
    """End the doubt about a machine that has said what it does with an order: the holds for `reasons`, else for that alone."""
    facts = list(cleared(floor, IN_DOUBT, machine, world))
    if batch is None:
        return tuple(facts)
    for hold in batch.holds:
        if hold.machine == machine and hold.reason in (reasons or (IN_DOUBT,)):
            batch = replace(batch, holds=tuple(other for other in batch.holds if other is not hold))
            facts += ended(floor, batch, hold.reason, "proven", "", "", world)
    return tuple(facts)


def _boil_progress(
    floor: Floor, batch: Batch, machine: Equipment, order: Order, intent: ReportMachine, world: World
) -> list[f.Fact]:
    record = batch.boils[batch.boil]
    facts: list[f.Fact] = []
    ends_at = record.ends_at
    if intent.boil_began_at and not record.began_at:
        began = boil_began(batch, machine, in_plant_time(intent.boil_began_at, intent, world), world)
        facts.append(began)
        ends_at = began.ends_at
    facts += dropped(floor, batch, record, ends_at, in_plant_time(intent.at, intent, world), order, intent, world)
    truth = intent.boil
    if truth is not None and (truth.measured_at, truth.counter_s) != (record.measured_at, record.counter_s):
        facts.append(_measured(batch, record, intent, world))
    return facts


def _measured(batch: Batch, record: BoilRecord, intent: ReportMachine, world: World) -> f.BoilMeasured:
    truth = intent.boil
    assert truth is not None
    return f.BoilMeasured(
        world.now,
        batch.case,
        batch.id,
        record.name,
        round(truth.credit_s, 3),
        round(truth.covered_s, 3),
        truth.counter_s,
        truth.measured_at,
    )


def _finished(
    floor: Floor,
    machine: Equipment,
    order: Order,
    batch: Batch | None,
    case: str,
    intent: ReportMachine,
    world: World,
) -> list[f.Fact]:
    value = intent.order_value
    concluded = not world.book.machines[machine.id].names_orders
    facts: list[f.Fact] = [
        f.OrderFinished(world.now, case, order.batch, machine.id, order.number, order.step, value, concluded)
    ]
    match order.verb:
        case "rinse":
            celsius = value / 100
            if celsius >= world.book.recipes.rinse_celsius:
                facts += (f.MachineCleaned(world.now, machine.id, celsius), f.MachineFreed(world.now, machine.id))
                facts += cleared(floor, "rinse-cold", machine.id, world)
            elif machine.rinses >= PATIENCE:
                facts += raised(floor, "rinse-cold", machine.id, world, f"{celsius:.1f} °C")
        case "flush":
            facts += (f.MachineCleaned(world.now, machine.id, 0.0), f.MachineFreed(world.now, machine.id))
            facts += cleared(floor, "rinse-cold", machine.id, world)
        case "decoct" if batch is not None:
            facts += judged(floor, batch, _after(batch, intent), machine.id, world)
        case "drain" if batch is not None:
            facts += drained(floor, batch, order, value, world)
        case "concentrate" if batch is not None:
            facts += concentrated(floor, batch, order, value, world)
        case "pack" if batch is not None:
            facts += _packed(floor, batch, machine.id, value, intent, world)
        case _:
            pass
    return facts


def _after(batch: Batch, intent: ReportMachine) -> BoilRecord:
    """Return the present boil's record with what this report adds."""
    record, truth = batch.boils[batch.boil], intent.boil
    if truth is None:
        return record
    return replace(
        record,
        credit_s=truth.credit_s,
        covered_s=truth.covered_s,
        counter_s=truth.counter_s,
        measured_at=truth.measured_at,
    )


def judged(floor: Floor, batch: Batch, record: BoilRecord, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Settle a boil that has ended, or hold the batch for what is missing."""
    verdict = judge_boil(
        record, grace_s=world.book.grace_s[machine], covered_share=world.book.recipes.covered_gap_share
    )
    match verdict:
        case BoilVerdict.CREDITED:
            point = recorded(
                batch,
                world.now,
                f"{record.name}.minutes",
                machine,
                value=round(record.total_credit_s / 60, 2),
                low=record.required_s / 60,
                unit="min",
                evidence=boil_evidence(record, machine, world),
            )
            return (point, f.BoilSettled(world.now, batch.case, batch.id, record.name))
        case BoilVerdict.ATTESTED:
            choices = (Choice.ACCEPT_DEVIATION, Choice.RUN_DEFICIT, Choice.SCRAP)
            return placed(floor, batch, verdict, Cause.PERSON, choices, world, machine)
        case BoilVerdict.DEFICIT:
            choices = (Choice.RUN_DEFICIT, Choice.SCRAP)
            return placed(floor, batch, verdict, Cause.MACHINE, choices, world, machine)
        case BoilVerdict.MISMATCH:
            # Boiling more never brings the two together; once each alone suffices, a person may take the difference on.
            enough = min(record.total_credit_s, record.total_counter_s) >= record.required_s
            choices = (Choice.ACCEPT_DEVIATION if enough else Choice.RUN_DEFICIT, Choice.SCRAP)
            return placed(floor, batch, verdict, Cause.MACHINE, choices, world, machine)


def _packed(
    floor: Floor, batch: Batch, machine: str, count: int, intent: ReportMachine, world: World
) -> tuple[f.Fact, ...]:
    low, high = world.book.recipes.seal_celsius
    seal = intent.readings.get("SealTemperature")
    sealed = seal is not None and low <= seal <= high
    whole = count == batch.plan.bags
    bags = tuple(make_code(BAG, world.new_token()) for _ in range(min(count, batch.plan.bags)))
    passed = {True: Verdict.PASSED, False: Verdict.FAILED}
    facts: list[f.Fact] = [
        f.BatchPacked(world.now, batch.case, batch.id, count, bags),
        recorded(
            batch,
            world.now,
            "pack.count",
            machine,
            passed[whole],
            value=float(count),
            low=float(batch.plan.bags),
            high=float(batch.plan.bags),
            unit="1",
        ),
        recorded(batch, world.now, "pack.seal", machine, passed[sealed], value=seal, low=low, high=high, unit="Cel"),
        *in_pouches(batch, world),
    ]
    if not whole:
        facts += placed(floor, batch, "count-short", Cause.MACHINE, (Choice.SCRAP,), world, machine)
    if not sealed:
        facts += placed(floor, batch, "seal-failed", Cause.MACHINE, (Choice.SCRAP,), world, machine)
    return tuple(facts)


def _failed(
    floor: Floor,
    machine: Equipment,
    order: Order,
    batch: Batch | None,
    case: str,
    intent: ReportMachine,
    world: World,
) -> list[f.Fact]:
    """End an order that began and did not finish: what may be done depends on what is already proven.

    After cleanings in vain somebody is called, and the machine waits until it is put back into service.
    """
    rebooted = machine.boot not in (0, intent.boot)
    outcome = _dropped(order, case, order.batch, "failed", f"fault {intent.fault}", world)
    if batch is None:
        in_vain = machine.rinses >= PATIENCE and order.verb != "stop"
        return [
            outcome,
            *(raised(floor, "rinse-cold", machine.id, world, f"{order.step}, {intent.fault}") if in_vain else ()),
        ]
    known = any(hold.reason == "boot" for hold in batch.holds)  # by a boot that the order outlived: it offers to go on
    reason = "boot" if rebooted and not known else "fault"
    if intent.fault in world.book.spoiling.get(machine.id, frozenset()):
        return [outcome, *placed(floor, batch, reason, Cause.MACHINE, (Choice.SCRAP,), world, machine.id, order.step)]
    return [outcome, *_broken_off(floor, machine, order, batch, _after(batch, intent), reason, world)]


def _broken_off(
    floor: Floor, machine: Equipment, order: Order, batch: Batch, record: BoilRecord, reason: str, world: World
) -> tuple[f.Fact, ...]:
    """Hold the batch of an order that began and broke off, and offer what still makes it whole.

    A boil that is enough is settled; what follows starts on a machine that stopped by itself, and so not without a signature.
    """
    settled: tuple[f.Fact, ...] = ()
    choices: tuple[Choice, ...] = (Choice.SCRAP,)
    if order.verb in _REPEATABLE:
        choices = (Choice.CONTINUE, *skip_offered(batch, order.verb, world), Choice.SCRAP)
    if order.verb == "decoct":
        grace_s, share = world.book.grace_s[machine.id], world.book.recipes.covered_gap_share
        enough = judge_boil(record, grace_s=grace_s, covered_share=share) is BoilVerdict.CREDITED
        settled = judged(floor, batch, record, machine.id, world) if enough else ()
        choices = (Choice.CONTINUE if enough else Choice.RUN_DEFICIT, Choice.SCRAP)
    return (*settled, *placed(floor, batch, reason, Cause.MACHINE, choices, world, machine.id, order.step))


def _refused(
    floor: Floor, machine: Equipment, order: Order, batch: Batch | None, case: str, why: str, world: World
) -> list[f.Fact]:
    """Take in that an order was not taken. A duplicate number means that numbering must rise; anything else asks a person.

    An order that has a number stays open until that is used up. A cleaning that is refused again and again asks a person too, and
    waits until the machine changes or somebody puts it back into service.
    """
    outcome = _dropped(order, case, order.batch, "refused", why, world)
    if why == RefusedReason.DUPLICATE.name.lower():
        return [outcome]
    if batch is None:
        in_vain = machine.rinses >= PATIENCE or order.verb == "stop"
        return [outcome, *(raised(floor, IN_DOUBT, machine.id, world, f"{order.step} {why}") if in_vain else ())]
    choices = (Choice.CONTINUE, *skip_offered(batch, order.verb, world), Choice.SCRAP)
    held = placed(floor, batch, REFUSED, Cause.MACHINE, choices, world, machine.id, why)
    stays = world.book.machines[machine.id].names_orders and order.verb != "stop"  # a copy of it may still arrive
    return [*held] if stays else [*held, outcome]


def _disturbances(
    floor: Floor, machine: Equipment, batch: Batch, intent: ReportMachine, world: World
) -> tuple[f.Fact, ...]:
    """Hold the batch after a new boot, a hand on the panel or a fault at rest: heat is never started again by itself."""
    facts: tuple[f.Fact, ...] = ()
    failing = (
        machine.pending is not None
        and intent.order == machine.pending.number
        and (intent.order_status is OrderStatus.FAILED or _cannot_tell(machine, intent, world))
    )
    choices = (Choice.CONTINUE, Choice.SCRAP)
    if machine.boot not in (0, intent.boot) and not failing and not _forgotten(machine, intent, world):
        facts += placed(floor, batch, "boot", Cause.MACHINE, choices, world, machine.id)
    if intent.fault and not machine.fault and machine.pending is None:
        # Nothing else would ask whether to go on, and end it.
        spoilt = intent.fault in world.book.spoiling.get(machine.id, frozenset())
        offered = (Choice.SCRAP,) if spoilt else choices
        facts += placed(floor, batch, "fault", Cause.MACHINE, offered, world, machine.id, str(intent.fault))
    if intent.mode is not Mode.PRODUCE and machine.mode is Mode.PRODUCE:
        facts += placed(floor, batch, "mode", Cause.MACHINE, choices, world, machine.id, intent.mode.name.lower())
    return facts


def report_order(floor: Floor, intent: ReportOrder, world: World) -> Decision:
    """Take in what the carrier says of an order; ends are read off the machine itself."""
    machine = floor.machines.get(intent.machine)
    if machine is None or machine.pending is None or machine.pending.number != intent.receipt.number:
        return ()
    order = machine.pending
    batch = None if has_left(floor, order.batch, machine.id) else floor.batches.get(order.batch)
    case = batch.case if batch is not None else _case(floor, order)
    match intent.receipt:
        case Accepted() | Finished() | Failed():
            if machine.accepted:
                return ()
            concluded = not world.book.machines[machine.id].names_orders
            return (f.OrderAccepted(world.now, case, order.batch, machine.id, order.number, concluded),)
        case Expired():
            return (_dropped(order, case, order.batch, "expired", "", world),)
        case Refused(reason=reason):
            return tuple(_refused(floor, machine, order, batch, case, reason.name.lower(), world))
        case Unknown() if machine.accepted and not world.book.machines[machine.id].names_orders:
            return ()  # its own report says the same, and what is already proven
        case Unknown(why=why):
            return _in_doubt(floor, machine, order, batch, why, world)
