"""A batch stops, goes on, goes on without a step, or is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.batch import Batch, Deviation, Stage
from controller.pipeline.evolve import pots, touch
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def ended(floor: Floor, fact: f.HoldEnded) -> Floor:
    """End a hold; what a person has had repeated is counted."""
    repeats = 1 if fact.choice in ("continue", "migrate", "retry") and fact.by else 0
    return touch.batch_by(
        floor,
        fact.batch,
        lambda b: replace(b, holds=tuple(h for h in b.holds if h.reason != fact.reason), repeats=b.repeats + repeats),
    )


def skipped(batch: Batch, fact: f.StepSkipped) -> Batch:
    """Go on as if the step were done, with the deviation that it was not."""
    deviation = Deviation(f"skipped-{fact.step}", fact.at, fact.note, fact.by, fact.at)
    return replace(
        batch,
        stage=Stage.CONCENTRATED,
        skipped=(*batch.skipped, fact.step),
        deviations=(*batch.deviations, deviation),
    )


def scrapped(floor: Floor, fact: f.BatchScrapped) -> Floor:
    """Give up a batch, and with it the pot and the place in line that it had."""
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    floor = pots.unreserved(floor, batch.pot, batch.id)
    pot = floor.machines.get(batch.pot)
    if pot is not None and pot.pending is None and not pot.batch:
        floor = touch.machine(floor, batch.pot, free_at=fact.at)
    if batch.awaits:
        floor = touch.machine_by(floor, batch.awaits, lambda m: replace(m, waiting=touch.without(m.waiting, batch.id)))
    floor = put(floor, "batch", batch.id, replace(batch, stage=Stage.SCRAPPED, holds=()))
    return touch.case(floor, fact.case, held=False, batch="")
