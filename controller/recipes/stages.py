"""Which boils there are and how long each takes, in minutes at the boil; and the forecast that follows from them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from controller.model.plan import FIRST, FOR_WATER, Container, JoinsAt
from controller.model.prescription import Handling, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from controller.model.formulary import Formulary
    from controller.model.plan import Boil, SeparateTask
    from controller.model.prescription import Prescription
    from controller.model.recipe import RecipeTable
    from controller.recipes.portions import Portion


def decoction_choices(prescription: Prescription, table: RecipeTable) -> tuple[tuple[int, ...], ...]:
    """Return the minutes of the decoctions, best choice first: urgent asks for fewer, where a pot can hold them."""
    usual = table.boil_minutes
    if prescription.urgency is Urgency.URGENT and table.urgent_decoctions < len(usual):
        return usual[: table.urgent_decoctions], usual
    return (usual,)


def boil_minutes(
    items: Sequence[Portion], decoctions: Sequence[int], formulary: Formulary, table: RecipeTable
) -> tuple[tuple[str, int], ...]:
    """Return (name, minutes) of every boil of the herbs in the pot.

    Where decoct-first herbs are all there is, they need no boil of their own, but boil as long as they would have.
    """
    first = [item for item in items if item.handling is Handling.DECOCT_FIRST]
    ahead = max((_first_minutes(item, formulary, table) for item in first), default=0)
    named = tuple((f"boil.{number}", minutes) for number, minutes in enumerate(decoctions, 1))
    if any(item.container is Container.FIRST for item in first):
        named = (FIRST, ahead), *named
    else:
        named = (named[0][0], ahead + named[0][1]), *named[1:]
    water = [item for item in items if item.container is Container.WATER]
    if not water:
        return named
    return (FOR_WATER, max(herb_minutes(item, table.for_water_minutes, formulary) for item in water)), *named


def _first_minutes(item: Portion, formulary: Formulary, table: RecipeTable) -> int:
    toxic = formulary.herbs[item.herb].toxic
    return herb_minutes(item, table.toxic_first_minutes if toxic else table.first_minutes, formulary)


def herb_minutes(item: Portion, usual: int, formulary: Formulary) -> int:
    """Return the usual minutes of a handling, kept inside the herb's own range where the formulary has one for it."""
    herb = formulary.herbs[item.herb]
    if herb.handling_minutes is None or herb.handling is not item.handling:
        return usual
    least, most = herb.handling_minutes
    return min(max(usual, least), most)


def pot_minutes(boils: Iterable[Boil], away_ml: int, table: RecipeTable) -> int:
    """Return how long the batch occupies its pot: heating, boiling, people's part, and the rinse after it.

    `away_ml`: what a concentrator boils away of the combined liquid.
    """
    concentrating = ceil(away_ml / table.concentrate_ml_per_min) if away_ml else 0
    boiling = sum(table.heat_up_minutes + boil.minutes for boil in boils)
    return boiling + concentrating + table.handling_share_minutes + table.rinse_minutes


def estimate_minutes(in_pot: int, separate: Iterable[SeparateTask], table: RecipeTable) -> int:
    """Return the minutes from approval to release, without waiting: dispensing, then pot and separate parts, then packing.

    `in_pot`: minutes that it occupies its pot, 0 where none is needed.
    """
    both_ends = 2 * table.handling_share_minutes
    if not in_pot:
        return both_ends
    apart = max((task.least_minutes for task in separate if task.joins is JoinsAt.PACKING), default=0)
    return both_ends + max(table.soak_minutes + in_pot - table.rinse_minutes, apart)
