"""Given a sound prescription, says what must be done; never when or where.

`make_plan` gives the whole plan of a batch, or says why this centre cannot make it; `sketch` says as much of it as intake has
to know. All numbers come from the recipe table and the formulary. Every herb must be in the formulary. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.plan import AHEAD, FIRST, FOR_WATER, Container, Plan
from controller.model.recipe import PRESCRIPTION, Setting
from controller.recipes.evidence import decoction_evidence, dispensing_evidence, item_names
from controller.recipes.portions import weighings
from controller.recipes.sketch import NotMadeHere, Sketch, sketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.model.formulary import Formulary
    from controller.model.prescription import Prescription
    from controller.model.recipe import RecipeTable
    from controller.model.world import PotClass
    from controller.recipes.sketch import Cooking

__all__ = ["NotMadeHere", "Sketch", "item_names", "make_plan", "sketch"]


def make_plan(
    prescription: Prescription, formulary: Formulary, table: RecipeTable, pot_classes: Sequence[PotClass]
) -> Plan | NotMadeHere:
    """Plan one batch; see `sketch` for what is chosen."""
    sketched = sketch(prescription, formulary, table, pot_classes)
    if isinstance(sketched, NotMadeHere):
        return sketched
    if sketched.cooking is None:
        return _dispensing_plan(prescription, sketched, formulary, table)
    return _decoction_plan(prescription, sketched, sketched.cooking, formulary)


def _decoction_plan(prescription: Prescription, sketched: Sketch, cooking: Cooking, formulary: Formulary) -> Plan:
    table, water, separate = cooking.table, cooking.water, cooking.separate
    items = weighings(prescription, sketched.portions, formulary, table, times=1)
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
        estimate_minutes=sketched.estimate_minutes,
        pot_minutes=sketched.pot_minutes,
        recipe_digest=table.digest,
        kinds=cooking.kinds,
        concentrate_ml=water.concentrate_ml,
        settings=_settings(cooking),
    )


def _settings(cooking: Cooking) -> tuple[Setting, ...]:
    """Return the recipe's numbers with their layers, and over them what the prescription itself decides."""
    timed, minutes, table = cooking.timed, cooking.minutes, cooking.table
    own = {_BY_HERBS[name]: Setting(_BY_HERBS[name], (float(m),), PRESCRIPTION) for name, m in timed if name in AHEAD}
    if minutes != table.boil_minutes:
        own["boil_minutes"] = Setting("boil_minutes", tuple(map(float, minutes)), PRESCRIPTION)
    return tuple(own.get(setting.name, setting) for setting in table.settings) if own else table.settings


_BY_HERBS = {FIRST: "first_minutes", FOR_WATER: "for_water_minutes"}


def _dispensing_plan(prescription: Prescription, sketched: Sketch, formulary: Formulary, table: RecipeTable) -> Plan:
    items = weighings(prescription, sketched.portions, formulary, table, times=prescription.doses)
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
        estimate_minutes=sketched.estimate_minutes,
        pot_minutes=sketched.pot_minutes,
        recipe_digest=table.digest,
    )
