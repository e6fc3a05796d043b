"""Raise an alarm once, clear it once, acknowledge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.alarm import Priority
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import refuse_actor

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import AcknowledgeAlarm
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_PRIORITIES = {
    "fault": Priority.HIGH,
    "boot": Priority.HIGH,
    "unknown": Priority.HIGH,
    "mode": Priority.MEDIUM,
    "link-stale": Priority.MEDIUM,
    "zone-excursion": Priority.HIGH,
    "rinse-cold": Priority.MEDIUM,
    "batch-held": Priority.MEDIUM,
    "promise-missed": Priority.LOW,
}


def raised(floor: Floor, rule: str, source: str, world: World, detail: str = "") -> tuple[f.Fact, ...]:
    """Raise an alarm where it is not active already."""
    key = f"{rule}:{source}"
    old = floor.alarms.get(key)
    if old is not None and old.active:
        return ()
    return (f.AlarmRaised(world.now, key, rule, source, _PRIORITIES[rule], detail),)


def cleared(floor: Floor, rule: str, source: str, world: World) -> tuple[f.Fact, ...]:
    """Clear an alarm where it is active."""
    key = f"{rule}:{source}"
    alarm = floor.alarms.get(key)
    return (f.AlarmCleared(world.now, key),) if alarm is not None and alarm.active else ()


def acknowledge(floor: Floor, intent: AcknowledgeAlarm, world: World) -> Decision:
    """Note that a person has seen an alarm."""
    if no := refuse_actor(floor, intent.actor, *Role):
        return no
    alarm = floor.alarms.get(intent.alarm)
    if alarm is None:
        return Refusal("not-found", {"id": intent.alarm})
    if alarm.acknowledged_by:
        return Refusal("already-done", {"alarm": alarm.id})
    return (f.AlarmAcknowledged(world.now, alarm.id, intent.actor),)
