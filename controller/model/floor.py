"""The floor: everything open on one line, immutable; only `pipeline.evolve` makes the next one.

Each aggregate is one value in one map. `put` keeps the indexes and notes what was touched, so that the writer stores exactly the
rows that changed; what has ended leaves the floor and stays in `touched` until it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

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


def _map() -> Any:
    return Map[Any, Any]()


@dataclass(frozen=True, slots=True)
class Floor:
    """All open aggregates of a line and the indexes that decisions need.

    `recipes`: approved tables by digest. `intake`: "hospital/prescription_no" -> case. `codes`: code -> (kind, id).
    `drawers`: drawer -> lot; `by_herb`: herb -> drawers. `to_soak`: batches that wait for a soaking position, by slack;
    `to_house`: those that lost their pot. `free_soaks`: soaking positions without a batch. `booked`: batch -> machines it
    occupies. `open_pots`: class key -> pots that nobody has reserved, by forecast. `deadlines`: "kind|id" by ms plant time.
    `lost_links`: machines whose link is lost, since when. `at`: time of the last fact.
    """

    cases: Map[str, Case] = field(default_factory=_map)
    batches: Map[str, Batch] = field(default_factory=_map)
    machines: Map[str, Equipment] = field(default_factory=_map)
    lots: Map[str, Lot] = field(default_factory=_map)
    zones: Map[str, Zone] = field(default_factory=_map)
    people: Map[str, Person] = field(default_factory=_map)
    alarms: Map[str, Alarm] = field(default_factory=_map)
    recipes: Map[str, ApprovedRecipe] = field(default_factory=_map)
    intake: Map[str, str] = field(default_factory=_map)
    codes: Map[str, Row] = field(default_factory=_map)
    drawers: Map[str, str] = field(default_factory=_map)
    by_herb: Map[str, frozenset[str]] = field(default_factory=_map)
    to_soak: Agenda = field(default_factory=Agenda)
    to_house: Agenda = field(default_factory=Agenda)
    free_soaks: Agenda = field(default_factory=Agenda)
    booked: Map[str, tuple[str, ...]] = field(default_factory=_map)
    open_pots: Map[str, Agenda] = field(default_factory=_map)
    deadlines: Agenda = field(default_factory=Agenda)
    lost_links: Agenda = field(default_factory=Agenda)
    at: int = 0
    touched: Map[Row, object] = field(default_factory=_map)

    def stored(self) -> Self:
        """Return the same floor with nothing left to store."""
        return replace(self, touched=Map[Row, object]())
