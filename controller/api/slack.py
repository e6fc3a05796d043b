"""Open prescriptions by the time left to their promise, put in order once for each state of the floor and not for each reader."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from immutables import Map

    from controller.model.case import Case
    from controller.model.floor import Floor

Place = tuple[int, str]
"""Promised at (ms) and id: where a prescription stands, whatever else changes."""
START: Place = (-1, "")


class BySlack:
    """The order of one line's open prescriptions, and how many there are in each status."""

    def __init__(self, floor: Callable[[], Floor]) -> None:
        self._floor = floor
        self._of: Map[str, Case] | None = None
        self._order: list[Place] = []
        self.counts: dict[str, int] = {}
        self.late = self.at_risk = 0

    def renew(self) -> Floor:
        """Follow the floor, and return the one that the order belongs to."""
        floor = self._floor()
        if floor.cases is not self._of:
            cases = floor.cases.values()
            self._order = sorted((case.promised_at, case.id) for case in cases)
            self.counts = dict(Counter[str](case.shown_status for case in cases))
            self.late = sum(case.late for case in cases)
            self.at_risk = sum(case.promise_at_risk for case in cases)
            self._of = floor.cases
        return floor

    def after(self, place: Place) -> Iterator[Case]:
        """Go through the prescriptions that come after a place."""
        floor = self.renew()
        for _, case in self._order[bisect_right(self._order, place) :]:
            yield floor.cases[case]
