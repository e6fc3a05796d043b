"""Which pot and which soaking position a batch has, and which it lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.batch import Stage
from controller.pipeline.evolve import touch

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def soak_assigned(floor: Floor, fact: f.SoakAssigned) -> Floor:
    """Take a soaking position and reserve a pot."""
    floor = touch.machine(floor, fact.machine, batch=fact.batch)
    floor = touch.batch(floor, fact.batch, stage=Stage.SOAK_ASSIGNED, soak_machine=fact.machine)
    return reserved(floor, fact.batch, fact.pot, fact.pot_free_at)


def position_lost(floor: Floor, fact: f.SoakPositionLost) -> Floor:
    """Give up position and pot: another will be found."""
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    floor = touch.machine(unreserved(floor, batch.pot, batch.id), fact.machine, batch="")
    return touch.batch(floor, batch.id, stage=Stage.VERIFIED, soak_machine="", pot="")


def unreserved(floor: Floor, pot: str, batch: str) -> Floor:
    """Give up the reservation of a pot, if it is this batch's."""
    return touch.machine_by(floor, pot, lambda m: replace(m, next_batch="") if m.next_batch == batch else m)


def reserved(floor: Floor, key: str, pot: str, free_at: int) -> Floor:
    """Reserve a pot in place of the one reserved before."""
    batch = floor.batches.get(key)
    if batch is not None and batch.pot and batch.pot != pot:
        floor = unreserved(floor, batch.pot, key)
    floor = touch.machine_by(floor, pot, lambda m: replace(m, next_batch=key, free_at=max(m.free_at, free_at)))
    return touch.batch(floor, key, pot=pot)


def charged(floor: Floor, fact: f.PailCharged) -> Floor:
    """Put the pail into its pot."""
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    busy_ms = batch.plan.pot_minutes * 60_000
    floor = touch.machine(floor, fact.pot, batch=fact.batch, next_batch="", clean=False, free_at=fact.at + busy_ms)
    return touch.batch(
        floor,
        fact.batch,
        stage=Stage.CHARGED,
        pot=fact.pot,
        charged_at=fact.at,
        operators=touch.with_(batch.operators, fact.by),
    )


def emptied(floor: Floor, fact: f.PotEmptied) -> Floor:
    """Take the batch out of its pot, to be carried to another."""
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    moves, operators = batch.moves + 1, touch.with_(batch.operators, fact.by)
    floor = touch.machine(floor, fact.pot, given_up=moves)
    return touch.batch(floor, batch.id, stage=Stage.CARRIED, pot="", pail=fact.pail, moves=moves, operators=operators)
