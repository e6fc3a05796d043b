"""What a month of alarms asked of people, by the figures of ISA-18.2: how many, in floods, stale, chattering, answered in time.

`judge_load(facts, standing, month, table)` goes through the alarm facts of a period once. An alarm counts when it asks somebody:
not while another says it, nor on its shelf, nor out of service.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.alarm import AlarmState, Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.model.alarm import Alarm, AlarmRule, AlarmTable

MOST_FREQUENT = 10
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_STANDS = (AlarmState.UNACK, AlarmState.ACKED, AlarmState.LATCH)


@dataclass(frozen=True, slots=True)
class Month:
    """A period, ms, the consoles at which its alarms were answered, and how many plant seconds are a wall second."""

    from_at: int
    until_at: int
    consoles: int
    speed: int


@dataclass(frozen=True, slots=True)
class AlarmLoad:
    """The figures of a period. Shares are 0 to 1; `average`, `most`: alarms per window and console.

    `in_time`: of the alarms whose time to respond is over or that were answered; None where there are none.
    """

    raised: int
    average: float
    most: float
    flood_share: float
    stale: tuple[str, ...]
    chattering: tuple[str, ...]
    share: Mapping[Priority, float]
    in_time: float | None
    escalated: int
    frequent: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Count:
    """What has been counted so far. `asked`: alarms that wait for an answer, since when; `aside`: shelved or out of service."""

    table: AlarmTable
    month: Month
    windows: Counter[int] = field(default_factory=Counter[int])
    priorities: Counter[Priority] = field(default_factory=Counter[Priority])
    alarms: Counter[str] = field(default_factory=Counter[str])
    came: dict[str, deque[int]] = field(default_factory=dict[str, "deque[int]"])
    active: set[str] = field(default_factory=set[str])
    aside: set[str] = field(default_factory=set[str])
    asked: dict[str, int] = field(default_factory=dict[str, int])
    stale: set[str] = field(default_factory=set[str])
    chattering: set[str] = field(default_factory=set[str])
    escalated: int = 0
    answers: Counter[bool] = field(default_factory=Counter[bool])

    def take(self, fact: f.Fact) -> None:  # noqa: PLR0912 - one line a fact is the point
        match fact:
            case f.AlarmRaised():
                self.active.add(fact.alarm)
                self._came(fact.alarm, fact.at)
                if not fact.suppressed_by:
                    self._asks(fact.alarm, fact.at)
            case f.AlarmRecurred():
                self._came(fact.alarm, fact.at)
            case f.AlarmUnsuppressed():
                self._asks(fact.alarm, fact.at)
            case f.AlarmUnshelved() | f.AlarmPutBack():
                self.aside.discard(fact.alarm)
                if fact.alarm in self.active and (isinstance(fact, f.AlarmPutBack) or not fact.by):
                    self._asks(fact.alarm, fact.at)
            case f.AlarmShelved() | f.AlarmTakenOut():
                self.aside.add(fact.alarm)
                self._answered(fact.alarm, fact.at)
            case f.AlarmAcknowledged():
                self._answered(fact.alarm, fact.at)
            case f.AlarmSuppressed():
                self.asked.pop(fact.alarm, None)
            case f.AlarmEscalated():
                self.escalated += 1
            case f.AlarmCleared():
                self.active.discard(fact.alarm)
                if fact.raised_at and fact.at - fact.raised_at > self.table.load.stale_hours * _HOUR_MS:
                    self.stale.add(fact.alarm)
            case _:
                pass

    def _asks(self, alarm: str, at: int) -> None:
        if alarm in self.aside:
            return
        self.asked[alarm] = at
        self.alarms[alarm] += 1
        self.windows[(at - self.month.from_at) // (self.table.load.window_minutes * _MINUTE_MS)] += 1
        if (rule := self._rule(alarm)) is not None:
            self.priorities[rule.priority] += 1

    def _came(self, alarm: str, at: int) -> None:
        load = self.table.load
        times = self.came.setdefault(alarm, deque(maxlen=load.chatter_from))
        times.append(at)
        if len(times) == load.chatter_from and at - times[0] <= load.chatter_s * 1000:
            self.chattering.add(alarm)

    def _answered(self, alarm: str, at: int) -> None:
        asked_at, rule = self.asked.pop(alarm, None), self._rule(alarm)
        if asked_at is not None and rule is not None:
            self.answers[at - asked_at <= rule.respond_minutes * _MINUTE_MS * self.month.speed] += 1

    def _rule(self, alarm: str) -> AlarmRule | None:
        """Return the rule of an alarm; None for one that the present table has no more."""
        return self.table.rules.get(alarm.partition(":")[0])

    def close(self) -> None:
        """Count as late what was never answered though its time is over."""
        for alarm, asked_at in tuple(self.asked.items()):
            rule = self._rule(alarm)
            if rule and self.month.until_at - asked_at > rule.respond_minutes * _MINUTE_MS * self.month.speed:
                self.answers[False] += 1


def judge_load(facts: Iterable[f.Fact], standing: Iterable[Alarm], month: Month, table: AlarmTable) -> AlarmLoad:
    """Judge the alarm facts of a period, in order. `standing`: the alarms of now where the period reaches to now."""
    count = _Count(table, month)
    for fact in facts:
        count.take(fact)
    count.close()
    stale_ms = table.load.stale_hours * _HOUR_MS
    count.stale.update(
        alarm.id for alarm in standing if alarm.state in _STANDS and month.until_at - alarm.raised_at > stale_ms
    )
    window_ms = table.load.window_minutes * _MINUTE_MS
    windows = max(1, -(-(month.until_at - month.from_at) // window_ms))
    asked, answers = count.alarms.total(), count.answers.total()
    flooded = sum(number > table.load.flood_from * month.consoles for number in count.windows.values())
    return AlarmLoad(
        raised=asked,
        average=asked / windows / month.consoles,
        most=max(count.windows.values(), default=0) / month.consoles,
        flood_share=flooded / windows,
        stale=tuple(sorted(count.stale)),
        chattering=tuple(sorted(count.chattering)),
        share={priority: count.priorities[priority] / asked if asked else 0.0 for priority in Priority},
        in_time=count.answers[True] / answers if answers else None,
        escalated=count.escalated,
        frequent=tuple(sorted(count.alarms.items(), key=lambda one: (-one[1], one[0]))[:MOST_FREQUENT]),
    )
