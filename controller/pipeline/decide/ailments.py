"""What ails the process that runs the line is told like any other trouble: as an alarm that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.pipeline.decide.alarms import cleared, raised

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor
    from controller.model.intents import ReportSelf
    from controller.model.world import World


def report_self(floor: Floor, intent: ReportSelf, world: World) -> tuple[f.Fact, ...]:
    """Raise or clear the alarm of an ailment."""
    rule = intent.ailment.value
    if intent.detail:
        return raised(floor, rule, intent.source, world, intent.detail)
    return cleared(floor, rule, intent.source, world)
