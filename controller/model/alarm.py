"""Alarms by ISA-18.2: a condition that needs a person, raised once, acknowledged, cleared; put aside for a time, not for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.model.people import Role


class Priority(StrEnum):
    """How soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlarmState(StrEnum):
    """States of ISA-18.2 that this line uses.

    LATCH: over, and stands until somebody has seen it. SHLVD: put aside by a person. DSUPR: another alarm or the machine's own
    state says it for this one. OOSRV: a person took it, or its machine, out of service.
    """

    UNACK = "UNACK"
    ACKED = "ACKED"
    LATCH = "LATCH"
    RTNUN = "RTNUN"
    NORMAL = "NORMAL"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"
    OOSRV = "OOSRV"


CALLING = frozenset({AlarmState.UNACK, AlarmState.LATCH})
"""States in which an alarm goes on calling people."""


class Quiet(StrEnum):
    """States of a machine in which some of its alarms would tell people what they know."""

    MAINTENANCE = "maintenance"
    OUT_OF_SERVICE = "out-of-service"


class Ailment(StrEnum):
    """What can ail the process that runs the line; each is the rule of its alarm."""

    LOOP_LATE = "loop-late"
    INTERNAL_ERROR = "internal-error"
    DISK_LOW = "disk-low"
    COMMIT_SLOW = "commit-slow"
    CHORE_FAILED = "chore-failed"
    DATABASE_DAMAGED = "database-damaged"
    COMMIT_FAILED = "commit-failed"


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What holds for every alarm of a rule. `respond_minutes`: wall minutes in which somebody must respond.

    `calls`: whose it is first, and who is called next, each when the time to respond has passed without an acknowledgement.
    `latched`: stands until acknowledged, even when the condition is over. `on_delay_s`, `off_delay_s`: plant seconds for which
    the condition must hold, or be over, before it counts. `limit`: the value at which the condition begins, `deadband`: by how
    much each value must come back inside before it ends, in the value's unit. `quiet_during`: machine states that suppress it.
    """

    priority: Priority
    respond_minutes: int
    shelvable: bool
    calls: tuple[Role, ...]
    latched: bool = False
    on_delay_s: int = 0
    off_delay_s: int = 0
    limit: float = 0.0
    deadband: Mapping[str, float] = field(default_factory=dict[str, float])
    quiet_during: tuple[Quiet, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Limits by which a month of alarms is judged. `share`: of all alarms that each priority should have, by ISA-18.2.

    `window_minutes`: how long the windows are in which alarms are counted; more than `flood_from` in one are a flood. An alarm
    whose condition came `chatter_from` times within `chatter_s` chatters; one that stood `stale_hours` is stale.
    """

    window_minutes: int
    flood_from: int
    stale_hours: int
    chatter_from: int
    chatter_s: int
    share: Mapping[Priority, float]


@dataclass(frozen=True, slots=True)
class AlarmTable:
    """All rules, by name. `group_from`: so many machines with the same trouble are one alarm.

    `longest_shelf_minutes`: plant time. `repeat_minutes`: wall minutes after which what nobody has acknowledged is said again.
    """

    rules: Mapping[str, AlarmRule]
    group_from: int
    longest_shelf_minutes: int
    repeat_minutes: Mapping[Priority, int]
    load: LoadLimits


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Id = `rule:source`. Texts, consequence and action are in the text table by `rule`. Instants in ms, 0: none.

    `awaited_until`: the condition holds and nobody is called before. `returned_at`: the condition is over and the alarm stands,
    until `clears_at` or, where that is 0, until it is acknowledged. `recurrences`: how often the condition came again since the
    alarm first asked for somebody. `suppressed_by`: the alarm, or the `Quiet` state of its machine, that says it for this one.
    `called`: how often it was escalated, `called_role` to whom last; `calls_at` when next, `repeats_at` when it is said again.
    """

    id: str
    rule: str
    source: str
    priority: Priority
    raised_at: int
    active: bool = True
    acknowledged_by: str = ""
    acknowledged_at: int = 0
    cleared_at: int = 0
    detail: str = ""
    shelved_until: int = 0
    shelved_by: str = ""
    suppressed_by: str = ""
    awaited_until: int = 0
    returned_at: int = 0
    clears_at: int = 0
    recurrences: int = 0
    repeats: int = 0
    repeats_at: int = 0
    called: int = 0
    called_role: str = ""
    calls_at: int = 0
    out_by: str = ""
    out_at: int = 0
    out_note: str = ""

    @property
    def state(self) -> AlarmState:
        """The ISA-18.2 state."""
        if self.out_by or (self.active and self.suppressed_by == Quiet.OUT_OF_SERVICE):
            return AlarmState.OOSRV
        if self.shelved_until:
            return AlarmState.SHLVD
        if not self.raised_at:
            return AlarmState.NORMAL
        return self._standing if self.active else self._over

    @property
    def _standing(self) -> AlarmState:
        if self.suppressed_by:
            return AlarmState.DSUPR
        if self.acknowledged_by:
            return AlarmState.ACKED
        return AlarmState.LATCH if self.latched else AlarmState.UNACK

    @property
    def _over(self) -> AlarmState:
        # What nobody was asked to see needs nobody's acknowledgement when it is over.
        return AlarmState.NORMAL if self.acknowledged_by or self.suppressed_by else AlarmState.RTNUN

    @property
    def latched(self) -> bool:
        """Whether the condition is over and only an acknowledgement is missing."""
        return bool(self.returned_at) and not self.clears_at

    @property
    def is_open(self) -> bool:
        """Whether the line still has something to do about it."""
        return self.state is not AlarmState.NORMAL or bool(self.awaited_until)

    @property
    def next_at(self) -> int:
        """When it must be looked at next; 0: not by itself."""
        calls = (self.repeats_at, self.calls_at) if self.state in CALLING else ()
        return min(filter(None, (self.awaited_until, self.clears_at, self.shelved_until, *calls)), default=0)
