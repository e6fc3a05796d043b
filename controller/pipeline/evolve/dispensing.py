"""A batch is opened and its herbs are weighed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.batch import Batch, BoilRecord, Stage, Weighing
from controller.model.case import Status
from controller.pipeline.evolve import touch
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def opened(floor: Floor, fact: f.BatchOpened) -> Floor:
    """Open a batch for a prescription."""
    batch = Batch(
        id=fact.batch,
        case=fact.case,
        attempt=fact.attempt,
        opened_at=fact.at,
        rank=fact.rank,
        plan=fact.plan,
        stage=Stage.DISPENSING,
        packets=fact.packets,
        weighings=tuple(Weighing() for _ in fact.plan.items),
        boils=tuple(BoilRecord(boil.name, boil.minutes * 60) for boil in fact.plan.boils),
        replaces=fact.replaces,
    )
    floor = put(floor, "batch", batch.id, batch)
    case = floor.cases.get(fact.case)
    if case is None:
        return floor
    return touch.case(
        floor,
        fact.case,
        status=Status.APPROVED if not fact.replaces else Status.DISPENSING,
        batch=fact.batch,
        batches=(*case.batches, fact.batch),
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        held=False,
        late=False,
    )


def drawn(floor: Floor, fact: f.DrawerScanned) -> Floor:
    """Enter the lot that a herb is taken from."""

    def change(batch: Batch) -> Batch:
        weighings = list(batch.weighings)
        old = weighings[fact.item]
        weighings[fact.item] = replace(old, lot=fact.lot, drawer=fact.drawer, by=fact.by)
        return replace(batch, weighings=tuple(weighings), dispensers=touch.with_(batch.dispensers, fact.by))

    return touch.batch_by(floor, fact.batch, change)


def weighed(floor: Floor, fact: f.HerbWeighed) -> Floor:
    """Enter the weight of a herb."""

    def change(batch: Batch) -> Batch:
        weighings = list(batch.weighings)
        old = weighings[fact.item]
        weighings[fact.item] = replace(old, grams=(*old.grams, fact.grams), by=fact.by, done=fact.done)
        return replace(batch, weighings=tuple(weighings), dispensers=touch.with_(batch.dispensers, fact.by))

    return touch.batch_by(floor, fact.batch, change)


def after_verification(batch: Batch) -> Stage:
    """Return where a batch goes from the check: what is not decocted is ready."""
    return Stage.VERIFIED if batch.plan.decocted else Stage.QUALITY_CHECK
