"""Alarms: raised once, cleared once, acknowledged; shelved by name until a time; many lost links said once, by the first."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.alarm import AlarmState
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import DESKS, refuse_actor, refuse_station

if TYPE_CHECKING:
    from controller.model.alarm import Alarm
    from controller.model.floor import Floor
    from controller.model.intents import AcknowledgeAlarm, ShelveAlarm, UnshelveAlarm
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_LINK, _LINKS = "link-stale", "links-lost"
_GROUP = f"{_LINKS}:line"
_MINUTE_MS = 60_000


def raised(
    floor: Floor, rule: str, source: str, world: World, detail: str = "", suppressed_by: str = ""
) -> tuple[f.Fact, ...]:
    """Raise an alarm where it is not active already."""
    key = f"{rule}:{source}"
    old = floor.alarms.get(key)
    if old is not None and old.active:
        return ()
    priority = world.book.alarms.rules[rule].priority
    return (f.AlarmRaised(world.now, key, rule, source, priority, detail, suppressed_by),)


def cleared(floor: Floor, rule: str, source: str, world: World) -> tuple[f.Fact, ...]:
    """Clear an alarm where it is active."""
    key = f"{rule}:{source}"
    alarm = floor.alarms.get(key)
    return (f.AlarmCleared(world.now, key),) if alarm is not None and alarm.active else ()


def link_lost(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Raise the alarm of a lost link; from a certain number on one alarm for all, which names the first that was lost."""
    many = world.book.alarms.group_links_from
    if _is_active(floor, _GROUP):
        return raised(floor, _LINK, machine, world, suppressed_by=_GROUP)
    if len(floor.lost_links) + 1 < many:
        return raised(floor, _LINK, machine, world)
    first = floor.lost_links.first()
    said = tuple(
        f.AlarmSuppressed(world.now, alarm, _GROUP)
        for alarm in (f"{_LINK}:{other}" for _, other in islice(floor.lost_links, many))
        if _is_active(floor, alarm)
    )
    group = raised(floor, _LINKS, "line", world, machine if first is None else first[1])
    return (*group, *said, *raised(floor, _LINK, machine, world, suppressed_by=_GROUP))


def link_back(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Clear the alarm of a link that is back; with the last of many theirs too, and what is left speaks for itself again."""
    own = cleared(floor, _LINK, machine, world)
    left = [other for _, other in islice(floor.lost_links, world.book.alarms.group_links_from) if other != machine]
    if not _is_active(floor, _GROUP) or 2 * len(left) >= world.book.alarms.group_links_from:
        return own
    alone = (f"{_LINK}:{other}" for other in left)
    again = tuple(f.AlarmUnsuppressed(world.now, alarm) for alarm in alone if _is_active(floor, alarm))
    return (*own, *cleared(floor, _LINKS, "line", world), *again)


def _is_active(floor: Floor, key: str) -> bool:
    alarm = floor.alarms.get(key)
    return alarm is not None and alarm.active


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


def shelve(floor: Floor, intent: ShelveAlarm, world: World) -> Decision:
    """Put an alarm aside for some minutes, by name and with a reason; what is about safety never."""
    found = _shelf(floor, intent, world)
    if isinstance(found, Refusal):
        return found
    if not world.book.alarms.rules[found.rule].shelvable:
        return Refusal("alarm-not-shelvable", {"alarm": found.id, "rule": found.rule})
    if found.state is AlarmState.SHLVD:
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
    if found.state is not AlarmState.SHLVD:
        return Refusal("already-done", {"alarm": found.id})
    return (f.AlarmUnshelved(world.now, found.id, intent.actor),)


def _shelf(floor: Floor, intent: ShelveAlarm | UnshelveAlarm, world: World) -> Alarm | Refusal:
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(world, intent.station, *DESKS):
        return no
    return floor.alarms.get(intent.alarm) or Refusal("not-found", {"id": intent.alarm})
