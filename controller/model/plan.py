"""What must be done for one batch, decided once from a sound prescription; never when or where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.model.prescription import Handling, Route
from controller.model.recipe import PotKind, Setting


class Container(StrEnum):
    """Where a weighed herb goes."""

    PAIL = "pail"
    WATER = "for-water"
    FIRST = "first"
    LATE = "late"
    SEPARATE = "separate"


FOR_WATER, FIRST, MAIN = "for-water", "first", "boil.1"
"""Names of boils: the herbs whose liquid is the water of the rest, the decoct-first ones, and the first with everything in."""
AHEAD = frozenset({FOR_WATER, FIRST})


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
    """One boil. `name`: `for-water` (煎汤代水), `first` (先煎), `boil.1`, `boil.2`.

    `water_ml`: from the pot's own valve, 0 where the pail brings it.
    """

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
    delivery will ask for, as (name, about). `kinds`: kinds of pot that these numbers hold for; empty for any. `concentrate_ml`:
    what the combined liquid is boiled down to, 0 where it is not. `settings`: the recipe's numbers as they were, each with its
    layer; `recipe_digest`: of the table they came from.
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
    recipe_digest: str = ""
    kinds: tuple[PotKind, ...] = ()
    concentrate_ml: int = 0
    settings: tuple[Setting, ...] = ()

    @property
    def decocted(self) -> bool:
        """Whether a pot is needed at all."""
        return bool(self.boils)

    @property
    def ahead(self) -> int:
        """How many boils come before the one that all the other herbs are in."""
        return sum(boil.name in AHEAD for boil in self.boils)

    def setting(self, name: str) -> float:
        """Return a number of the recipe as it was when this was planned; the first of several, 0 in old plans."""
        return next((one.values[0] for one in self.settings if one.name == name), 0.0)
