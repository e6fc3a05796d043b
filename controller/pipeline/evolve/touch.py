"""One aggregate at a time; a fact about something that is no longer open changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.model.batch import Batch, Stage
from controller.model.case import Status
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.model.alarm import Alarm
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor

_STATUS = {
    Stage.DISPENSING: Status.DISPENSING,
    Stage.DISPENSED: Status.DISPENSED,
    Stage.VERIFIED: Status.VERIFIED,
    Stage.SOAK_ASSIGNED: Status.VERIFIED,
    Stage.SOAKING: Status.SOAKING,
    Stage.SOAKED: Status.SOAKING,
    Stage.CHARGED: Status.DECOCTING,
    Stage.MOVING: Status.DECOCTING,
    Stage.CARRIED: Status.DECOCTING,
    Stage.BOILING: Status.DECOCTING,
    Stage.MAIN_WAITS: Status.DECOCTING,
    Stage.BOILED: Status.DECOCTING,
    Stage.COLLECTED: Status.DECOCTING,
    Stage.CONCENTRATED: Status.DECOCTING,
    Stage.DRAIN_WAITS: Status.DECOCTING,
    Stage.DRAINED: Status.DECOCTING,
    Stage.PACKING: Status.PACKING,
    Stage.QUALITY_CHECK: Status.QUALITY_CHECK,
    Stage.RELEASED: Status.RELEASED,
    Stage.BOXED: Status.AWAITING_HANDOVER,
}


def batch_by(floor: Floor, key: str, change: Callable[[Batch], Batch]) -> Floor:
    """Change a batch, and with it what its prescription shows."""
    old = floor.batches.get(key)
    if old is None:
        return floor
    new = change(old)
    floor = put(floor, "batch", key, new)
    case = floor.cases.get(new.case)
    if case is None or case.batch != new.id:
        return floor
    fresh = new.stage is Stage.DISPENSING and not new.pail and not new.replaces
    status = Status.APPROVED if fresh else _STATUS.get(new.stage, case.status)
    if case.status is Status.IN_TRANSIT:
        status = case.status
    if (case.status, case.held) != (status, new.held):
        floor = put(floor, "case", case.id, replace(case, status=status, held=new.held))
    return floor


def batch(floor: Floor, key: str, **changes: Any) -> Floor:
    """Set fields of a batch."""
    return batch_by(floor, key, lambda batch: replace(batch, **changes))


def worked(floor: Floor, key: str, by: str, **changes: Any) -> Floor:
    """Set fields of a batch, and enter who worked at it."""
    return batch_by(floor, key, lambda batch: replace(batch, operators=with_(batch.operators, by), **changes))


def case(floor: Floor, key: str, **changes: Any) -> Floor:
    """Set fields of a prescription."""
    case = floor.cases.get(key)
    return floor if case is None else put(floor, "case", key, replace(case, **changes))


def machine_by(floor: Floor, key: str, change: Callable[[Equipment], Equipment]) -> Floor:
    """Change a machine."""
    machine = floor.machines.get(key)
    return floor if machine is None else put(floor, "machine", key, change(machine))


def machine(floor: Floor, key: str, **changes: Any) -> Floor:
    """Set fields of a machine."""
    return machine_by(floor, key, lambda machine: replace(machine, **changes))


def zone(floor: Floor, key: str, **changes: Any) -> Floor:
    """Set fields of a zone."""
    zone = floor.zones.get(key)
    return floor if zone is None else put(floor, "zone", key, replace(zone, **changes))


def lots(floor: Floor, keys: tuple[str, ...], **changes: Any) -> Floor:
    """Set fields of lots."""
    for key in keys:
        lot = floor.lots.get(key)
        if lot is not None:
            floor = put(floor, "lot", key, replace(lot, **changes))
    return floor


def alarm_by(floor: Floor, key: str, change: Callable[[Alarm], Alarm]) -> Floor:
    """Change an alarm."""
    alarm = floor.alarms.get(key)
    return floor if alarm is None else put(floor, "alarm", key, change(alarm))


def alarm(floor: Floor, key: str, **changes: Any) -> Floor:
    """Set fields of an alarm."""
    return alarm_by(floor, key, lambda alarm: replace(alarm, **changes))


def with_(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    """Return the values with one more, unless it is there already."""
    return values if value in values else (*values, value)


def without(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    """Return the values without one."""
    return tuple(entry for entry in values if entry != value)
