"""The road to the machines: a lost link holds its batch, a peer that we do not trust is another thing, many are one alarm."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Cause, Stage
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import calls, cleared, is_active, quiet, raised
from controller.pipeline.decide.placing import ended, placed
from controller.pipeline.react import is_inside
from devices.model import LinkState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.floor import Floor
    from controller.model.intents import ReportLink, ReportPeer
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_LINK, _PEER = "link-stale", "peer-distrusted"
GROUPS = {_LINK: "links-lost", _PEER: "peers-distrusted"}
"""The alarm of one machine, and the one that many of them are."""


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
    others = _other_peers(floor, intent.machine)
    if intent.why:
        explained = _explained(floor, intent.machine, world)
        return (*_joined(floor, _PEER, intent.machine, others, world, intent.why), *explained)
    return (*_parted(floor, _PEER, intent.machine, others, world), *_unexplained(floor, intent.machine, world))


def _explained(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Let the alarm of a distrusted peer say that of its lost link, which is none of many lost links any more."""
    link, group = f"{_LINK}:{machine}", _group(_LINK)
    by = floor.alarms[link].suppressed_by if is_active(floor, link) else None
    if by not in ("", group):
        return ()
    hushed = f.AlarmSuppressed(world.now, link, f"{_PEER}:{machine}")
    return (hushed, *_dissolved(floor, _LINK, _other_links(floor, machine), world))


def _unexplained(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Let the link of a peer that is trusted again be simply lost, where it is."""
    link = f"{_LINK}:{machine}"
    if not is_active(floor, link) or floor.alarms[link].suppressed_by != f"{_PEER}:{machine}":
        return ()
    formed = _formed(floor, _LINK, _other_links(floor, machine), world)
    if formed is None:
        return (_spoken(floor, _LINK, machine, world),)
    return (*formed, f.AlarmSuppressed(world.now, link, _group(_LINK)))


def _lost(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    """Raise the alarm of a lost link; of one whose peer is distrusted that alarm says it."""
    if _distrusted(floor, machine):
        return raised(floor, _LINK, machine, world, suppressed_by=f"{_PEER}:{machine}")
    return _joined(floor, _LINK, machine, _other_links(floor, machine), world)


def _back(floor: Floor, machine: str, world: World) -> tuple[f.Fact, ...]:
    return _parted(floor, _LINK, machine, _other_links(floor, machine), world)


def _joined(
    floor: Floor, rule: str, machine: str, others: Iterator[str], world: World, detail: str = ""
) -> tuple[f.Fact, ...]:
    """Raise the alarm of one machine, by itself or as one of many."""
    formed, own, group = _formed(floor, rule, others, world), f"{rule}:{machine}", _group(rule)
    if formed is None:
        return raised(floor, rule, machine, world, detail)
    hushed = (f.AlarmSuppressed(world.now, own, group),) if _speaks(floor, own) else ()
    return (*formed, *hushed, *raised(floor, rule, machine, world, detail, suppressed_by=group))


def _parted(floor: Floor, rule: str, machine: str, others: Iterator[str], world: World) -> tuple[f.Fact, ...]:
    """Clear the alarm of one machine, and the one of many where it was nearly the last."""
    return (*cleared(floor, rule, machine, world), *_dissolved(floor, rule, others, world))


def _formed(floor: Floor, rule: str, others: Iterator[str], world: World) -> tuple[f.Fact, ...] | None:
    """Make one alarm of many when one more comes to `others`, naming the first (first-out); None while they are few."""
    group, many = _group(rule), world.book.alarms.group_from
    if _stands(floor, group):
        return ()
    before = tuple(islice(others, many))
    if len(before) + 1 < many:
        return None
    alarms = [floor.alarms[f"{rule}:{other}"] for other in before]
    first = min(alarms, key=lambda alarm: (alarm.raised_at, alarm.source))
    hushed = (f.AlarmSuppressed(world.now, alarm.id, group) for alarm in alarms if not alarm.suppressed_by)
    return (*raised(floor, GROUPS[rule], "line", world, first.source), *hushed)


def _dissolved(floor: Floor, rule: str, others: Iterator[str], world: World) -> tuple[f.Fact, ...]:
    """Clear the alarm of many once few are left, which then speak each for itself."""
    left = tuple(islice(others, world.book.alarms.group_from))
    if not _stands(floor, _group(rule)) or 2 * len(left) >= world.book.alarms.group_from:
        return ()
    return (*cleared(floor, GROUPS[rule], "line", world), *(_spoken(floor, rule, other, world) for other in left))


def _group(rule: str) -> str:
    return f"{GROUPS[rule]}:line"


def _other_links(floor: Floor, machine: str) -> Iterator[str]:
    """Go through the other machines whose link is simply lost."""
    lost = (other for _, other in floor.lost_links if other != machine and not _distrusted(floor, other))
    return (other for other in lost if is_active(floor, f"{_LINK}:{other}"))


def _other_peers(floor: Floor, machine: str) -> Iterator[str]:
    """Go through the other machines whose peer is distrusted."""
    return (other for other in floor.machines if other != machine and _distrusted(floor, other))


def _distrusted(floor: Floor, machine: str) -> bool:
    """Say whether the peer of a machine is distrusted now; one that has proved itself only waits to be acknowledged."""
    return _stands(floor, f"{_PEER}:{machine}")


def _stands(floor: Floor, alarm: str) -> bool:
    """Say whether the condition of an alarm holds; a latched one may stand longer."""
    return is_active(floor, alarm) and not floor.alarms[alarm].returned_at


def _speaks(floor: Floor, alarm: str) -> bool:
    return is_active(floor, alarm) and not floor.alarms[alarm].suppressed_by


def _spoken(floor: Floor, rule: str, machine: str, world: World) -> f.Fact:
    """Let the alarm of one machine speak for itself again, unless its machine is out of service."""
    alarm = f"{rule}:{machine}"
    if by := quiet(floor, rule, machine, world):
        return f.AlarmSuppressed(world.now, alarm, by)
    return f.AlarmUnsuppressed(world.now, alarm, *calls(rule, world))
