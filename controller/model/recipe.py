"""The numbers of recipes, as a pharmacist wrote them in recipes.toml: minutes, water, tolerances, each with its source there.

Numbers stand in layers: the general table, the site's own file, the kind of pot, the class of prescription, and a class on a
kind of pot; a later layer overrides an earlier one. `table.of(kind, recipe_class)` gives the table that holds for both, with
`settings` telling which layer set what. What a prescription sets is in `recipes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from controller.model.formulary import Absorption
from controller.model.prescription import RecipeClass


class PotKind(StrEnum):
    """What a pot can do beside boiling, as far as a recipe cares; a pot is of one kind."""

    OPEN = "open"  # 常压煎药机
    CIRCULATING = "circulating"  # 循环煎药机
    HOPPER = "hopper"  # 带后下料斗: drops the late herbs by itself
    CONCENTRATING = "concentrating"  # 二煎浓缩: boils the combined liquid down
    SEALED = "sealed"  # 密闭加压: nothing goes in once its lid is locked


GENERAL, SITE, PRESCRIPTION = "general", "site", "prescription"
"""Names of the layers that are not those of a kind or class."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One number or pair of a recipe and the layer that set it.

    `layer`: `general`, `kinds.X`, `classes.X`, `classes.X.kinds.Y`, with `site` before it where the site's own file says so, or
    `prescription`.
    """

    name: str
    values: tuple[float, ...]
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What a kind of pot or a class of prescriptions sets; None leaves it to the layer below. Fields as in `RecipeTable`."""

    boil_minutes: tuple[int, ...] | None = None
    soak_minutes: int | None = None
    soak_max_minutes: int | None = None
    first_minutes: int | None = None
    toxic_first_minutes: int | None = None
    for_water_minutes: int | None = None
    late_minutes: tuple[int, int] | None = None
    pots: tuple[PotKind, ...] | None = None
    evaporation_ml_per_min: float | None = None
    water_margin: float | None = None
    dead_volume_ml: int | None = None
    first_water_share: float | None = None
    fill_share: float | None = None
    heat_up_minutes: int | None = None
    pressure_kpa: float | None = None
    collect_share: float | None = None
    concentrate_ml_per_min: float | None = None

    def numbers(self) -> dict[str, Any]:
        """Return what this layer sets, by name."""
        return {name: value for name in LAYERED if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class ApprovedRecipe:
    """A version of the table that a pharmacist approved, whole. `by` is empty where every machine of the site is simulated."""

    version: str
    digest: str
    content: str
    by: str
    at: int
    note: str


LAYERED = tuple(one.name for one in fields(Layer))
"""Names of what a layer may set."""
OF_THE_POT = frozenset({"fill_share", "heat_up_minutes", "pressure_kpa", "concentrate_ml_per_min"})
"""Names that only a kind of pot may set: they are true of a machine, whatever is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLayer(Layer):
    """A class of prescriptions; `kinds`: what it sets on one kind of pot."""

    kinds: Mapping[PotKind, Layer] = field(default_factory=dict[PotKind, Layer])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeNumbers:
    """All numbers of a recipe file.

    Minutes are plant minutes. `boil_minutes`: at the boil of each decoction, set by the classes. `late_minutes`: (least, most)
    before the planned end of the hold. `pots`: kinds of pot that may cook, best first. `absorption_ml_per_g` by class of herb.
    `water_margin`: part of all water; `dead_volume_ml`: on top, whatever the load. `first_water_share`: part of the water of
    two decoctions that goes into the first. `collect_share`: liquid drawn for each mL in pouches; above 1 it is concentrated,
    `concentrate_ml_per_min`. `pressure_kpa`: above the air's. `liquid_share`: part of a decoction's water by which its liquid
    may differ from the expected. `weight_tolerance`: part of the whole; `herb_tolerance`, `toxic_tolerance`,
    `least_tolerance_g` bind one herb. `covered_gap_share`: part of required minutes that the machine alone may attest.
    """

    version: str
    soak_minutes: int
    soak_max_minutes: int
    classes: Mapping[RecipeClass, ClassLayer]
    kinds: Mapping[PotKind, Layer]
    pots: tuple[PotKind, ...]
    urgent_decoctions: int
    first_minutes: int
    toxic_first_minutes: int
    for_water_minutes: int
    late_minutes: tuple[int, int]
    separate_minutes: Mapping[str, int]
    absorption_ml_per_g: Mapping[Absorption, float]
    displacement_ml_per_g: float
    evaporation_ml_per_min: float
    water_margin: float
    dead_volume_ml: int
    first_water_share: float
    fill_share: float
    liquid_share: float
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
    boil_minutes: tuple[int, ...] = ()
    pressure_kpa: float = 0.0
    collect_share: float = 1.0
    concentrate_ml_per_min: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeTable(RecipeNumbers):
    """The numbers of one version, with their layers ready to be asked.

    `site_keys`: dotted names that the site's own file sets. `content`: all that was read, canonical JSON; `digest`: its sha256.
    `settings`: in a table that `of` gave, which layer set what.
    """

    site_keys: frozenset[str] = frozenset()
    content: str = ""
    digest: str = field(init=False, compare=False)
    settings: tuple[Setting, ...] = field(default=(), init=False, compare=False)
    _resolved: Mapping[tuple[PotKind, RecipeClass], RecipeTable] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.content.encode()).hexdigest())
        resolved: dict[tuple[PotKind, RecipeClass], RecipeTable] = {}
        for recipe_class, layer in self.classes.items():
            # Kinds that nothing is said about share one table, so that whoever compares tables sees that they are the same.
            plain = _applied(self, {f"classes.{recipe_class}": layer})
            for kind in PotKind:
                of_kind, of_both = self.kinds.get(kind), layer.kinds.get(kind)
                named = {f"kinds.{kind}": of_kind} if of_kind else {}
                named[f"classes.{recipe_class}"] = layer
                named |= {f"classes.{recipe_class}.kinds.{kind}": of_both} if of_both else {}
                resolved[kind, recipe_class] = plain if len(named) == 1 else _applied(self, named)
        object.__setattr__(self, "_resolved", resolved)

    def of(self, kind: PotKind, recipe_class: RecipeClass) -> RecipeTable:
        """Return the numbers that hold for a class on a kind of pot; the same object where nothing tells two kinds apart."""
        return self._resolved[kind, recipe_class]

    def of_kind(self, kind: PotKind, name: str) -> Any:
        """Return a number that only the kind of pot may set."""
        layer = self.kinds.get(kind)
        value = None if layer is None else getattr(layer, name)
        return getattr(self, name) if value is None else value


def _applied(table: RecipeTable, layers: Mapping[str, Layer]) -> RecipeTable:
    """Put layers on a table, the later over the earlier."""
    numbers: dict[str, Any] = {}
    origin = {name: SITE if name in table.site_keys else GENERAL for name in LAYERED}
    for layer, sets in layers.items():
        numbers |= sets.numbers()
        origin |= {
            name: f"{SITE} {layer}" if f"{layer}.{name}" in table.site_keys else layer for name in sets.numbers()
        }
    merged = replace(table, **numbers, classes={}, kinds={})
    settings = (Setting(name, _values(getattr(merged, name)), origin[name]) for name in LAYERED if name != "pots")
    object.__setattr__(merged, "settings", tuple(settings))
    return merged


def _values(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(float, value)) if isinstance(value, tuple) else (float(value),)
