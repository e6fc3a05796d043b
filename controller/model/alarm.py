"""Alarms by ISA-18.2: a condition that needs a person, raised once, acknowledged, cleared; put aside for a time, not for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlarmState(StrEnum):
    """States of ISA-18.2 that this line uses. SHLVD: put aside by a person. DSUPR: another alarm says it for this one."""

    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    NORMAL = "NORMAL"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What holds for every alarm of a rule. `respond_minutes`: wall minutes in which somebody must respond."""

    priority: Priority
    respond_minutes: int
    shelvable: bool


@dataclass(frozen=True, slots=True)
class AlarmTable:
    """All rules, by name. `group_links_from`: so many lost links are one alarm. `longest_shelf_minutes`: plant time."""

    rules: Mapping[str, AlarmRule]
    group_links_from: int
    longest_shelf_minutes: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Id = `rule:source`. Texts, consequence and action are in the text table by `rule`.

    `shelved_until`: ms, 0 while it is not shelved. `suppressed_by`: the alarm that says it for this one, empty where none does.
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

    @property
    def state(self) -> AlarmState:
        """The ISA-18.2 state."""
        if self.shelved_until:
            return AlarmState.SHLVD
        if self.active and self.suppressed_by:
            return AlarmState.DSUPR
        if self.active:
            return AlarmState.ACKED if self.acknowledged_by else AlarmState.UNACK
        # What nobody was asked to see needs nobody's acknowledgement when it is over.
        return AlarmState.NORMAL if self.acknowledged_by or self.suppressed_by else AlarmState.RTNUN
