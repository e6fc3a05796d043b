"""What must be done for one batch, decided once from a sound prescription; never when or where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.model.prescription import Handling, Route


class Container(StrEnum):
    """Where a weighed herb goes."""

    PAIL = "pail"
    FIRST = "first"
    LATE = "late"
    SEPARATE = "separate"


class JoinsAt(StrEnum):
    """What a part made apart holds up until it is there."""

    PACKING = "packing"
    BOXING = "boxing"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One herb to weigh: `times` times `grams`, each within +- `tolerance_g`."""

    herb: str
    grams: float
    times: int
    tolerance_g: float
    handling: Handling
    container: Container


@dataclass(frozen=True, slots=True)
class Boil:
    """One boil. `name`: `first` (先煎), `boil.1`, `boil.2`. `water_ml`: from the pot's own valve, 0 where the pail brings it."""

    name: str
    minutes: int
    water_ml: int


@dataclass(frozen=True, slots=True)
class SeparateTask:
    """A part made outside the pot, attested by a person. `least_minutes`: 0 where no time is asked."""

    herb: str
    handling: Handling
    grams: float
    least_minutes: int
    joins: JoinsAt


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of a batch. `boils` is empty for `dispense-only`.

    `load_ml`: free water and displaced herb volume at the first charge. `required`: the checkpoints that release and
    delivery will ask for, as (name, about).
    """

    recipe_version: str
    formulary_version: str
    route: Route
    items: tuple[PlanItem, ...]
    soak_minutes: int
    soak_max_minutes: int
    soak_water_ml: int
    load_ml: int
    herb_g: int
    absorb_ml: int
    boils: tuple[Boil, ...]
    late_minutes: tuple[int, int] | None
    separate: tuple[SeparateTask, ...]
    bags: int
    fill_ml: int
    required: tuple[tuple[str, str], ...]
    estimate_minutes: int
    pot_minutes: int

    @property
    def decocted(self) -> bool:
        """Whether a pot is needed at all."""
        return bool(self.boils)
