"""What intake has to know of a prescription: whether it is made here, in what kinds of pot, with how much water, for how long.

`sketch` gives all that the plan of a batch rests on; how exactly each herb is weighed and which checkpoints release asks for
come with the plan, which is made when the pharmacist has approved. Every herb must be in the formulary. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.plan import Container
from controller.model.prescription import VESSEL_USE, Handling, Preparation, RecipeClass, Route
from controller.model.recipe import PotKind, RecipeTable
from controller.recipes.packing import separate_tasks
from controller.recipes.portions import Portion, all_doses_at_once, each_dose
from controller.recipes.stages import boil_minutes, decoction_choices, estimate_minutes, pot_minutes
from controller.recipes.water import Water, share_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from controller.model.formulary import Formulary
    from controller.model.plan import SeparateTask
    from controller.model.prescription import Prescription
    from controller.model.world import PotClass


@dataclass(frozen=True, slots=True)
class NotMadeHere:
    """Why this centre cannot make a prescription, with the numbers that say so.

    `reason`: `paste`, `no-machine-of-use`, `no-machine-of-kind`, `handling-conflict`, `nothing-to-decoct`, `load-too-small`,
    `load-too-large` or `load-between-pots`.
    """

    reason: str
    facts: Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Cooking:
    """How a prescription is decocted by the numbers of `table`. `timed`: (name, minutes) of every boil.

    `minutes`: of the decoctions, as the recipe and the urgency have it. `kinds`: the kinds of pot that the numbers hold for.
    """

    route: Route
    table: RecipeTable
    kinds: tuple[PotKind, ...]
    minutes: tuple[int, ...]
    timed: tuple[tuple[str, int], ...]
    water: Water
    separate: tuple[SeparateTask, ...]

    @property
    def load_ml(self) -> int:
        """Free water and displaced herb volume at the first charge."""
        return self.water.load_ml


@dataclass(frozen=True, slots=True)
class Sketch:
    """A prescription that can be made here. `cooking`: None where it is only dispensed.

    `estimate_minutes`: from approval to release without waiting; `pot_minutes`: how long it occupies its pot.
    """

    portions: tuple[Portion, ...]
    cooking: Cooking | None
    estimate_minutes: int
    pot_minutes: int


def sketch(
    prescription: Prescription, formulary: Formulary, table: RecipeTable, pot_classes: Sequence[PotClass]
) -> Sketch | NotMadeHere:
    """Sketch one batch. A class that is not stated is boiled as general; urgent is one decoction where a pot can hold it.

    Of the kinds of pot that the recipe names, it is for the first that can make it, and for those with the same numbers.
    """
    if prescription.preparation is Preparation.DISPENSE_ONLY:
        return Sketch(each_dose(prescription), None, estimate_minutes(0, (), table), 0)
    pots = [pot for pot in pot_classes if pot.use == VESSEL_USE[prescription.route]]
    portions = all_doses_at_once(prescription)
    impossible = _impossible(prescription, portions, pots)
    if impossible is not None:
        return impossible
    cooking: Cooking | None = None
    for numbers, kinds, minutes in _choices(prescription, portions, table, pots):
        cooking = _cooking(prescription, portions, minutes, kinds, formulary, numbers)
        if any(pot.takes(cooking, table) for pot in pots):
            return _sketched(portions, cooking)
    if cooking is None:
        return NotMadeHere("no-machine-of-kind", {"class": prescription.recipe_class or RecipeClass.GENERAL})
    return _no_pot(cooking, pots, table)


def _choices(
    prescription: Prescription, portions: Sequence[Portion], table: RecipeTable, pots: Iterable[PotClass]
) -> Iterator[tuple[RecipeTable, tuple[PotKind, ...], tuple[int, ...]]]:
    """Go through (numbers, kinds of pot they hold for, minutes of the decoctions), best first: fewer decoctions before kinds."""
    groups = _numbers_of_kinds(prescription, portions, table, {pot.kind for pot in pots})
    choices = [(numbers, kinds, decoction_choices(prescription, numbers)) for numbers, kinds in groups]
    for rank in range(max((len(minutes) for _, _, minutes in choices), default=0)):
        yield from ((numbers, kinds, minutes[rank]) for numbers, kinds, minutes in choices if rank < len(minutes))


def _numbers_of_kinds(
    prescription: Prescription, portions: Sequence[Portion], table: RecipeTable, there: set[PotKind]
) -> list[tuple[RecipeTable, tuple[PotKind, ...]]]:
    """Return the kinds of pot that may make this, best first, those with the same numbers together."""
    recipe_class = prescription.recipe_class or RecipeClass.GENERAL
    if PotKind.SEALED in there and any(portion.container in _ADDED for portion in portions):
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


def _impossible(
    prescription: Prescription, portions: Sequence[Portion], pots: Sequence[PotClass]
) -> NotMadeHere | None:
    if prescription.preparation is Preparation.PASTE:
        return NotMadeHere("paste", {"preparation": prescription.preparation})
    if not pots:
        return NotMadeHere("no-machine-of-use", {"route": prescription.route, "use": VESSEL_USE[prescription.route]})
    apart: dict[str, Handling] = {}
    for herb, _, handling, container in portions:
        if container is Container.SEPARATE and apart.setdefault(herb, handling) is not handling:
            return NotMadeHere("handling-conflict", {"herb": herb})
    if not any(portion.container is Container.PAIL for portion in portions):
        return NotMadeHere("nothing-to-decoct", {"items": len(portions)})
    return None


def _no_pot(cooking: Cooking, pots: Iterable[PotClass], table: RecipeTable) -> NotMadeHere:
    able = [pot for pot in pots if pot.kind in cooking.kinds]
    least_ml = min(pot.least_ml for pot in able)
    most_ml = int(max(pot.most_ml(table) for pot in able))
    too_small, too_large = cooking.load_ml < least_ml, cooking.load_ml > most_ml
    reason = "load-too-small" if too_small else "load-too-large" if too_large else "load-between-pots"
    return NotMadeHere(reason, {"load_ml": cooking.load_ml, "least_ml": least_ml, "most_ml": most_ml})


def _cooking(
    prescription: Prescription,
    portions: Sequence[Portion],
    minutes: tuple[int, ...],
    kinds: tuple[PotKind, ...],
    formulary: Formulary,
    table: RecipeTable,
) -> Cooking:
    in_pot = [portion for portion in portions if portion.container is not Container.SEPARATE]
    timed = boil_minutes(in_pot, minutes, formulary, table)
    water = share_out(in_pot, timed, prescription.bags * prescription.serving_ml, formulary, table)
    separate = separate_tasks(portions, formulary, table) if len(in_pot) < len(portions) else ()
    return Cooking(prescription.route, table, kinds, minutes, timed, water, separate)


def _sketched(portions: tuple[Portion, ...], cooking: Cooking) -> Sketch:
    water, table = cooking.water, cooking.table
    away_ml = max(0, water.combined_ml - water.concentrate_ml) if water.concentrate_ml else 0
    in_pot_minutes = pot_minutes(water.boils, away_ml, table)
    return Sketch(portions, cooking, estimate_minutes(in_pot_minutes, cooking.separate, table), in_pot_minutes)
