"""What ails the process that runs the line is told like any other trouble: as an alarm that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.alarm import Ailment
from controller.pipeline.decide.alarms import cleared, raised

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor
    from controller.model.intents import ReportSelf
    from controller.model.world import World

_SOURCE = "line"


def report_self(floor: Floor, intent: ReportSelf, world: World) -> tuple[f.Fact, ...]:
    """Raise or clear the alarm of an ailment."""
    match intent.ailment:
        case Ailment.LOOP_LATE:
            rule = "loop-late"
        case Ailment.INTERNAL_ERROR:
            rule = "internal-error"
        case Ailment.DISK_LOW:
            rule = "disk-low"
        case Ailment.COMMIT_SLOW:
            rule = "commit-slow"
    if intent.detail:
        return raised(floor, rule, _SOURCE, world, intent.detail)
    return cleared(floor, rule, _SOURCE, world)
