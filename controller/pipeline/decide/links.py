"""The road to the machines: a lost link holds its batch and many are one alarm; a peer that we do not trust is another thing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Cause, Stage
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import calls, cleared, is_active, quiet, raised
from controller.pipeline.decide.holds import ended, placed
from controller.pipeline.react import is_inside
from devices.model import LinkState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.floor import Floor
    from controller.model.intents import ReportLink, ReportPeer
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_LINK, _LINKS, _PEER = "link-stale", "links-lost", "peer-distrusted"
_GROUP = f"{_LINKS}:line"


def report_link(floor: Floor, intent: ReportLink, world: World) -> Decision:
    """Note that the road to a machine was lost for longer than the alarm delay, or is back."""
    machine = floor.machines.get(intent.machine)
    if machine is None:
        return Refusal("not-found", {"id": intent.machine})
    if machine.link is intent.link:
        return ()
    linked = f.MachineLinked(world.now, machine.id, intent.link)
    batch = floor.batches.get(machine.batch)
    if intent.link is LinkState.STALE:
        held: tuple[f.Fact, ...] = ()
        # A pail that has soaked long enough needs nothing more of where it stands.
        done = batch is not None and (batch.stage, batch.soak_machine) == (Stage.SOAKED, machine.id)
        if batch is not None and is_inside(floor, machine) and not machine.by_hand and not done:
            held = placed(floor, batch, f"link-stale.{machine.id}", Cause.LINK, (), world, machine.id)
        return (linked, *_lost(floor, machine.id, world), *held)
    facts: list[f.Fact] = [linked, *_back(floor, machine.id, world)]
    if batch is not None and any(hold.reason == f"link-stale.{machine.id}" for hold in batch.holds):
        facts += ended(floor, batch, f"link-stale.{machine.id}", "link", "", "", world)
    return tuple(facts)


def report_peer(floor: Floor, intent: ReportPeer, world: World) -> Decision:
    """Note that whoever answers for a machine is not to be trusted, which says why its link is lost; or that it is again."""
    if intent.machine not in floor.machines:
        return Refusal("not-found", {"id": intent.machine})
    own = f"{_LINK}:{intent.machine}"
    if intent.why:
        said = (f.AlarmSuppressed(world.now, own, f"{_PEER}:{intent.machine}"),) if _speaks(floor, own) else ()
        return (*raised(floor, _PEER, intent.machine, world, intent.why), *said)
    alone = is_active(floor, own) and floor.alarms[own].suppressed_by == f"{_PEER}:{intent.machine}"
    again = (_spoken(floor, intent.machine, world),) if alone else ()
    return (*cleared(floor, _PEER, intent.machine, world), *again)


def _lost(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Raise the alarm of a lost link; from a certain number on one alarm for all, which names the first that was lost."""
    if _distrusted(floor, machine):
        return raised(floor, _LINK, machine, world, suppressed_by=f"{_PEER}:{machine}")
    many = world.book.alarms.group_links_from
    if is_active(floor, _GROUP):
        return raised(floor, _LINK, machine, world, suppressed_by=_GROUP)
    others = tuple(islice(_others(floor, machine), many))
    if len(others) + 1 < many:
        return raised(floor, _LINK, machine, world)
    own = (f"{_LINK}:{other}" for other in others)
    said = tuple(f.AlarmSuppressed(world.now, alarm, _GROUP) for alarm in own if _speaks(floor, alarm))
    group = raised(floor, _LINKS, "line", world, others[0])
    return (*group, *said, *raised(floor, _LINK, machine, world, suppressed_by=_GROUP))


def _back(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Clear the alarm of a link that is back; with the last of many theirs too, and what is left speaks for itself again."""
    own = cleared(floor, _LINK, machine, world)
    many = world.book.alarms.group_links_from
    left = tuple(islice(_others(floor, machine), many))
    if not is_active(floor, _GROUP) or 2 * len(left) >= many:
        return own
    again = tuple(_spoken(floor, other, world) for other in left if is_active(floor, f"{_LINK}:{other}"))
    return (*own, *cleared(floor, _LINKS, "line", world), *again)


def _others(floor: Floor, machine: str) -> Iterator[str]:
    """Go through the other machines whose link is simply lost, the first lost first."""
    return (other for _, other in floor.lost_links if other != machine and not _distrusted(floor, other))


def _distrusted(floor: Floor, machine: str) -> bool:
    """Say whether the peer of a machine is distrusted now; one that has proved itself only waits to be acknowledged."""
    alarm = floor.alarms.get(f"{_PEER}:{machine}")
    return alarm is not None and alarm.active and not alarm.returned_at


def _speaks(floor: Floor, alarm: str) -> bool:
    return is_active(floor, alarm) and not floor.alarms[alarm].suppressed_by


def _spoken(floor: Floor, machine: str, world: World) -> f.Fact:
    """Let the alarm of one lost link speak for itself again, unless its machine is out of service."""
    alarm = f"{_LINK}:{machine}"
    if by := quiet(floor, _LINK, machine, world):
        return f.AlarmSuppressed(world.now, alarm, by)
    return f.AlarmUnsuppressed(world.now, alarm, *calls(_LINK, world))
