"""A plan as ISA-88 has it, on a timeline: procedure, unit procedures, operations, phases, with minutes and millilitres.

A dry run: nothing waits, nobody is late, herbs and steam take exactly what the recipe expects. Names as in ISA-88; a phase is
what one machine does in one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.plan import AHEAD, FIRST, FOR_WATER, MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.plan import Boil, Plan
    from controller.model.recipe import RecipeTable

_OPERATIONS = {FOR_WATER: "DecoctForWater", FIRST: "DecoctFirst", MAIN: "FirstBoil", "boil.2": "SecondBoil"}


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase. `begins`: plant minutes from the first; `ml`: what it moves or leaves, None where nothing flows."""

    unit: str
    operation: str
    phase: str
    begins: float
    minutes: float
    ml: int | None = None


def procedure(plan: Plan, table: RecipeTable) -> tuple[Phase, ...]:
    """Return the phases of a decocted batch in their order."""
    phases: list[Phase] = []
    clock = 0.0
    for unit, operation, phase, minutes, ml in _steps(plan, table):
        begins = clock + minutes if phase == "AddLate" else clock
        phases.append(Phase(unit, operation, phase, begins, 0.0 if phase == "AddLate" else minutes, ml))
        clock += 0.0 if phase == "AddLate" else minutes
    return tuple(sorted(phases, key=lambda one: one.begins))


def liquids_ml(plan: Plan) -> tuple[int, ...]:
    """Return the liquid that each decoction leaves after herbs and steam."""
    steam = plan.setting("evaporation_ml_per_min")
    first_minutes = sum(boil.minutes for boil in plan.boils if boil.name in AHEAD or boil.name == MAIN)
    first = plan.soak_water_ml - plan.absorb_ml - first_minutes * steam
    return (round(first), *(round(boil.water_ml - boil.minutes * steam) for boil in plan.boils if boil.water_ml))


_Step = tuple[str, str, str, float, int | None]


def _steps(plan: Plan, table: RecipeTable) -> Iterator[_Step]:
    people = table.handling_share_minutes
    yield "Soak", "Soak", "AddWater", 0, plan.soak_water_ml
    yield "Soak", "Soak", "Soak", plan.soak_minutes, None
    yield "Decoct", "Charge", "Charge", people, plan.load_ml
    liquids = iter(liquids_ml(plan))
    for boil in plan.boils:
        yield from _boil(plan, boil)
        if boil.name not in AHEAD:
            yield "Decoct", _OPERATIONS[boil.name], "Drain", 0, next(liquids)
    combined_ml = sum(liquids_ml(plan))
    yield "Decoct", "Combine", "Drain", 0, combined_ml
    if plan.concentrate_ml:
        away_ml = max(0, combined_ml - plan.concentrate_ml)
        minutes = away_ml / plan.setting("concentrate_ml_per_min")
        yield "Decoct", "Concentrate", "Concentrate", round(minutes, 1), min(plan.concentrate_ml, combined_ml)
    yield "Pack", "Pack", "Pack", people, plan.bags * plan.fill_ml
    yield "Decoct", "Rinse", "Rinse", table.rinse_minutes, None


def _boil(plan: Plan, boil: Boil) -> Iterator[_Step]:
    operation = _OPERATIONS[boil.name]
    if boil.water_ml:
        yield "Decoct", operation, "AddWater", 0, boil.water_ml
    yield "Decoct", operation, "HeatToBoil", plan.setting("heat_up_minutes"), None
    if plan.late_minutes and boil.name == MAIN:
        yield "Decoct", operation, "AddLate", boil.minutes - plan.late_minutes[1], None
    yield "Decoct", operation, "HoldBoil", boil.minutes, None
