"""Deadlines that have come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import BEFORE_CHARGE, SOAKED_TOO_LONG, Cause
from controller.pipeline.decide.advance import miss_window
from controller.pipeline.decide.alarms import due, raised
from controller.pipeline.decide.placing import DEVIATION, placed

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.world import World

_MOST = 200


def tick(floor: Floor, world: World) -> tuple[f.Fact, ...]:
    """Act on every deadline up to now, a bounded number at a time."""
    facts: list[f.Fact] = []
    for comes_at, key in floor.deadlines:
        if comes_at > world.now or len(facts) >= _MOST:
            break
        kind, _, which = key.partition("|")
        if kind == "case":
            case = floor.cases[which]
            facts.append(f.PromiseMissed(world.now, case.id))
            facts += raised(floor, "promise-missed", case.id, world, case.prescription.prescription_no)
        elif kind == "alarm":
            facts += due(floor, floor.alarms[which], world)
        elif (batch := floor.batches[which]).stage in BEFORE_CHARGE:
            facts += placed(floor, batch, SOAKED_TOO_LONG, Cause.PERSON, DEVIATION, world, batch.soak_machine)
        else:
            facts += miss_window(floor, batch, world)
    return tuple(facts)
