"""Given a sound prescription, says what must be done; never when or where.

`make_plan` gives the whole plan of a batch, or says why this centre cannot make it. All
numbers come from the recipe table and the formulary. Every herb must be in the formulary. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.plan import AHEAD, FIRST, FOR_WATER, Container, Plan, PlanItem
from controller.model.prescription import VESSEL_USE, Handling, Preparation, Prescription, RecipeClass
from controller.model.recipe import PRESCRIPTION, PotKind, Setting
from controller.recipes.evidence import decoction_evidence, dispensing_evidence, item_names
from controller.recipes.packing import separate_tasks
from controller.recipes.portions import all_doses_at_once, each_dose
from controller.recipes.stages import boil_minutes, decoction_choices, estimate_minutes, pot_minutes
from controller.recipes.water import share_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from controller.model.formulary import Formulary
    from controller.model.recipe import RecipeTable
    from controller.model.world import PotClass

__all__ = ["NotMadeHere", "item_names", "make_plan"]


@dataclass(frozen=True, slots=True)
class NotMadeHere:
    """Why this centre cannot make a prescription, with the numbers that say so.

    `reason`: `paste`, `no-machine-of-use`, `no-machine-of-kind`, `handling-conflict`, `nothing-to-decoct`, `load-too-small`,
    `load-too-large` or `load-between-pots`.
    """

    reason: str
    facts: Mapping[str, str | int | float]


def make_plan(
    prescription: Prescription, formulary: Formulary, table: RecipeTable, pot_classes: Sequence[PotClass]
) -> Plan | NotMadeHere:
    """Plan one batch. A class that is not stated is boiled as general; urgent is one decoction where a pot can hold it.

    Of the kinds of pot that the recipe names, the plan is for the first that can make it, and for those with the same numbers.
    """
    if prescription.preparation is Preparation.DISPENSE_ONLY:
        return _dispensing_plan(prescription, formulary, table)
    pots = [pot for pot in pot_classes if pot.use == VESSEL_USE[prescription.route]]
    items = all_doses_at_once(prescription, formulary, table)
    impossible = _impossible(prescription, items, pots)
    if impossible is not None:
        return impossible
    plan: Plan | None = None
    for numbers, kinds, minutes in _choices(prescription, items, table, pots):
        plan = _decoction_plan(prescription, items, minutes, kinds, formulary, numbers)
        if any(pot.takes(plan, table) for pot in pots):
            return plan
    if plan is None:
        return NotMadeHere("no-machine-of-kind", {"class": prescription.recipe_class or RecipeClass.GENERAL})
    return _no_pot(plan, pots, table)


def _choices(
    prescription: Prescription, items: Sequence[PlanItem], table: RecipeTable, pots: Iterable[PotClass]
) -> Iterator[tuple[RecipeTable, tuple[PotKind, ...], tuple[int, ...]]]:
    """Go through (numbers, kinds of pot they hold for, minutes of the decoctions), best first: fewer decoctions before kinds."""
    groups = _numbers_of_kinds(prescription, items, table, {pot.kind for pot in pots})
    choices = [(numbers, kinds, decoction_choices(prescription, numbers)) for numbers, kinds in groups]
    for rank in range(max((len(minutes) for _, _, minutes in choices), default=0)):
        yield from ((numbers, kinds, minutes[rank]) for numbers, kinds, minutes in choices if rank < len(minutes))


def _numbers_of_kinds(
    prescription: Prescription, items: Sequence[PlanItem], table: RecipeTable, there: set[PotKind]
) -> list[tuple[RecipeTable, tuple[PotKind, ...]]]:
    """Return the kinds of pot that may make this, best first, those with the same numbers together."""
    recipe_class = prescription.recipe_class or RecipeClass.GENERAL
    if PotKind.SEALED in there and any(item.container in _ADDED for item in items):
        there = there - {PotKind.SEALED}  # nothing goes in once its lid is locked
    groups: list[tuple[RecipeTable, tuple[PotKind, ...]]] = []
    for kind in table.of(PotKind.OPEN, recipe_class).pots:
        if kind not in there:
            continue
        numbers = table.of(kind, recipe_class)
        alike = next((index for index, (other, _) in enumerate(groups) if other is numbers), None)
        if alike is None:
            groups.append((numbers, (kind,)))
        else:
            groups[alike] = numbers, (*groups[alike][1], kind)
    return groups


_ADDED = frozenset({Container.WATER, Container.FIRST, Container.LATE})
"""What makes a person open the pot between two boils or during one."""


def _impossible(prescription: Prescription, items: Sequence[PlanItem], pots: Sequence[PotClass]) -> NotMadeHere | None:
    if prescription.preparation is Preparation.PASTE:
        return NotMadeHere("paste", {"preparation": prescription.preparation})
    if not pots:
        return NotMadeHere("no-machine-of-use", {"route": prescription.route, "use": VESSEL_USE[prescription.route]})
    apart: dict[str, Handling] = {}
    for item in items:
        if item.container is Container.SEPARATE and apart.setdefault(item.herb, item.handling) is not item.handling:
            return NotMadeHere("handling-conflict", {"herb": item.herb})
    if not any(item.container is Container.PAIL for item in items):
        return NotMadeHere("nothing-to-decoct", {"items": len(items)})
    return None


def _no_pot(plan: Plan, pots: Iterable[PotClass], table: RecipeTable) -> NotMadeHere:
    able = [pot for pot in pots if pot.kind in plan.kinds]
    least_ml = min(pot.least_ml for pot in able)
    most_ml = int(max(pot.most_ml(table) for pot in able))
    too_small, too_large = plan.load_ml < least_ml, plan.load_ml > most_ml
    reason = "load-too-small" if too_small else "load-too-large" if too_large else "load-between-pots"
    return NotMadeHere(reason, {"load_ml": plan.load_ml, "least_ml": least_ml, "most_ml": most_ml})


def _decoction_plan(
    prescription: Prescription,
    items: tuple[PlanItem, ...],
    minutes: tuple[int, ...],
    kinds: tuple[PotKind, ...],
    formulary: Formulary,
    table: RecipeTable,
) -> Plan:
    in_pot = [item for item in items if item.container is not Container.SEPARATE]
    timed = boil_minutes(in_pot, minutes, formulary, table)
    water = share_out(in_pot, timed, prescription.bags * prescription.serving_ml, formulary, table)
    separate = separate_tasks(items, formulary, table)
    late = any(item.container is Container.LATE for item in items)
    away_ml = max(0, water.combined_ml - water.concentrate_ml) if water.concentrate_ml else 0
    in_pot_minutes = pot_minutes(water.boils, away_ml, table)
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
        estimate_minutes=estimate_minutes(in_pot_minutes, separate, table),
        pot_minutes=in_pot_minutes,
        recipe_digest=table.digest,
        kinds=kinds,
        concentrate_ml=water.concentrate_ml,
        settings=_settings(timed, minutes, table),
    )


def _settings(timed: Sequence[tuple[str, int]], minutes: tuple[int, ...], table: RecipeTable) -> tuple[Setting, ...]:
    """Return the recipe's numbers with their layers, and over them what the prescription itself decides."""
    own = {_BY_HERBS[name]: Setting(_BY_HERBS[name], (float(m),), PRESCRIPTION) for name, m in timed if name in AHEAD}
    if minutes != table.boil_minutes:
        own["boil_minutes"] = Setting("boil_minutes", tuple(map(float, minutes)), PRESCRIPTION)
    return tuple(own.get(setting.name, setting) for setting in table.settings) if own else table.settings


_BY_HERBS = {FIRST: "first_minutes", FOR_WATER: "for_water_minutes"}


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
        estimate_minutes=estimate_minutes(0, (), table),
        pot_minutes=0,
        recipe_digest=table.digest,
    )
