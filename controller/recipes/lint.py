"""What a recipe table and the pots of a site must keep between them: pots for every class, room for a load, no boiling dry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.prescription import RecipeClass
from controller.model.recipe import PotKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.model.recipe import RecipeTable
    from controller.model.world import PotClass


def lint(table: RecipeTable, pots: Sequence[PotClass]) -> Iterator[str]:
    """Yield every contradiction between the numbers and the pots, each with its place in the table."""
    there = {pot.kind for pot in pots}
    allowed = {name: set(table.of(PotKind.OPEN, name).pots) for name in RecipeClass}
    for name, kinds in allowed.items():
        if there and not there & kinds:
            yield f"classes.{name}.pots: this site has no pot of these kinds"
    for kind in sorted(there.difference(*allowed.values())):
        yield f"pots: no class may be cooked in the pots of kind {kind} that this site has"
    for pot in pots:
        yield from _of_pot(table, pot)


def _of_pot(table: RecipeTable, pot: PotClass) -> Iterator[str]:
    most_ml = pot.most_ml(table)
    where = f"pots of {pot.volume_ml} mL ({pot.kind})"
    if most_ml < pot.least_ml:
        yield f"fill_share: {where} foam over at {most_ml:.0f} mL, and must hold at least {pot.least_ml} mL"
    for name in RecipeClass:
        numbers = table.of(pot.kind, name)
        if pot.kind not in numbers.pots:
            continue
        steam_ml = numbers.boil_minutes[0] * numbers.evaporation_ml_per_min
        if steam_ml >= pot.least_ml:
            yield f"classes.{name}.boil_minutes: {where} boil {steam_ml:.0f} mL away, and may hold only {pot.least_ml} mL"
