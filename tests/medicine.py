"""Prescriptions and pots for tests of the judges: the project's own tables, and one sound prescription to vary."""

from __future__ import annotations

from typing import Any

from controller.formulary import load_formulary, load_recipes
from controller.model.prescription import (
    DeliveryMethod,
    Handling,
    Item,
    Override,
    Patient,
    Preparation,
    Prescription,
    RecipeClass,
    Route,
    Sex,
    Urgency,
)
from controller.model.world import PotClass

FORMULARY = load_formulary()
RECIPES = load_recipes()
POTS = (PotClass("internal", 800, 6000), PotClass("internal", 1500, 12000), PotClass("internal", 2500, 20000))


def patient(**changes: Any) -> Patient:
    """A woman of 40 who is not pregnant and has no allergies."""
    facts: dict[str, Any] = {"subject": "s-001", "digest": "0" * 64, "sex": Sex.FEMALE, "age_years": 40}
    facts |= {"pregnant": False, "lactating": False, "allergies": ()}
    return Patient(**{**facts, **changes})


def items(*herbs: tuple[Any, ...]) -> tuple[Item, ...]:
    """Items of (herb, grams) or (herb, grams, handling)."""
    return tuple(Item(herb, grams, Handling(*rest) if rest else Handling.NONE) for herb, grams, *rest in herbs)


def prescription(*herbs: tuple[Any, ...], **changes: Any) -> Prescription:
    """Seven doses, two servings of 200 mL, general class; 桂枝汤 where no herbs are given."""
    sound = items(*herbs) if herbs else items(("桂枝", 9), ("白芍", 9), ("生姜", 9), ("大枣", 9), ("炙甘草", 6))
    facts: dict[str, Any] = {
        "hospital": "RS-TCM",
        "prescription_no": "T-0001",
        "version": 1,
        "issued_at": 1_795_305_600_000,
        "patient": patient(),
        "prescriber": "测试医师01",
        "overrides": (),
        "doses": 7,
        "servings_per_dose": 2,
        "serving_ml": 200,
        "route": Route.ORAL,
        "urgency": Urgency.ROUTINE,
        "preparation": Preparation.DECOCT,
        "recipe_class": RecipeClass.GENERAL,
        "items": sound,
        "delivery": DeliveryMethod.COURIER,
    }
    return Prescription(**{**facts, **changes})


def override(rule: str, *herbs: str) -> Override:
    """The prescriber signs again."""
    return Override(rule, herbs, "病情需要", "测试医师01", 1_795_305_600_000)
