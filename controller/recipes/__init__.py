"""Given a sound prescription, says what must be done; never when or where.

`make_plan` gives the whole plan of a batch, or says why this centre cannot make it. All
numbers come from the recipe table and the formulary. Every herb must be in the formulary. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.plan import Container, Plan, PlanItem
from controller.model.prescription import VESSEL_USE, Handling, Preparation, Prescription
from controller.recipes.evidence import decoction_evidence, dispensing_evidence, item_names
from controller.recipes.packing import separate_tasks
from controller.recipes.portions import all_doses_at_once, each_dose
from controller.recipes.stages import boil_minutes, decoction_choices, estimate_minutes, pot_minutes
from controller.recipes.water import share_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from controller.model.formulary import Formulary
    from controller.model.recipe import RecipeTable
    from controller.model.world import PotClass

__all__ = ["NotMadeHere", "item_names", "make_plan"]


@dataclass(frozen=True, slots=True)
class NotMadeHere:
    """Why this centre cannot make a prescription, with the numbers that say so.

    `reason`: `paste`, `no-machine-of-use`, `decoct-for-water`, `handling-conflict`, `nothing-to-decoct`, `load-too-small`,
    `load-too-large` or `load-between-pots`.
    """

    reason: str
    facts: Mapping[str, str | int | float]


def make_plan(
    prescription: Prescription, formulary: Formulary, table: RecipeTable, pot_classes: Sequence[PotClass]
) -> Plan | NotMadeHere:
    """Plan one batch. A class that is not stated is boiled as general; urgent is one decoction where a pot can hold it."""
    if prescription.preparation is Preparation.DISPENSE_ONLY:
        return _dispensing_plan(prescription, formulary, table)
    pots = [pot for pot in pot_classes if pot.use == VESSEL_USE[prescription.route]]
    items = all_doses_at_once(prescription, formulary, table)
    impossible = _impossible(prescription, items, pots)
    if impossible is not None:
        return impossible
    plans = [
        _decoction_plan(prescription, items, minutes, formulary, table)
        for minutes in decoction_choices(prescription, table)
    ]
    makeable = (plan for plan in plans if any(pot.takes(plan, table.fill_share) for pot in pots))
    return next(makeable, None) or _no_pot(plans[-1], pots, table)


def _impossible(prescription: Prescription, items: Sequence[PlanItem], pots: Sequence[PotClass]) -> NotMadeHere | None:
    if prescription.preparation is Preparation.PASTE:
        return NotMadeHere("paste", {"preparation": prescription.preparation})
    if not pots:
        return NotMadeHere("no-machine-of-use", {"route": prescription.route, "use": VESSEL_USE[prescription.route]})
    apart: dict[str, Handling] = {}
    for item in items:
        if item.handling is Handling.DECOCT_FOR_WATER:
            return NotMadeHere("decoct-for-water", {"herb": item.herb})
        if item.container is Container.SEPARATE and apart.setdefault(item.herb, item.handling) is not item.handling:
            return NotMadeHere("handling-conflict", {"herb": item.herb})
    if not any(item.container is Container.PAIL for item in items):
        return NotMadeHere("nothing-to-decoct", {"items": len(items)})
    return None


def _no_pot(plan: Plan, pots: Iterable[PotClass], table: RecipeTable) -> NotMadeHere:
    least_ml = min(pot.least_ml for pot in pots)
    most_ml = int(max(pot.volume_ml for pot in pots) * table.fill_share)
    too_small, too_large = plan.load_ml < least_ml, plan.load_ml > most_ml
    reason = "load-too-small" if too_small else "load-too-large" if too_large else "load-between-pots"
    return NotMadeHere(reason, {"load_ml": plan.load_ml, "least_ml": least_ml, "most_ml": most_ml})


def _decoction_plan(
    prescription: Prescription,
    items: tuple[PlanItem, ...],
    minutes: Sequence[int],
    formulary: Formulary,
    table: RecipeTable,
) -> Plan:
    in_pot = [item for item in items if item.container is not Container.SEPARATE]
    timed = boil_minutes(in_pot, minutes, formulary, table)
    water = share_out(in_pot, timed, prescription.bags * prescription.serving_ml, formulary, table)
    separate = separate_tasks(items, formulary, table)
    late = any(item.container is Container.LATE for item in items)
    return Plan(
        recipe_version=table.version,
        formulary_version=formulary.version,
        route=prescription.route,
        items=items,
        soak_minutes=table.soak_minutes,
        soak_max_minutes=table.soak_max_minutes,
        soak_water_ml=water.first_ml,
        load_ml=water.load_ml,
        herb_g=water.herb_g,
        absorb_ml=water.absorbed_ml,
        boils=water.boils,
        late_minutes=table.late_minutes if late else None,
        separate=separate,
        bags=prescription.bags,
        fill_ml=prescription.serving_ml,
        required=decoction_evidence(items, water.boils, separate, late=late),
        estimate_minutes=estimate_minutes(water.boils, separate, table),
        pot_minutes=pot_minutes(water.boils, table),
    )


def _dispensing_plan(prescription: Prescription, formulary: Formulary, table: RecipeTable) -> Plan:
    items = each_dose(prescription, formulary, table)
    return Plan(
        recipe_version=table.version,
        formulary_version=formulary.version,
        route=prescription.route,
        items=items,
        soak_minutes=0,
        soak_max_minutes=0,
        soak_water_ml=0,
        load_ml=0,
        herb_g=0,
        absorb_ml=0,
        boils=(),
        late_minutes=None,
        separate=(),
        bags=0,
        fill_ml=0,
        required=dispensing_evidence(items),
        estimate_minutes=estimate_minutes((), (), table),
        pot_minutes=0,
    )
