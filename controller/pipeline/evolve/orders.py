"""What an order does to its machine and its batch, from its issue to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Batch, Stage
from controller.pipeline.evolve import touch

if TYPE_CHECKING:
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor

CLEANING = ("rinse", "flush", "stop")


def issued(floor: Floor, fact: f.OrderIssued) -> Floor:
    """Let an order wait for its machine and its batch for the order."""
    order = fact.order
    floor = touch.machine_by(
        floor,
        fact.machine,
        lambda m: replace(
            m,
            next_order=max(m.next_order, fact.number + 1),
            pending=order,
            accepted=False,
            recalled=False,
            begun_at=0,
            begun_by="",
            rinses=m.rinses + (fact.verb in CLEANING and fact.verb != "stop"),
        ),
    )
    if fact.verb in CLEANING:
        return floor
    return touch.batch(floor, fact.batch, order=fact.number, order_machine=fact.machine, order_step=fact.step)


def accepted(floor: Floor, fact: f.OrderAccepted) -> Floor:
    """Let the machine work, or whoever began it by hand."""
    if not fact.by:
        return touch.machine(floor, fact.machine, accepted=True)
    floor = touch.machine(floor, fact.machine, accepted=True, begun_at=fact.at, begun_by=fact.by)
    machine = floor.machines.get(fact.machine)
    return touch.worked(floor, fact.batch, fact.by) if machine is not None and machine.by_hand else floor


def finished(floor: Floor, fact: f.OrderFinished | f.OrderAttested) -> Floor:
    """End an order that was done, and take its batch on."""
    machine = floor.machines.get(fact.machine)
    floor = touch.machine(floor, fact.machine, pending=None, accepted=False, recalled=False, begun_at=0, begun_by="")

    def change(batch: Batch) -> Batch:
        if (batch.order, batch.order_machine) != (fact.number, fact.machine):
            return batch
        done = _worked(replace(at_rest(batch), done_step=fact.step), fact, machine)
        if fact.step.startswith("charge"):
            return replace(done, stage=Stage.BOILED if done.boils[done.boil].settled else Stage.BOILING)
        if fact.step.startswith("drain."):
            return _drained(done, fact)
        if fact.step.startswith("concentrate"):
            return replace(done, stage=Stage.CONCENTRATED)
        return done

    return touch.batch_by(floor, fact.batch, change)


def _drained(batch: Batch, fact: f.OrderFinished | f.OrderAttested) -> Batch:
    """Go on after a drain: into the receiver between decoctions and before concentrating, else to the packer."""
    collects = batch.plan.concentrate_ml and batch.stage is Stage.BOILED
    value_ml = fact.value if isinstance(fact, f.OrderFinished) else 0
    if batch.last_boil and not collects:
        return replace(batch, stage=Stage.DRAINED, to_packer_ml=value_ml)
    batch = replace(batch, liquids=(*batch.liquids, value_ml))
    if batch.last_boil:
        return replace(batch, stage=Stage.COLLECTED)
    return replace(batch, stage=Stage.BOILING, boil=batch.boil + 1)


def _worked(batch: Batch, fact: f.OrderFinished | f.OrderAttested, machine: Equipment | None) -> Batch:
    """Enter who worked a machine by hand, and the minutes at the boil on that word."""
    if isinstance(fact, f.OrderFinished) or machine is None or not machine.by_hand:
        return batch
    batch = replace(batch, operators=touch.with_(batch.operators, fact.by))
    if machine.pending is None or machine.pending.verb != "decoct":
        return batch
    boils = tuple(
        replace(record, attested_s=fact.seconds) if index == batch.boil else record
        for index, record in enumerate(batch.boils)
    )
    return replace(batch, boils=boils)


def dropped(floor: Floor, fact: f.OrderDropped) -> Floor:
    """End an order that came to nothing."""
    floor = touch.machine_by(
        floor,
        fact.machine,
        lambda m: (
            replace(m, pending=None, accepted=False, recalled=False, begun_at=0, begun_by="")
            if m.pending and m.pending.number == fact.number
            else m
        ),
    )
    return touch.batch_by(
        floor,
        fact.batch,
        lambda b: (
            replace(at_rest(b), interrupted=_interrupted(b, fact))
            if (b.order, b.order_machine) == (fact.number, fact.machine)
            else b
        ),
    )


def at_rest(batch: Batch) -> Batch:
    """Return the batch without its order; the add-late window that a boil opened closes with the boil."""
    boils = tuple(replace(record, opens_at=0, closes_at=0) for record in batch.boils)
    return replace(batch, order=0, order_machine="", order_step="", boils=boils)


def _interrupted(batch: Batch, fact: f.OrderDropped) -> str:
    """Return the step that began and did not end; an order that never began leaves no trace in the machine."""
    return fact.step.partition(".again.")[0] if fact.outcome in ("failed", "abandoned") else batch.interrupted
