"""Out of service: a person takes a machine or an alarm out of the line's hands, by name and with a reason, and puts it back.

A machine out of service gets no new work; what is in it goes on. Its alarms fall silent only once no medicine is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.alarm import Quiet
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import calls, quiet
from controller.pipeline.decide.decision import DESKS, refuse_actor, refuse_station

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import Hush, ReturnToService, TakeOutOfService
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def take_out(floor: Floor, intent: TakeOutOfService, world: World) -> Decision:
    """Take a machine or an alarm out of service; of alarms only what may be shelved."""
    machine, alarm = floor.machines.get(intent.target), floor.alarms.get(intent.target)
    # Whoever finds a machine broken may keep work from it; to silence an alarm, or to give work again, is a pharmacist's.
    roles = (Role.PHARMACIST,) if machine is None else (Role.OPERATOR, Role.PHARMACIST)
    if no := _refuse(floor, intent, world, *roles):
        return no
    if machine is not None:
        if machine.out_by:
            return Refusal("already-done", {"machine": machine.id})
        return (f.MachineTakenOut(world.now, machine.id, intent.actor, intent.note),)
    if alarm is None or not alarm.raised_at:
        return Refusal("not-found", {"id": intent.target})
    if not world.book.alarms.rules[alarm.rule].shelvable:
        return Refusal("alarm-not-shelvable", {"alarm": alarm.id, "rule": alarm.rule})
    if alarm.out_by:
        return Refusal("already-done", {"alarm": alarm.id})
    return (f.AlarmTakenOut(world.now, alarm.id, intent.actor, intent.note),)


def put_back(floor: Floor, intent: ReturnToService, world: World) -> Decision:
    """Put a machine or an alarm back into service."""
    if no := _refuse(floor, intent, world, Role.PHARMACIST):
        return no
    machine, alarm = floor.machines.get(intent.target), floor.alarms.get(intent.target)
    if machine is not None and machine.out_by:
        return (f.MachinePutBack(world.now, machine.id, intent.actor, intent.note),)
    if alarm is not None and alarm.out_by:
        return (f.AlarmPutBack(world.now, alarm.id, intent.actor, intent.note, *calls(alarm.rule, world)),)
    known = machine is not None or alarm is not None
    return Refusal("already-done" if known else "not-found", {"id": intent.target})


def _refuse(floor: Floor, intent: TakeOutOfService | ReturnToService, world: World, *roles: Role) -> Refusal | None:
    no = refuse_actor(floor, intent.actor, *roles) or refuse_station(world, intent.station, *DESKS)
    return no or (None if intent.note else Refusal("reason-missing", {"id": intent.target}))


def hush(floor: Floor, intent: Hush, world: World) -> tuple[f.Fact, ...]:
    """Suppress those alarms of a machine that its state makes needless, and let those speak again that it does not."""
    facts: list[f.Fact] = []
    for rule, table in world.book.alarms.rules.items():
        alarm = floor.alarms.get(f"{rule}:{intent.machine}") if table.quiet_during else None
        if alarm is None or not alarm.active or alarm.suppressed_by not in ("", *Quiet):
            continue
        by = quiet(floor, rule, intent.machine, world)
        if by and by != alarm.suppressed_by:
            facts.append(f.AlarmSuppressed(world.now, alarm.id, by))
        elif alarm.suppressed_by and not by:
            facts.append(f.AlarmUnsuppressed(world.now, alarm.id, *calls(rule, world)))
    return tuple(facts)
