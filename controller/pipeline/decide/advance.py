"""The next automatic thing for a batch, for waiting soaking positions, and for a machine to be cleaned. Never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import BEFORE_CHARGE, Batch, Cause, Stage
from controller.model.checkpoint import Verdict
from controller.model.plan import MAIN, JoinsAt
from controller.pipeline.decide.decision import recorded
from controller.pipeline.decide.hopper import awaits_load
from controller.pipeline.decide.liquid import TRANSFER, fill_ml
from controller.pipeline.decide.orders import charge_order, decoct_parameters, issue, issue_for, soak_order, stop_order
from controller.pipeline.decide.placing import DEVIATION, placed
from controller.pipeline.evolve.orders import CLEANING
from controller.pipeline.react import has_left, next_in_line
from controller.scheduling.pots import choose_pot, promising
from devices.model import OrderStatus, State

if TYPE_CHECKING:
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.intents import Advance, CleanMachine, Rehouse
    from controller.model.world import World

_BEFORE_DRAIN = frozenset({Stage.BOILED, Stage.CONCENTRATED, Stage.DRAIN_WAITS})
_LOOK_AHEAD = 20
_MINUTE_MS = 60_000


def advance(floor: Floor, intent: Advance, world: World) -> tuple[f.Fact, ...]:
    """Do what the batch's stage asks for; nothing while a machine is at work for it, and what is held only lets others go on."""
    batch = floor.batches.get(intent.batch)
    if batch is None or batch.order:
        return ()
    if batch.held:
        return _packer_given_back(floor, batch, world)
    match batch.stage:
        case Stage.SOAKING:
            return _soak(floor, batch, world)
        case Stage.CHARGED:
            return charge_order(floor, batch, world)
        case Stage.BOILING:
            return _boil(floor, batch, world)
        case Stage.BOILED:
            return _drain(floor, batch, world)
        case Stage.COLLECTED:
            return _concentrate(floor, batch, world)
        case Stage.CONCENTRATED | Stage.DRAIN_WAITS:
            return _fill_packer(floor, batch, world)
        case Stage.DRAINED:
            return (f.PackingBegan(world.now, batch.case, batch.id),)
        case Stage.PACKING:
            amount = {"count": batch.plan.bags, "fill_ml": fill_ml(batch, world)}
            return issue_for(floor, batch, batch.packer, "pack", "pack", amount, world)
        case Stage.RELEASED:
            return _boxed(batch, world)
        case _:
            return ()


