"""What never enters the pot: made apart and poured in before packing, or packed apart and put into the parcel."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from controller.model.plan import Container, JoinsAt, SeparateTask
from controller.model.prescription import Handling
from controller.recipes.stages import herb_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.model.formulary import Formulary
    from controller.model.recipe import RecipeTable
    from controller.recipes.portions import Portion

_MILLIGRAM = 3


def separate_tasks(items: Sequence[Portion], formulary: Formulary, table: RecipeTable) -> tuple[SeparateTask, ...]:
    """Return one task per herb that never enters the pot: its liquid joins at packing, its powder at boxing."""
    apart = {item.herb: item for item in items if item.container is Container.SEPARATE}
    return tuple(
        SeparateTask(
            herb=item.herb,
            handling=item.handling,
            grams=round(fsum(other.grams for other in items if _same_packet(other, item)), _MILLIGRAM),
            least_minutes=herb_minutes(item, table.separate_minutes[item.handling], formulary),
            joins=JoinsAt.BOXING if item.handling is Handling.TAKE_WITH else JoinsAt.PACKING,
        )
        for item in apart.values()
    )


def _same_packet(one: Portion, other: Portion) -> bool:
    return one.herb == other.herb and one.container is other.container
