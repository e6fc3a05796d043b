"""The life of an alarm, by ISA-18.2."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.alarm import Priority
from controller.model.facts.about import OfAlarm


@dataclass(frozen=True, slots=True)
class AlarmRaised(OfAlarm):
    """A condition needs a person."""

    at: int
    alarm: str
    rule: str
    source: str
    priority: Priority
    detail: str
    suppressed_by: str = ""
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmAwaited(OfAlarm):
    """A condition holds that is an alarm if it still does at `until`."""

    at: int
    alarm: str
    rule: str
    source: str
    priority: Priority
    detail: str
    until: int


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged(OfAlarm):
    """A person has seen it."""

    at: int
    alarm: str
    by: str


@dataclass(frozen=True, slots=True)
class AlarmReturned(OfAlarm):
    """The condition is over; the alarm stands until `clears_at`, or with 0 until somebody has acknowledged it."""

    at: int
    alarm: str
    clears_at: int


@dataclass(frozen=True, slots=True)
class AlarmRecurred(OfAlarm):
    """The condition came again while the alarm still stood."""

    at: int
    alarm: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlarmCleared(OfAlarm):
    """The condition is over. `raised_at`: since when the alarm stood, 0 where it never came to that."""

    at: int
    alarm: str
    raised_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmRepeated(OfAlarm):
    """Nobody has acknowledged it: it is said again, for the `times`th time."""

    at: int
    alarm: str
    times: int
    repeats_at: int


@dataclass(frozen=True, slots=True)
class AlarmEscalated(OfAlarm):
    """Nobody acknowledged it in time: step `step` calls the next, `role`; `calls_at` 0 where there is nobody after."""

    at: int
    alarm: str
    step: int
    role: str
    calls_at: int


@dataclass(frozen=True, slots=True)
class AlarmShelved(OfAlarm):
    """A person put it aside until a time."""

    at: int
    alarm: str
    by: str
    until: int
    note: str


@dataclass(frozen=True, slots=True)
class AlarmUnshelved(OfAlarm):
    """Its time on the shelf is over, or a person, `by`, ended it."""

    at: int
    alarm: str
    by: str
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmSuppressed(OfAlarm):
    """Another alarm or the state of its machine, `by_alarm`, says it for this one."""

    at: int
    alarm: str
    by_alarm: str


@dataclass(frozen=True, slots=True)
class AlarmUnsuppressed(OfAlarm):
    """It speaks for itself again."""

    at: int
    alarm: str
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmTakenOut(OfAlarm):
    """A person took the alarm out of service."""

    at: int
    alarm: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class AlarmPutBack(OfAlarm):
    """A person put the alarm back into service."""

    at: int
    alarm: str
    by: str
    note: str
    repeats_at: int
    calls_at: int
