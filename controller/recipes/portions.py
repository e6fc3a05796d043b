"""What is weighed, how exactly, and into which container it goes."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from controller.model.plan import Container, PlanItem
from controller.model.prescription import Handling

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class Portion(NamedTuple):
    """One item of a prescription in the `grams` of one weighing, and where it goes."""

    herb: str
    grams: float
    handling: Handling
    container: Container


def all_doses_at_once(prescription: Prescription) -> tuple[Portion, ...]:
    """Weigh each herb once for all doses. With nothing else for the pail, the decoct-first herbs are the pail."""
    doses, apart, pail = prescription.doses, _APART.get, Container.PAIL
    portions = [
        Portion(item.herb, round(item.grams * doses, _MILLIGRAM), item.handling, apart(item.handling, pail))
        for item in prescription.items
    ]
    if not any(portion.container is pail for portion in portions):
        portions = [
            portion._replace(container=pail) if portion.container is Container.FIRST else portion
            for portion in portions
        ]
    return tuple(portions)


def each_dose(prescription: Prescription) -> tuple[Portion, ...]:
    """Weigh each herb once per dose; the patient boils, so nothing is kept apart from the pail."""
    return tuple(
        Portion(item.herb, round(item.grams, _MILLIGRAM), item.handling, Container.PAIL) for item in prescription.items
    )


def weighings(
    prescription: Prescription, portions: Sequence[Portion], formulary: Formulary, table: RecipeTable, *, times: int
) -> tuple[PlanItem, ...]:
    """Say how exactly each portion is weighed, `times` times; all weighings together make all doses."""
    doses = prescription.doses // times
    grams = [item.grams * doses for item in prescription.items]
    most_g = fsum(item.grams for item in prescription.items) * doses * table.weight_tolerance
    return tuple(
        PlanItem(
            herb=portion.herb,
            grams=portion.grams,
            times=times,
            tolerance_g=_tolerance_g(formulary.herbs[portion.herb], exact_g, most_g, table),
            handling=portion.handling,
            container=portion.container,
        )
        for portion, exact_g in zip(portions, grams, strict=True)
    )


def _tolerance_g(herb: Herb, grams: float, most_g: float, table: RecipeTable) -> float:
    """Return how far one weighing may be off.

    A share of the herb's own grams, tighter for toxic ones and never finer than the scale can show, so that the
    whole keeps its tolerance and no herb hides behind the others; and never more than `most_g`, that of the whole.
    """
    own_g = grams * (table.toxic_tolerance if herb.toxic else table.herb_tolerance)
    return round(min(max(own_g, table.least_tolerance_g), most_g), _MILLIGRAM)
