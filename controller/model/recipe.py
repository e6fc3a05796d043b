"""The numbers of recipes, as a pharmacist wrote them in recipes.toml: minutes, water, tolerances, each with its source there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.formulary import Absorption
from controller.model.prescription import RecipeClass


@dataclass(frozen=True, slots=True)
class ClassRecipe:
    """Minutes at the boil of each decoction, first to last."""

    boil_minutes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RecipeTable:
    """All recipe numbers of one version.

    Minutes are plant minutes. `late_minutes`: (least, most) before the planned end of the hold. `absorption_ml_per_g` by
    class. `water_margin`: part of all water; `dead_volume_ml`: on top, whatever the load. `first_water_share`: part of the
    water of two decoctions that goes into the first. `weight_tolerance`: part of the whole; `herb_tolerance`,
    `toxic_tolerance`, `least_tolerance_g` bind one herb. `covered_gap_share`: part of required minutes that the machine
    alone may attest.
    """

    version: str
    soak_minutes: int
    soak_max_minutes: int
    classes: Mapping[RecipeClass, ClassRecipe]
    urgent_decoctions: int
    first_minutes: int
    toxic_first_minutes: int
    late_minutes: tuple[int, int]
    separate_minutes: Mapping[str, int]
    absorption_ml_per_g: Mapping[Absorption, float]
    displacement_ml_per_g: float
    evaporation_ml_per_min: float
    water_margin: float
    dead_volume_ml: int
    first_water_share: float
    fill_share: float
    weight_tolerance: float
    herb_tolerance: float
    toxic_tolerance: float
    least_tolerance_g: float
    rinse_minutes: int
    rinse_celsius: float
    flush_ml: int
    seal_celsius: tuple[float, float]
    heat_up_minutes: int
    handling_share_minutes: int
    covered_gap_share: float
    routine_cutoff_hour: int
    routine_promise_hour: int
    urgent_minutes: int
