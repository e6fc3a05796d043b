"""Alarms by ISA-18.2: a condition that needs a person, raised once, acknowledged, cleared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlarmState(StrEnum):
    """States of ISA-18.2 that this line uses."""

    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    NORMAL = "NORMAL"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Id = `rule:source`. Texts, consequence and action are in the text table by `rule`."""

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

    @property
    def state(self) -> AlarmState:
        """The ISA-18.2 state."""
        if self.active:
            return AlarmState.ACKED if self.acknowledged_by else AlarmState.UNACK
        return AlarmState.NORMAL if self.acknowledged_by else AlarmState.RTNUN
