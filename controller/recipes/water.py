"""Water in = kept by the herbs + boiled away + drawn for the pouches, and a margin on it all; shared out over the decoctions."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, fsum
from typing import TYPE_CHECKING

from controller.model.plan import Boil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.model.formulary import Formulary
    from controller.model.recipe import RecipeTable
    from controller.recipes.portions import Portion

_SECOND = "boil.2"


@dataclass(frozen=True, slots=True)
class Water:
    """The water of one batch, mL. `first_ml` comes with the pail; `load_ml` is it and the volume of the herbs.

    `combined_ml`: the liquid of all decoctions together; `concentrate_ml`: what it is boiled down to, 0 where it is not.
    """

    first_ml: int
    absorbed_ml: int
    load_ml: int
    herb_g: int
    combined_ml: int
    concentrate_ml: int
    boils: tuple[Boil, ...]


def share_out(
    items: Sequence[Portion],
    timed: Sequence[tuple[str, int]],
    pouches_ml: int,
    formulary: Formulary,
    table: RecipeTable,
) -> Water:
    """Give each boil its water. `items`: what goes into the pot; `timed`: (name, minutes) of every boil.

    The first decoction of two gets its share of the whole, and at least what leaves half of the liquid after herbs and
    steam have taken theirs. So it never boils dry, and, since the second is not the longer one and its herbs are already
    wet, the second charge never fills the pot more than the first.
    """
    herb_g = fsum([item.grams for item in items])
    herbs, kept = formulary.herbs, table.absorption_ml_per_g
    absorbed_ml = fsum([item.grams * kept[herbs[item.herb].absorption] for item in items])
    steam_ml = {name: minutes * table.evaporation_ml_per_min for name, minutes in timed}
    taken_ml = absorbed_ml + fsum(steam_ml.values())
    drawn_ml = pouches_ml * table.collect_share
    total_ml = (drawn_ml + taken_ml) * (1 + table.water_margin) + table.dead_volume_ml
    first_ml = ceil(total_ml)
    if _SECOND in steam_ml:
        half_ml = (total_ml - taken_ml) / 2
        first_ml = ceil(max(total_ml * table.first_water_share, taken_ml - steam_ml[_SECOND] + half_ml))
    second_ml = int(total_ml - first_ml)
    return Water(
        first_ml=first_ml,
        absorbed_ml=round(absorbed_ml),
        load_ml=ceil(first_ml + herb_g * table.displacement_ml_per_g),
        herb_g=ceil(herb_g),
        combined_ml=int(total_ml - taken_ml),
        concentrate_ml=ceil(pouches_ml * (1 + table.water_margin)) + table.dead_volume_ml
        if drawn_ml > pouches_ml
        else 0,
        boils=tuple(Boil(name, minutes, second_ml if name == _SECOND else 0) for name, minutes in timed),
    )
