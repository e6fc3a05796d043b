"""When a boil that has begun will end, and between which minutes the late herbs go in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.plan import MAIN
from controller.pipeline.decide.hopper import drops_late_herbs

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.equipment import Equipment
    from controller.model.intents import ReportMachine
    from controller.model.world import World

_MINUTE_MS = 60_000


def in_plant_time(at: int, intent: ReportMachine, world: World) -> int:
    """Return an instant of a machine's clock in plant time; a clock that is off by more than g only says how long ago it was."""
    off_ms = world.now - intent.at
    return at if abs(off_ms) <= world.book.grace_s[intent.machine] * 1000 else at + off_ms


def boil_began(batch: Batch, machine: Equipment, began_at: int, world: World) -> f.BoilBegan:
    """Publish the planned end and, where herbs come late, the window that people can walk to."""
    record, pending = batch.boils[batch.boil], machine.pending
    hold_s = pending.parameters["hold_s"] if pending else record.required_s
    ends_at = began_at + hold_s * 1000
    opens_at = closes_at = 0
    late = batch.plan.late_minutes
    carried = not drops_late_herbs(batch, world.book)
    if late is not None and carried and record.name == MAIN and not batch.late_at and not batch.late_missed:
        grace_ms = round(world.book.grace_s[machine.id] * 1000)
        opens_at = ends_at - late[1] * _MINUTE_MS - grace_ms
        closes_at = ends_at - late[0] * _MINUTE_MS + grace_ms
    return f.BoilBegan(world.now, batch.case, batch.id, record.name, began_at, ends_at, opens_at, closes_at)
