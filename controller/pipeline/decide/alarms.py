"""Alarms: raised once, cleared once, said again until acknowledged, escalated; shelved by name until a time.

`raised` and `cleared` say what a condition does; delays, latches and suppression are the table's. `due` is the clock's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.alarm import CALLING, AlarmState, Quiet
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import DESKS, refuse_actor, refuse_station
from controller.pipeline.react import is_inside
from devices.model import Mode

if TYPE_CHECKING:
    from controller.model.alarm import Alarm
    from controller.model.floor import Floor
    from controller.model.intents import AcknowledgeAlarm, ShelveAlarm, UnshelveAlarm
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_MINUTE_MS = 60_000
_BY_HAND = (Mode.MAINTENANCE, Mode.MANUAL)


def raised(
    floor: Floor, rule: str, source: str, world: World, detail: str = "", suppressed_by: str = ""
) -> tuple[f.Fact, ...]:
    """Say that a condition holds: its alarm is raised where it does not stand already, at once or when the condition lasts."""
    key = f"{rule}:{source}"
    old = floor.alarms.get(key)
    if old is not None and old.active:
        return (f.AlarmRecurred(world.now, key, detail),) if old.returned_at else ()
    if old is not None and old.awaited_until:
        return ()
    table = world.book.alarms.rules[rule]
    if table.on_delay_s:
        until = world.now + table.on_delay_s * 1000
        return (f.AlarmAwaited(world.now, key, rule, source, table.priority, detail, until),)
    return (_raise(floor, rule, source, world, detail, suppressed_by),)


def _raise(floor: Floor, rule: str, source: str, world: World, detail: str, suppressed_by: str = "") -> f.AlarmRaised:
    priority = world.book.alarms.rules[rule].priority
    by = suppressed_by or quiet(floor, rule, source, world)
    return f.AlarmRaised(world.now, f"{rule}:{source}", rule, source, priority, detail, by, *calls(rule, world))


def cleared(floor: Floor, rule: str, source: str, world: World) -> tuple[f.Fact, ...]:
    """Say that a condition is over: its alarm goes, or stands until it has stayed over, or until somebody has seen it."""
    alarm = floor.alarms.get(f"{rule}:{source}")
    if alarm is None or not (alarm.active or alarm.awaited_until) or alarm.returned_at:
        return ()
    table = world.book.alarms.rules[rule]
    if alarm.active and not alarm.suppressed_by and not alarm.out_by:
        if table.latched and not alarm.acknowledged_by:
            return (f.AlarmReturned(world.now, alarm.id, 0),)
        if table.off_delay_s:
            return (f.AlarmReturned(world.now, alarm.id, world.now + table.off_delay_s * 1000),)
    return (_clear(alarm, world),)


def _clear(alarm: Alarm, world: World) -> f.AlarmCleared:
    return f.AlarmCleared(world.now, alarm.id, alarm.raised_at if alarm.active else 0)


def calls(rule: str, world: World) -> tuple[int, int]:
    """Return when an alarm that begins to call people now is said again, and when the next is called (0: there is none)."""
    table = world.book.alarms
    minute_ms = _MINUTE_MS * world.book.speed
    later = len(table.rules[rule].calls) > 1
    repeats_at = world.now + table.repeat_minutes[table.rules[rule].priority] * minute_ms
    return repeats_at, world.now + table.rules[rule].respond_minutes * minute_ms if later else 0


def quiet(floor: Floor, rule: str, source: str, world: World) -> str:
    """Return the state of a machine that makes this alarm of it needless; empty where none does, or medicine is in it."""
    machine = floor.machines.get(source)
    during = world.book.alarms.rules[rule].quiet_during
    if machine is None or not during or is_inside(floor, machine):
        return ""
    if machine.out_by and Quiet.OUT_OF_SERVICE in during:
        return Quiet.OUT_OF_SERVICE
    return Quiet.MAINTENANCE if machine.mode in _BY_HAND and Quiet.MAINTENANCE in during else ""


def is_active(floor: Floor, key: str) -> bool:
    """Say whether an alarm stands."""
    alarm = floor.alarms.get(key)
    return alarm is not None and alarm.active


def due(floor: Floor, alarm: Alarm, world: World) -> tuple[f.Fact, ...]:
    """Do what the time has come for: the shelf ends, the condition has lasted or stayed over, people are called again."""
    now = world.now
    if 0 < alarm.shelved_until <= now:
        return (f.AlarmUnshelved(now, alarm.id, "", *calls(alarm.rule, world)),)
    if 0 < alarm.awaited_until <= now:
        return (_raise(floor, alarm.rule, alarm.source, world, alarm.detail),)
    if 0 < alarm.clears_at <= now:
        return (_clear(alarm, world),)
    return _called_again(alarm, world) if alarm.state in CALLING else ()


def _called_again(alarm: Alarm, world: World) -> tuple[f.Fact, ...]:
    table, facts = world.book.alarms.rules[alarm.rule], list[f.Fact]()
    repeats_at, calls_at = calls(alarm.rule, world)
    if 0 < alarm.calls_at <= world.now:
        step = alarm.called + 1
        after = calls_at if step + 1 < len(table.calls) else 0
        facts.append(f.AlarmEscalated(world.now, alarm.id, step, table.calls[min(step, len(table.calls) - 1)], after))
    if 0 < alarm.repeats_at <= world.now:
        facts.append(f.AlarmRepeated(world.now, alarm.id, alarm.repeats + 1, repeats_at))
    return tuple(facts)


def acknowledge(floor: Floor, intent: AcknowledgeAlarm, world: World) -> Decision:
    """Note that a person has seen an alarm; one that was only waiting for that goes."""
    if no := refuse_actor(floor, intent.actor, *Role):
        return no
    alarm = floor.alarms.get(intent.alarm)
    if alarm is None or not alarm.raised_at:
        return Refusal("not-found", {"id": intent.alarm})
    if alarm.acknowledged_by:
        return Refusal("already-done", {"alarm": alarm.id})
    seen = f.AlarmAcknowledged(world.now, alarm.id, intent.actor)
    return (seen, _clear(alarm, world)) if alarm.active and alarm.latched else (seen,)


def shelve(floor: Floor, intent: ShelveAlarm, world: World) -> Decision:
    """Put an alarm aside for some minutes, by name and with a reason; what is about safety never."""
    found = _shelf(floor, intent, world)
    if isinstance(found, Refusal):
        return found
    if not world.book.alarms.rules[found.rule].shelvable:
        return Refusal("alarm-not-shelvable", {"alarm": found.id, "rule": found.rule})
    if found.state in (AlarmState.SHLVD, AlarmState.OOSRV):
        return Refusal("already-done", {"alarm": found.id})
    longest = world.book.alarms.longest_shelf_minutes
    if not 1 <= intent.minutes <= longest:
        return Refusal("shelf-too-long", {"alarm": found.id, "minutes": intent.minutes, "longest": longest})
    if not intent.note:
        return Refusal("reason-missing", {"alarm": found.id})
    until = world.now + intent.minutes * _MINUTE_MS
    return (f.AlarmShelved(world.now, found.id, intent.actor, until, intent.note),)


def unshelve(floor: Floor, intent: UnshelveAlarm, world: World) -> Decision:
    """Take an alarm from the shelf before its time; whoever does that has seen it."""
    found = _shelf(floor, intent, world)
    if isinstance(found, Refusal):
        return found
    if not found.shelved_until:
        return Refusal("already-done", {"alarm": found.id})
    off = f.AlarmUnshelved(world.now, found.id, intent.actor)
    return (off, _clear(found, world)) if found.active and found.latched else (off,)


def _shelf(floor: Floor, intent: ShelveAlarm | UnshelveAlarm, world: World) -> Alarm | Refusal:
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(world, intent.station, *DESKS):
        return no
    alarm = floor.alarms.get(intent.alarm)
    return alarm if alarm is not None and alarm.raised_at else Refusal("not-found", {"id": intent.alarm})
