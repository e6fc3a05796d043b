"""What deciding gives: facts, or a refusal; and the small questions that every decision asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.checkpoint import Checkpoint, Verdict
from controller.model.facts import CheckpointRecorded, Fact
from controller.model.people import StationKind
from controller.model.refusal import Refusal

if TYPE_CHECKING:
    from controller.model.batch import Batch
    from controller.model.floor import Floor
    from controller.model.people import Role
    from controller.model.world import World

Decision = tuple[Fact, ...] | Refusal
DESKS = (StationKind.RELEASE, StationKind.REVIEW, StationKind.FLOOR)
"""Where a pharmacist signs for what went another way than it should."""


def refuse_actor(floor: Floor, actor: str, *roles: Role) -> Refusal | None:
    """Refuse who is not an enabled person with one of the roles."""
    person = floor.people.get(actor)
    if person is None:
        return Refusal("person-unknown", {"actor": actor})
    if not person.enabled:
        return Refusal("person-disabled", {"actor": actor})
    if not set(roles) & set(person.roles):
        return Refusal("role-missing", {"actor": actor, "roles": ", ".join(roles)}, who_may_override=tuple(roles))
    return None


def refuse_station(world: World, station: str, *kinds: StationKind) -> Refusal | None:
    """Refuse an act at a station that is not there for it."""
    known = world.book.stations.get(station)
    if known is not None and known.kind in (*kinds, StationKind.ANY):
        return None
    return Refusal("station-wrong", {"station": station, "kinds": ", ".join(kinds)})


def refuse_same(actor: str, others: tuple[str, ...], rule: str) -> Refusal | None:
    """Refuse a person who must not be one of the others."""
    return Refusal("same-person", {"actor": actor, "act": rule}) if actor in others else None


def recorded(
    batch: Batch, at: int, name: str, by: str, verdict: Verdict = Verdict.PASSED, **more: object
) -> CheckpointRecorded:
    """Make the fact of one checkpoint of a batch."""
    checkpoint = Checkpoint(name=name, about=str(more.pop("about", "")), verdict=verdict, by=by, at=at, **more)  # pyright: ignore[reportArgumentType] - the names are checked by every caller's test
    return CheckpointRecorded(at, batch.case, batch.id, checkpoint)
