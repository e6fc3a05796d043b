"""What a recipe table and the pots of a site must keep between them: pots for every class, room for a load, no boiling dry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.model.prescription import RecipeClass
from controller.model.recipe import PotKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controller.model.recipe import RecipeTable
    from controller.model.world import PotClass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One contradiction. `place`: of the number in the table; `rule`: id of its text, `facts` what stands in that."""

    place: str
    rule: str
    facts: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])


def lint(table: RecipeTable, pots: Sequence[PotClass]) -> Iterator[Flaw]:
    """Yield every contradiction between the numbers and the pots."""
    there = {pot.kind for pot in pots}
    allowed = {name: set(table.of(PotKind.OPEN, name).pots) for name in RecipeClass}
    for name, kinds in allowed.items():
        if there and not there & kinds:
            yield Flaw(f"classes.{name}.pots", "no-pot")
    for kind in sorted(there.difference(*allowed.values())):
        yield Flaw("pots", "no-class", {"pot_kind": kind})
    for pot in pots:
        yield from _of_pot(table, pot)


def _of_pot(table: RecipeTable, pot: PotClass) -> Iterator[Flaw]:
    most_ml = pot.most_ml(table)
    which: dict[str, str | int] = {"ml": pot.volume_ml, "pot_kind": pot.kind, "least": pot.least_ml}
    if most_ml < pot.least_ml:
        yield Flaw("fill_share", "foams-over", {**which, "most": round(most_ml)})
    for name in RecipeClass:
        numbers = table.of(pot.kind, name)
        if pot.kind not in numbers.pots:
            continue
        steam_ml = numbers.boil_minutes[0] * numbers.evaporation_ml_per_min
        if steam_ml >= pot.least_ml:
            yield Flaw(f"classes.{name}.boil_minutes", "boils-dry", {**which, "steam": round(steam_ml)})
