"""One boil of a batch: what was measured, and what is still owed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.model.batch import BoilRecord, Stage
from controller.model.plan import AHEAD
from controller.pipeline.evolve import touch

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def boil(floor: Floor, key: str, name: str, **changes: Any) -> Floor:
    """Set fields of one boil of a batch."""
    return touch.batch_by(
        floor,
        key,
        lambda b: replace(b, boils=tuple(replace(r, **changes) if r.name == name else r for r in b.boils)),
    )


def settled(floor: Floor, fact: f.BoilSettled) -> Floor:
    """End a boil: its minutes are reached."""
    floor = boil(floor, fact.batch, fact.name, settled=True)
    return touch.batch(floor, fact.batch, stage=Stage.MAIN_WAITS if fact.name in AHEAD else Stage.BOILED)


def deficit(floor: Floor, fact: f.DeficitOrdered) -> Floor:
    """Close what was boiled so far and begin to count what is missing."""

    def close(record: BoilRecord) -> BoilRecord:
        return replace(
            record,
            closed_credit_s=record.total_credit_s,
            closed_covered_s=record.total_covered_s,
            closed_counter_s=record.total_counter_s,
            credit_s=0.0,
            covered_s=0.0,
            counter_s=0.0,
            measured_at=0,
            began_at=0,
            ends_at=0,
            deficits=record.deficits + 1,
        )

    return touch.batch_by(
        floor,
        fact.batch,
        lambda b: replace(b, boils=tuple(close(r) if r.name == fact.name else r for r in b.boils)),
    )


def main_added(floor: Floor, fact: f.MainAdded) -> Floor:
    """Begin the main boil: the other herbs are in."""
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    return touch.worked(floor, fact.batch, fact.by, main_added_at=fact.at, stage=Stage.BOILING, boil=batch.boil + 1)
