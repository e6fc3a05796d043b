"""What a fact sets going: inner intents, looking only at what the fact touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import AFTER_PACKER, AFTER_POT, BEFORE_CHARGE, Stage
from controller.model.intents import Advance, CleanMachine, FillSoaks, Hush, InnerIntent, Rehouse
from devices.model import Mode, OrderStatus, RefusedReason

if TYPE_CHECKING:
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor

PATIENCE = 3
"""Cleanings in vain before somebody is called."""
_MOVES_BATCH = (
    f.PailPlaced,
    f.PailCharged,
    f.OrderFinished,
    f.OrderAttested,
    f.OrderDropped,
    f.BoilSettled,
    f.MainAdded,
    f.HopperLoaded,
    f.LateAdded,
    f.SeparateAttested,
    f.DeficitOrdered,
    f.HoldEnded,
    f.BatchReleased,
    f.BagBoxed,
)


def react(floor: Floor, fact: f.Fact) -> tuple[InnerIntent, ...]:
    """Return what must be looked at again after `fact`."""
    match fact:
        case f.BatchVerified() | f.SoakAssigned() | f.SoakPositionLost() | f.PotLost() | f.PotReserved():
            return (FillSoaks(),)
        case f.HoldPlaced():
            return _after_hold(floor, fact.batch)
        case f.HoldEnded():
            return (Advance(fact.batch), FillSoaks())
        case f.MachineFreed():
            return (*_after_freeing(floor, fact.machine), *_hush(floor, fact.machine))
        case f.MachineLinked():
            return _after_sight(floor, fact.machine)
        case f.MachineEnrolled():
            return (*_after_enrolment(floor, fact.machine), *_after_sight(floor, fact.machine))
        case f.MachineObserved() | f.MachineTakenOut() | f.MachinePutBack():
            put_back = isinstance(fact, f.MachinePutBack)
            return (*_after_sight(floor, fact.machine, put_back=put_back), *_hush(floor, fact.machine))
        case f.BatchScrapped():
            return _after_scrapping(floor, fact.batch)
        case f.BatchPacked() | f.PackingBegan() | f.MoveOrdered() | f.PotEmptied() | f.PackerAwaited():
            return _after_leaving(floor, fact)
        case f.OrderFinished() | f.OrderAttested() | f.OrderDropped():
            return () if _is_pointless(floor, fact) else _after_order(floor, fact.machine, fact.batch)
        case _ if isinstance(fact, _MOVES_BATCH):
            return (Advance(fact.batch),)
        case _:
            return ()


def _after_leaving(
    floor: Floor, fact: f.BatchPacked | f.PackingBegan | f.MoveOrdered | f.PotEmptied | f.PackerAwaited
) -> tuple[InnerIntent, ...]:
    """Clean what the batch has left, and stop what it is about to leave; a packer that it gave back is for the next."""
    batch = floor.batches.get(fact.batch)
    match fact:
        case f.BatchPacked():
            return (CleanMachine(batch.packer),) if batch and batch.packer else ()
        case f.PackingBegan():
            return (Advance(fact.batch), CleanMachine(batch.pot)) if batch else ()
        case f.MoveOrdered() | f.PotEmptied():
            return (CleanMachine(fact.pot), FillSoaks())
        case f.PackerAwaited():
            packer = floor.machines.get(fact.packer)
            return _wake(floor, packer) if packer is not None and not packer.batch else ()


def _after_freeing(floor: Floor, key: str) -> tuple[InnerIntent, ...]:
    machine = floor.machines.get(key)
    if machine is not None and machine.waiting:
        return _wake(floor, machine)
    return (FillSoaks(),)


def _wake(floor: Floor, packer: Equipment) -> tuple[InnerIntent, ...]:
    batch = next_in_line(floor, packer)
    return (Advance(batch),) if batch else ()


def next_in_line(floor: Floor, packer: Equipment) -> str:
    """Return the batch that a packer takes next. Empty where none waits.

    One that is held, or in a pot that cannot drain now, keeps its place and holds nobody up.
    """
    waiting = (floor.batches[key] for key in packer.waiting)
    return next((batch.id for batch in waiting if not batch.held and floor.machines[batch.pot].usable), "")


def _after_hold(floor: Floor, key: str) -> tuple[InnerIntent, ...]:
    """Find another pot for what waits behind a batch that nobody knows the end of, and let others to the packer."""
    batch = floor.batches.get(key)
    if batch is None:
        return ()
    pot, packer = floor.machines.get(batch.pot), floor.machines.get(batch.awaits)
    inner: list[InnerIntent] = []
    if pot is not None and pot.batch == key and pot.next_batch:
        inner.append(Rehouse(pot.next_batch))
    if packer is not None and not packer.batch:
        inner += _wake(floor, packer)
    if batch.packer:
        inner.append(Advance(key))
    return tuple(inner)


def _after_sight(floor: Floor, key: str, *, put_back: bool = False) -> tuple[InnerIntent, ...]:
    """Wake what waits for a machine that can be used again, or find another pot for what cannot wait.

    `put_back`: a person says that it can be used.
    """
    machine = floor.machines.get(key)
    if machine is None:
        return ()
    inner: list[InnerIntent] = []
    if not machine.takes_work:
        inner += [Rehouse(batch) for batch in (machine.next_batch, machine.batch) if batch]
    left = has_left(floor, machine.batch, key) and (put_back or not _fails_to_clean(machine))
    if machine.batch and (left or floor.batches[machine.batch].stage is Stage.MOVING):
        inner.append(CleanMachine(key))
    if not machine.usable:
        return tuple(inner)
    if machine.batch and machine.pending is None:
        inner.append(Advance(machine.batch))
    if not machine.takes_work:
        return tuple(inner)
    if not machine.batch:
        inner += _wake(floor, machine)
    if machine.kind in ("soaking", "decoction"):
        inner.append(FillSoaks())
    return tuple(inner)


def _after_enrolment(floor: Floor, key: str) -> tuple[InnerIntent, ...]:
    """Look whether what has reserved a pot may still wait for it."""
    machine = floor.machines.get(key)
    return (Rehouse(machine.next_batch),) if machine is not None and machine.next_batch else ()


def _hush(floor: Floor, key: str) -> tuple[InnerIntent, ...]:
    """Look at what the state of a machine makes needless; an alarm may be among the facts that come with this one."""
    machine = floor.machines.get(key)
    quiet = machine is not None and (machine.out_by or machine.mode is not Mode.PRODUCE)
    return (Hush(key),) if floor.alarms or quiet else ()


def is_inside(floor: Floor, machine: Equipment) -> bool:
    """Say whether what a machine is booked for is its own to tend: not before the pail is placed, not once people take it out."""
    batch = floor.batches.get(machine.batch)
    outside = (Stage.SOAK_ASSIGNED, Stage.MOVING)
    return batch is not None and batch.stage not in outside and not has_left(floor, batch.id, machine.id)


def has_left(floor: Floor, batch_id: str, machine: str) -> bool:
    """Say whether the batch that a machine is booked for is no longer in it, so that only cleaning is left."""
    batch = floor.batches.get(batch_id)
    if batch is None:
        return True
    if machine == batch.pot:  # it may be the one it was carried out of
        return batch.stage in AFTER_POT | BEFORE_CHARGE
    if machine == batch.packer:
        return batch.stage in AFTER_PACKER
    return machine != batch.soak_machine


def _after_scrapping(floor: Floor, key: str) -> tuple[InnerIntent, ...]:
    return tuple(CleanMachine(machine) for machine in floor.booked.get(key, ()))


def _fails_to_clean(machine: Equipment) -> bool:
    """Say whether cleanings broke off in vain and nobody has looked yet: only a person or a boot begins anew."""
    return machine.rinses >= PATIENCE and (machine.order_status is OrderStatus.FAILED or machine.fault != 0)


def _is_pointless(floor: Floor, ended: f.OrderFinished | f.OrderAttested | f.OrderDropped) -> bool:
    """Say whether an order was not done that, asked again at once, would be so without end: a stop, or one cleaning of many.

    A number that is used up is neither.
    """
    machine = floor.machines.get(ended.machine)
    if machine is None or not isinstance(ended, f.OrderDropped) or ended.outcome not in ("refused", "failed"):
        return False
    if ended.outcome == "failed":
        return machine.rinses >= PATIENCE and not ended.step.startswith("stop.")
    if ended.detail == RefusedReason.DUPLICATE.name.lower():
        return False
    return machine.rinses >= PATIENCE or ended.step.startswith("stop.")


def _after_order(floor: Floor, key: str, batch: str) -> tuple[InnerIntent, ...]:
    if has_left(floor, batch, key):
        return (CleanMachine(key),)
    return (Advance(batch),)
