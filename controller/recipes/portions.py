"""What is weighed, how exactly, and into which container it goes."""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING

from controller.model.plan import Container, PlanItem
from controller.model.prescription import Handling

if TYPE_CHECKING:
    from controller.model.formulary import Formulary, Herb
    from controller.model.prescription import Prescription
    from controller.model.recipe import RecipeTable

_APART = {
    Handling.DECOCT_FOR_WATER: Container.WATER,
    Handling.DECOCT_FIRST: Container.FIRST,
    Handling.ADD_LATE: Container.LATE,
    Handling.DECOCT_SEPARATELY: Container.SEPARATE,
    Handling.MELT: Container.SEPARATE,
    Handling.TAKE_WITH: Container.SEPARATE,
}
_MILLIGRAM = 3


def all_doses_at_once(prescription: Prescription, formulary: Formulary, table: RecipeTable) -> tuple[PlanItem, ...]:
    """Weigh each herb once for all doses. With nothing else for the pail, the decoct-first herbs are the pail."""
    items = _portions(prescription, formulary, table, doses=prescription.doses, times=1)
    if any(item.container is Container.PAIL for item in items):
        return items
    return tuple(
        replace(item, container=Container.PAIL) if item.container is Container.FIRST else item for item in items
    )


def each_dose(prescription: Prescription, formulary: Formulary, table: RecipeTable) -> tuple[PlanItem, ...]:
    """Weigh each herb once per dose; the patient boils, so nothing is kept apart from the pail."""
    items = _portions(prescription, formulary, table, doses=1, times=prescription.doses)
    return tuple(replace(item, container=Container.PAIL) for item in items)


def _portions(
    prescription: Prescription, formulary: Formulary, table: RecipeTable, *, doses: int, times: int
) -> tuple[PlanItem, ...]:
    most_g = fsum(item.grams for item in prescription.items) * doses * table.weight_tolerance
    return tuple(
        PlanItem(
            herb=item.herb,
            grams=round(item.grams * doses, _MILLIGRAM),
            times=times,
            tolerance_g=_tolerance_g(formulary.herbs[item.herb], item.grams * doses, most_g, table),
            handling=item.handling,
            container=_APART.get(item.handling, Container.PAIL),
        )
        for item in prescription.items
    )


def _tolerance_g(herb: Herb, grams: float, most_g: float, table: RecipeTable) -> float:
    """Return how far one weighing may be off.

    A share of the herb's own grams, tighter for toxic ones and never finer than the scale can show, so that the
    whole keeps its tolerance and no herb hides behind the others; and never more than `most_g`, that of the whole.
    """
    own_g = grams * (table.toxic_tolerance if herb.toxic else table.herb_tolerance)
    return round(min(max(own_g, table.least_tolerance_g), most_g), _MILLIGRAM)
