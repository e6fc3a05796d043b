"""What recipe numbers must keep among themselves, in every layer and wherever layers meet; each problem is (place, what)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from controller.model.formulary import Absorption
from controller.model.prescription import OUT_OF_POT, RecipeClass
from controller.model.recipe import OF_THE_POT, SITE, PotKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.recipe import RecipeTable

Problem = tuple[str, str]
MOST_DECOCTIONS = 2
_ABOVE_0 = (
    "rinse_minutes", "flush_ml", "urgent_minutes", "displacement_ml_per_g", "least_tolerance_g", "rinse_celsius",
)  # fmt: skip
_SHARES = ("liquid_share", "weight_tolerance", "herb_tolerance", "toxic_tolerance", "covered_gap_share")
_LAYERED_ABOVE_0 = (
    "soak_minutes", "first_minutes", "toxic_first_minutes", "for_water_minutes", "heat_up_minutes",
    "evaporation_ml_per_min",
)  # fmt: skip
_LAYERED_SHARES = ("first_water_share", "fill_share")
_LAYERED_NOT_UNDER_0 = ("water_margin", "dead_volume_ml", "pressure_kpa")


def recipe_checks(table: RecipeTable) -> Iterator[Problem]:
    """Yield every number that cannot be meant, once."""
    yield from _plain(table)
    yield from _keys(table)
    yield from _layers(table)
    there = [table.of(kind, name) for kind, name in product(PotKind, RecipeClass) if name in table.classes]
    kinds = [kind for kind, name in product(PotKind, RecipeClass) if name in table.classes]
    told = (problem for kind, one in zip(kinds, there, strict=True) for problem in _together(one, kind))
    yield from dict.fromkeys(told)


def _plain(table: RecipeTable) -> Iterator[Problem]:
    yield from ((name, "must be above 0") for name in _ABOVE_0 if not getattr(table, name) > 0)
    yield from ((name, "must lie between 0 and 1") for name in _SHARES if not 0 < getattr(table, name) < 1)
    if not table.handling_share_minutes >= 0:
        yield "handling_share_minutes", "must not be under 0"
    for name in ("routine_cutoff_hour", "routine_promise_hour"):
        if not 0 <= getattr(table, name) < 24:  # noqa: PLR2004 - hours of a day
            yield name, "no hour of the day"
    if not 1 <= table.urgent_decoctions <= MOST_DECOCTIONS:
        yield "urgent_decoctions", f"must be 1 to {MOST_DECOCTIONS}"
    if not 0 < table.seal_celsius[0] < table.seal_celsius[1]:
        yield "seal_celsius", "no range"
    if table.toxic_tolerance > table.herb_tolerance:
        yield "toxic_tolerance", "wider than herb_tolerance"


def _keys(table: RecipeTable) -> Iterator[Problem]:
    yield from ((f"classes.{name}", "missing") for name in RecipeClass if name not in table.classes)
    for kind in Absorption:
        if not table.absorption_ml_per_g.get(kind, -1) >= 0:
            yield f"absorption_ml_per_g.{kind}", "missing or under 0"
    for name in sorted(OUT_OF_POT.union(table.separate_minutes)):
        if name not in OUT_OF_POT:
            yield f"separate_minutes.{name}", "goes into the pot"
        elif not table.separate_minutes.get(name, -1) >= 0:
            yield f"separate_minutes.{name}", "missing or under 0"


def _layers(table: RecipeTable) -> Iterator[Problem]:
    """Say which number stands in a layer that cannot know it."""
    if table.boil_minutes:
        yield "boil_minutes", "belongs to a class"
    for name, layer in table.classes.items():
        if layer.boil_minutes is None:
            yield f"classes.{name}.boil_minutes", "missing"
        of_class = {
            f"classes.{name}": layer,
            **{f"classes.{name}.kinds.{kind}": one for kind, one in layer.kinds.items()},
        }
        for place, one in of_class.items():
            yield from ((f"{place}.{key}", "belongs to a kind of pot") for key in OF_THE_POT & one.numbers().keys())
        yield from (
            (f"classes.{name}.kinds.{kind}.pots", "belongs to a class") for kind, one in layer.kinds.items() if one.pots
        )
    for kind, layer in table.kinds.items():
        yield from (
            (f"kinds.{kind}.{key}", "belongs to a class") for key in ("boil_minutes", "pots") if getattr(layer, key)
        )
    sealed = table.of_kind(PotKind.SEALED, "pressure_kpa")
    if not sealed > 0:
        yield f"kinds.{PotKind.SEALED}.pressure_kpa", "must be above 0"


def _together(one: RecipeTable, kind: PotKind) -> Iterator[Problem]:
    """Judge the numbers that hold for one class on one kind of pot, each at the place that set it."""
    places = {setting.name: _place(setting.name, setting.layer) for setting in one.settings}
    for name in _LAYERED_ABOVE_0:
        if not getattr(one, name) > 0:
            yield places[name], "must be above 0"
    for name in _LAYERED_SHARES:
        if not 0 < getattr(one, name) < 1:
            yield places[name], "must lie between 0 and 1"
    for name in _LAYERED_NOT_UNDER_0:
        if not getattr(one, name) >= 0:
            yield places[name], "must not be under 0"
    if one.soak_max_minutes < one.soak_minutes:
        yield places["soak_max_minutes"], "under soak_minutes"
    if not 0 < one.late_minutes[0] < one.late_minutes[1]:
        yield places["late_minutes"], "no window"
    if not one.pots or len(set(one.pots)) < len(one.pots):
        yield "pots", "at least one kind of pot, and none twice"
    yield from _boils(one, kind, places["boil_minutes"])
    if kind is not PotKind.SEALED and one.pressure_kpa:
        yield places["pressure_kpa"], "only a sealed pot cooks under pressure"
    if one.collect_share < 1:
        yield places["collect_share"], "under 1: the pouches would not be filled"
    if one.collect_share > 1 and (kind is not PotKind.CONCENTRATING or not one.concentrate_ml_per_min > 0):
        yield places["collect_share"], "above 1: only a concentrating pot with its concentrate_ml_per_min boils it down"


def _boils(one: RecipeTable, kind: PotKind, place: str) -> Iterator[Problem]:
    minutes = one.boil_minutes
    if not 1 <= len(minutes) <= MOST_DECOCTIONS or min(minutes) <= 0:
        yield place, "one or two decoctions of at least a minute"
    elif minutes[-1] > minutes[0]:
        yield place, "the second decoction is longer than the first"
    elif kind is not PotKind.SEALED and minutes[0] <= one.late_minutes[1]:
        yield place, "the late window does not fit into the first decoction"


def _place(name: str, layer: str) -> str:
    own = layer.removeprefix(SITE).strip()
    return f"{own}.{name}" if own.startswith(("kinds.", "classes.")) else name
