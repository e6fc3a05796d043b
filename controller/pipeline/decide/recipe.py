"""Recipe tables: a version is approved once, by a pharmacist, with all its content; nothing is planned with any other.

What is under way keeps the numbers that it was planned with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared, raised
from controller.pipeline.decide.decision import DESKS, refuse_actor, refuse_station
from controller.recipes.lint import lint

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import ApproveRecipe, EnrolRecipe
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

SIMULATED = "every machine of this site is simulated"
_SOURCE = "recipe"


def approve_recipe(floor: Floor, intent: ApproveRecipe, world: World) -> Decision:
    """Approve the table in force, by the digest of what the pharmacist has seen; with a reason where the pots cannot keep it."""
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(world, intent.station, *DESKS):
        return no
    table = world.book.recipes
    if intent.digest != table.digest:
        return Refusal("recipe-other", {"digest": intent.digest, "version": table.version, "wanted": table.digest})
    if table.digest in floor.recipes:
        return Refusal("already-done", {"version": table.version})
    if any(known.version == table.version for known in floor.recipes.values()):
        return Refusal("recipe-version-used", {"version": table.version}, next_action="name-a-new-version")
    if not intent.note and any(lint(table, world.book.pot_classes)):
        return Refusal("reason-missing", {"version": table.version})
    return (_approved(world, intent.actor, intent.note), *cleared(floor, "recipe-waiting", _SOURCE, world))


def enrol_recipe(floor: Floor, intent: EnrolRecipe, world: World) -> Decision:
    """Call a pharmacist where the table waits for a signature; the first of a simulated site is taken for approved."""
    table = world.book.recipes
    if table.digest in floor.recipes:
        return cleared(floor, "recipe-waiting", _SOURCE, world)
    if intent.simulated and not floor.recipes:
        return (_approved(world, "", SIMULATED),)
    waits = raised(floor, "recipe-waiting", _SOURCE, world, table.version)
    standing = floor.alarms.get(f"recipe-waiting:{_SOURCE}")
    if waits or standing is None or standing.detail == table.version:
        return waits
    return (f.AlarmRecurred(world.now, standing.id, table.version),)  # another table than the one that it was about


def refuse_recipe(floor: Floor, world: World) -> Refusal | None:
    """Refuse to plan with numbers that nobody approved, or that were changed since."""
    table = world.book.recipes
    if table.digest in floor.recipes:
        return None
    facts = {"version": table.version, "digest": table.digest}
    return Refusal("recipe-not-approved", facts, (Role.PHARMACIST,), "approve-recipe")


def _approved(world: World, by: str, note: str) -> f.RecipeApproved:
    table = world.book.recipes
    return f.RecipeApproved(world.now, table.version, table.digest, table.content, by, note)
