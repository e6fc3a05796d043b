"""What is fetched, when it is old, and which facts make it old sooner; pure.

Facts of the stream are not folded into prescriptions here: that is the controller's work. A fact only says what to ask for again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.wire import FactView
    from tui.state import View


class Need(StrEnum):
    """One thing that a screen shows and the controller is asked for."""

    LINE = "line"
    ALARMS = "alarms"
    LOAD = "load"
    TASKS = "tasks"
    ROWS = "rows"
    CASE = "case"
    MACHINE = "machine"
    CURVE = "curve"
    STATION = "station"
    RECIPE = "recipe"


PERIOD_S = {
    Need.LINE: 5.0,
    Need.ALARMS: 15.0,
    Need.LOAD: 60.0,
    Need.TASKS: 10.0,
    Need.ROWS: 15.0,
    Need.CASE: 15.0,
    Need.MACHINE: 2.0,
    Need.CURVE: 3.0,
    Need.STATION: 600.0,
    Need.RECIPE: 60.0,
}
"""Wall seconds after which a thing is asked for again although no fact called for it."""

LEAST_GAP_S = 0.5
"""However many facts come: not sooner than this after the last time."""

_ALARMS = frozenset(
    {
        "AlarmRaised",
        "AlarmAwaited",
        "AlarmAcknowledged",
        "AlarmReturned",
        "AlarmRecurred",
        "AlarmCleared",
        "AlarmRepeated",
        "AlarmEscalated",
        "AlarmShelved",
        "AlarmUnshelved",
        "AlarmSuppressed",
        "AlarmUnsuppressed",
        "AlarmTakenOut",
        "AlarmPutBack",
    }
)
_OF_MACHINES = frozenset({"MachineEnrolled", "MachineObserved", "MachineLinked", "NumberingRaised", "BoilMeasured"})
"""Facts that change no list: what they say comes with the `machines` events."""


def outdated(fact: FactView, view: View) -> frozenset[Need]:
    """Return what `fact` makes old."""
    if fact["kind"] in _ALARMS:
        return frozenset({Need.ALARMS, Need.LINE})
    own = frozenset({Need.CASE}) if fact["about"] == view.case_id else frozenset[Need]()
    if fact["kind"] in _OF_MACHINES:
        return own
    table = frozenset({Need.RECIPE}) if fact["kind"] == "RecipeApproved" else frozenset[Need]()
    return own | table | {Need.LINE, Need.TASKS, Need.ROWS}


class Freshness:
    """When each thing was last fetched, and which have become old since."""

    def __init__(self) -> None:
        self._fetched_s: dict[Need, float] = {}
        self._old: set[Need] = set()

    def spoil(self, *needs: Need) -> None:
        """Mark things as old."""
        self._old.update(needs)

    def forget(self, *needs: Need) -> None:
        """Mark things as never fetched: due at once."""
        for need in needs:
            self._fetched_s.pop(need, None)

    def due(self, needs: frozenset[Need], at_s: float) -> list[Need]:
        """Return what of `needs` is to be fetched now, and count it as fetched."""
        wanted = [need for need in Need if need in needs and self._is_due(need, at_s)]
        for need in wanted:
            self._fetched_s[need] = at_s
            self._old.discard(need)
        return wanted

    def _is_due(self, need: Need, at_s: float) -> bool:
        age_s = at_s - self._fetched_s.get(need, float("-inf"))
        return age_s >= (LEAST_GAP_S if need in self._old else PERIOD_S[need])
