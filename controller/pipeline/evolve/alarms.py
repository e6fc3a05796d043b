"""What becomes of an alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.alarm import Alarm, Quiet
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor


def awaited(floor: Floor, fact: f.AlarmAwaited) -> Floor:
    """Wait for a condition to last; an alarm that is there already stays what it is."""
    old = floor.alarms.get(fact.alarm)
    alarm = old or Alarm(fact.alarm, fact.rule, fact.source, fact.priority, 0, active=False)
    return put(floor, "alarm", fact.alarm, replace(alarm, awaited_until=fact.until, detail=fact.detail))


def raised(floor: Floor, fact: f.AlarmRaised) -> Floor:
    """Raise an alarm; one that comes again on its shelf, or out of service, stays there."""
    alarm = Alarm(
        fact.alarm,
        fact.rule,
        fact.source,
        fact.priority,
        fact.at,
        detail=fact.detail,
        suppressed_by=fact.suppressed_by,
        repeats_at=fact.repeats_at,
        calls_at=fact.calls_at,
    )
    old = floor.alarms.get(fact.alarm)
    if old is not None:
        alarm = replace(
            alarm,
            shelved_until=old.shelved_until,
            shelved_by=old.shelved_by,
            out_by=old.out_by,
            out_at=old.out_at,
            out_note=old.out_note,
            recurrences=old.recurrences + bool(old.raised_at),
        )
    return put(floor, "alarm", fact.alarm, alarm)


def recurred(alarm: Alarm, detail: str) -> Alarm:
    """Let a condition that was over be there again."""
    return replace(alarm, returned_at=0, clears_at=0, recurrences=alarm.recurrences + 1, detail=detail or alarm.detail)


def cleared(alarm: Alarm, at: int) -> Alarm:
    """End an alarm, or the wait for one."""
    if not alarm.active:
        return replace(alarm, awaited_until=0)
    return replace(alarm, active=False, cleared_at=at, returned_at=0, clears_at=0)


def unshelved(alarm: Alarm, fact: f.AlarmUnshelved) -> Alarm:
    """Put an alarm back before people: seen by whoever took it down, unseen where its time ran out."""
    alarm = replace(alarm, shelved_until=0, shelved_by="")
    return _before_people(alarm, fact, fact.by, fact.at) if alarm.active or fact.by else alarm


def unsuppressed(alarm: Alarm, fact: f.AlarmUnsuppressed) -> Alarm:
    """Let an alarm speak again; one that its machine's state kept quiet is new to everybody, since much may have happened."""
    seen_by, seen_at = (
        ("", 0) if alarm.suppressed_by in tuple(Quiet) else (alarm.acknowledged_by, alarm.acknowledged_at)
    )
    return _before_people(replace(alarm, suppressed_by=""), fact, seen_by, seen_at)


def put_back(alarm: Alarm, fact: f.AlarmPutBack) -> Alarm:
    """Put an alarm back into service: what stands is new to everybody, what is over has been seen by whoever did it."""
    alarm = replace(alarm, out_by="", out_at=0, out_note="")
    return _before_people(alarm, fact, "" if alarm.active else fact.by, fact.at)


def _before_people(
    alarm: Alarm, fact: f.AlarmUnshelved | f.AlarmPutBack | f.AlarmUnsuppressed, seen_by: str, seen_at: int
) -> Alarm:
    """Begin anew to call people, unless somebody has seen it."""
    return replace(
        alarm,
        acknowledged_by=seen_by,
        acknowledged_at=seen_at if seen_by else 0,
        repeats=0,
        repeats_at=fact.repeats_at,
        called=0,
        called_role="",
        calls_at=fact.calls_at,
    )