def _soak(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    if batch.done_step.startswith("soak"):
        return (f.SoakEnded(world.now, batch.case, batch.id),)
    return soak_order(floor, batch, world)


def _boil(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    boil, record = batch.present_boil, batch.boils[batch.boil]
    if boil.water_ml and not record.began_at and not record.deficits and not batch.done_step.startswith("water."):
        number = boil.name.partition(".")[2]
        return issue_for(floor, batch, batch.pot, "water", f"water.{number}", {"water_ml": boil.water_ml}, world)
    if awaits_load(batch, world.book):
        return ()
    seconds, step = boil.minutes * 60, boil.name
    if record.deficits:
        seconds = max(60, round(record.required_s - min(record.total_credit_s, record.total_counter_s)))
        step = f"{boil.name}.deficit.{record.deficits}"
    if batch.done_step == step:
        return ()
    return issue_for(floor, batch, batch.pot, "decoct", step, decoct_parameters(batch, seconds, world), world)


def _drain(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    if batch.present_boil.name == MAIN and batch.plan.late_minutes and not (batch.late_at or batch.late_missed):
        return miss_window(floor, batch, world)
    if not batch.last_boil or batch.plan.concentrate_ml:
        return issue_for(floor, batch, batch.pot, "drain", _drain_step(batch), {"to_packer": 0}, world)
    return _fill_packer(floor, batch, world)


def _drain_step(batch: Batch) -> str:
    return f"drain.{batch.present_boil.name.partition('.')[2]}"


def _concentrate(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Boil the combined liquid down, where there is more of it than the pouches take."""
    to_ml = batch.plan.concentrate_ml
    if sum(batch.liquids) <= to_ml and all(batch.liquids):
        return _fill_packer(floor, batch, world)
    return issue_for(floor, batch, batch.pot, "concentrate", "concentrate", {"to_ml": to_ml}, world)


def _fill_packer(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Let the liquid to the packer once everything that joins it is there and it is the batch's turn."""
    if parts_missing(batch, JoinsAt.PACKING):
        return ()
    packer = floor.machines[world.book.machines[batch.pot].packer]
    mine = packer.batch == batch.id
    first = next_in_line(floor, packer) in ("", batch.id)
    ready = packer.clean and packer.takes_work and floor.machines[batch.pot].usable
    if not mine and (packer.batch or not ready or not first):
        return () if batch.id in packer.waiting else (f.PackerAwaited(world.now, batch.case, batch.id, packer.id),)
    taken = () if mine else (f.PackerTaken(world.now, batch.case, batch.id, packer.id),)
    return (*taken, *issue_for(floor, batch, batch.pot, "drain", _packer_step(batch), {"to_packer": 1}, world))


def _packer_given_back(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Let those behind a held batch to its packer, where it is certain that nothing was drained and nothing will be.

    An order that is open, broke off, or whose number a machine does not know may have filled the packer, or do so yet.
    """
    packer = floor.machines.get(batch.packer)
    if packer is None or packer.batch != batch.id or batch.stage not in _BEFORE_DRAIN:
        return ()
    may_have_begun = batch.interrupted == _packer_step(batch) or not world.book.machines[batch.pot].names_orders
    if may_have_begun or any(hold.machine == packer.id for hold in batch.holds):
        return ()
    return (f.PackerAwaited(world.now, batch.case, batch.id, packer.id),)


def _packer_step(batch: Batch) -> str:
    return TRANSFER if batch.plan.concentrate_ml else _drain_step(batch)


def miss_window(floor: Floor, batch: Batch, world: World) -> tuple[f.Fact, ...]:
    """Record that the add-late window closed without the herbs, and hold the batch before its drain."""
    record = next(record for record in batch.boils if record.name == MAIN)
    window = f"{record.opens_at}-{record.closes_at}" if record.closes_at else "never opened"
    return (
        f.LateMissed(world.now, batch.case, batch.id),
        recorded(batch, world.now, "late.window", batch.pot, Verdict.FAILED, evidence=window),
        *placed(floor, batch, "late-missed", Cause.PERSON, DEVIATION, world),
    )


def parts_missing(batch: Batch, joins: JoinsAt) -> tuple[str, ...]:
    """Return the herbs made apart that must be there at this point and are not."""
    there = {attestation.herb for attestation in batch.attestations}
    return tuple(task.herb for task in batch.plan.separate if task.joins is joins and task.herb not in there)


def _boxed(batch: Batch, world: World) -> tuple[f.Fact, ...]:
    if batch.boxed < len(batch.bags) or parts_missing(batch, JoinsAt.BOXING):
        return ()
    return (f.BatchBoxed(world.now, batch.case, batch.id),)


def fill_soaks(floor: Floor, world: World) -> tuple[f.Fact, ...]:
    """Give the batch with the least slack a soaking position and a pot that will be free in time.

    Looks at the head of the queue and a bounded number behind it, for a head that no pot can take must not stop the others.
    One batch a call: its facts set the next call going.
    """
    for _, key in floor.to_house:
        homeless = floor.batches[key]
        chosen = _pot_for(floor, homeless, world)
        if chosen is not None:
            return (f.PotReserved(world.now, homeless.case, homeless.id, *chosen),)
    position = floor.free_soaks.first()
    if position is None:
        return ()
    for looked, (_, key) in enumerate(floor.to_soak):
        if looked == _LOOK_AHEAD:
            break
        batch = floor.batches[key]
        chosen = _pot_for(floor, batch, world)
        if chosen is not None:
            pot, free_at = chosen
            return (f.SoakAssigned(world.now, batch.case, batch.id, position[1], pot, free_at),)
    return ()


def _pot_for(floor: Floor, batch: Batch, world: World) -> tuple[str, int] | None:
    """Find a pot that is free within the longest soak; what was boiling before needs no soak and goes into the first."""
    plan, now = batch.plan, world.now
    soak_ms = 0 if batch.stage is Stage.CARRIED else plan.soak_minutes * _MINUTE_MS
    latest = now + plan.soak_max_minutes * _MINUTE_MS
    return choose_pot(floor, world.book, plan, ready_at=now + soak_ms, latest=latest)


def rehouse(floor: Floor, intent: Rehouse, world: World) -> tuple[f.Fact, ...]:
    """Give up a soaking position or a pot that waits for the batch and cannot be used."""
    batch = floor.batches.get(intent.batch)
    if batch is None or batch.stage not in BEFORE_CHARGE:
        return ()
    if batch.stage is Stage.SOAK_ASSIGNED and not floor.machines[batch.soak_machine].takes_work:
        return (f.SoakPositionLost(world.now, batch.case, batch.id, batch.soak_machine),)
    if batch.pot and not promising(floor, batch.pot):
        return (f.PotLost(world.now, batch.case, batch.id, batch.pot),)
    return ()


def clean_machine(floor: Floor, intent: CleanMachine, world: World) -> tuple[f.Fact, ...]:
    """Stop what still runs for a batch that has left, then rinse or flush, then free the machine."""
    machine = floor.machines.get(intent.machine)
    if machine is None or not machine.batch:
        return ()
    if machine.kind == "soaking" and machine.pending is None and not machine.fault:
        return (f.MachineFreed(world.now, machine.id),)
    if not machine.reachable:
        return ()
    if machine.pending is not None or _is_at_work(machine, world) or machine.fault:
        return _stop(floor, machine, world)
    if not has_left(floor, machine.batch, machine.id):  # people are still taking it out
        return ()
    case = _case_of(floor, machine)
    table = world.book.recipes
    moved = f".moved.{machine.given_up}" if machine.given_up else ""
    step = f"{'rinse' if machine.kind == 'decoction' else 'flush'}{moved}.{machine.rinses + 1}"
    if machine.kind == "decoction":
        amount = {"hold_s": table.rinse_minutes * 60, "rinse_centi_c": round(table.rinse_celsius * 100)}
        return (issue(machine, machine.batch, case, "rinse", step, amount, world),)
    return (issue(machine, machine.batch, case, "flush", step, {"water_ml": table.flush_ml}, world),)


def _is_at_work(machine: Equipment, world: World) -> bool:
    """Say whether the machine carries out something; one that names no orders may do so without one of ours."""
    if world.book.machines[machine.id].names_orders:
        return machine.order_status is OrderStatus.RUNNING
    return machine.state is State.EXECUTE


def _stop(floor: Floor, machine: Equipment, world: World) -> tuple[f.Fact, ...]:
    if machine.pending is not None and machine.pending.verb in CLEANING:
        return ()
    return (stop_order(machine, _case_of(floor, machine), world),)


def _case_of(floor: Floor, machine: Equipment) -> str:
    batch = floor.batches.get(machine.batch)
    return batch.case if batch is not None else machine.id
