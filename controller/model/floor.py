"""The floor: everything open on one line, immutable; only `pipeline.evolve` makes the next one.

Each aggregate is one value in one map. `put` keeps the indexes and notes what was touched, so that the writer stores exactly the
rows that changed; what has ended leaves the floor and stays in `touched` until it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from immutables import Map

from controller.model.agenda import Agenda

if TYPE_CHECKING:
    from controller.model.alarm import Alarm
    from controller.model.batch import Batch
    from controller.model.case import Case
    from controller.model.equipment import Equipment
    from controller.model.people import Person
    from controller.model.recipe import ApprovedRecipe
    from controller.model.stock import Lot, Zone

Row = tuple[str, str]
"""Kind and id of an aggregate."""


_NONE: Map[Any, Any] = Map()
_EMPTY = Agenda()


class Floor(NamedTuple):
    """All open aggregates of a line and the indexes that decisions need.

    `recipes`: approved tables by digest. `intake`: "hospital/prescription_no" -> case. `codes`: code -> (kind, id).
    `drawers`: drawer -> lot; `by_herb`: herb -> drawers. `to_soak`: batches that wait for a soaking position, by slack;
    `to_house`: those that lost their pot. `free_soaks`: soaking positions without a batch. `booked`: batch -> machines it
    occupies. `open_pots`: class key -> pots that nobody has reserved, by forecast. `deadlines`: "kind|id" by ms plant time.
    `lost_links`: machines whose link is lost, since when. `at`: time of the last fact.
    """

    cases: Map[str, Case] = _NONE
    batches: Map[str, Batch] = _NONE
    machines: Map[str, Equipment] = _NONE
    lots: Map[str, Lot] = _NONE
    zones: Map[str, Zone] = _NONE
    people: Map[str, Person] = _NONE
    alarms: Map[str, Alarm] = _NONE
    recipes: Map[str, ApprovedRecipe] = _NONE
    intake: Map[str, str] = _NONE
    codes: Map[str, Row] = _NONE
    drawers: Map[str, str] = _NONE
    by_herb: Map[str, frozenset[str]] = _NONE
    to_soak: Agenda = _EMPTY
    to_house: Agenda = _EMPTY
    free_soaks: Agenda = _EMPTY
    booked: Map[str, tuple[str, ...]] = _NONE
    open_pots: Map[str, Agenda] = _NONE
    deadlines: Agenda = _EMPTY
    lost_links: Agenda = _EMPTY
    at: int = 0
    touched: Map[Row, object] = _NONE

    def stored(self) -> Self:
        """Return the same floor with nothing left to store."""
        return self._replace(touched=_NONE)
