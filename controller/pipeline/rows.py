"""How an aggregate enters and leaves the floor; the only place that knows the indexes.

Every index is a function of the aggregates alone, so that a floor put together from stored rows equals the floor that lived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from controller.model.agenda import Agenda
from controller.model.alarm import Alarm
from controller.model.batch import BEFORE_CHARGE, ENDED, SOAKED_TOO_LONG, Batch, Stage
from controller.model.case import ENDS, Case
from controller.model.equipment import Equipment
from controller.model.people import Person
from controller.model.recipe import ApprovedRecipe
from controller.model.stock import Lot, Zone
from devices.model import LinkState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from immutables import Map

    from controller.model.floor import Floor, Row

Aggregate = Case | Batch | Equipment | Lot | Zone | Person | Alarm | ApprovedRecipe
KINDS: Mapping[str, type[Aggregate]] = {
    "case": Case,
    "batch": Batch,
    "machine": Equipment,
    "lot": Lot,
    "zone": Zone,
    "person": Person,
    "alarm": Alarm,
    "recipe": ApprovedRecipe,
}
_FIELDS = {
    "case": "cases",
    "batch": "batches",
    "machine": "machines",
    "lot": "lots",
    "zone": "zones",
    "person": "people",
    "alarm": "alarms",
    "recipe": "recipes",
}
_MINUTE_MS = 60_000
_BEFORE_POT = frozenset(
    {Stage.DISPENSING, Stage.DISPENSED, Stage.VERIFIED, Stage.SOAK_ASSIGNED, Stage.SOAKING, Stage.SOAKED, Stage.CARRIED}
)


def is_open(aggregate: Aggregate) -> bool:
    """Say whether the aggregate belongs on the floor; machines, stock and people always do."""
    match aggregate:
        case Case():
            return aggregate.status not in ENDS
        case Batch():
            return aggregate.stage not in ENDED
        case Alarm():
            return aggregate.is_open
        case _:
            return True


def put(floor: Floor, kind: str, key: str, aggregate: Aggregate) -> Floor:
    """Place an aggregate, or take it off the floor where it has ended, and note that it must be stored."""
    field = _FIELDS[kind]
    rows = cast("Map[str, Any]", getattr(floor, field))
    old = cast("Aggregate | None", rows.get(key))
    new = aggregate if is_open(aggregate) else None
    if new is not None:
        rows = rows.set(key, new)
    elif old is not None:
        rows = rows.delete(key)
    row: Row = (kind, key)
    changes: dict[str, Any] = {field: rows, "touched": floor.touched.set(row, aggregate)}
    changes.update(_indexes(floor, old, new))
    return floor._replace(**changes)


def restore_row(floor: Floor, kind: str, key: str, aggregate: Aggregate) -> Floor:
    """Put a stored open row back on the floor."""
    return put(floor, kind, key, aggregate).stored()


def _indexes(floor: Floor, old: Aggregate | None, new: Aggregate | None) -> dict[str, Any]:
    match new if new is not None else old:
        case Case():
            return _case_indexes(floor, cast("Case | None", old), cast("Case | None", new))
        case Batch():
            return _batch_indexes(floor, cast("Batch | None", old), cast("Batch | None", new))
        case Equipment():
            return _machine_indexes(floor, cast("Equipment | None", old), cast("Equipment | None", new))
        case Alarm():
            changed = (cast("Alarm | None", old), cast("Alarm | None", new))
            return {"deadlines": _deadline(floor, "alarm", *changed, _alarm_deadline)}
        case Lot() as lot:
            return _lot_indexes(floor, cast("Lot | None", old), lot)
        case _:
            return {}


def _lot_indexes(floor: Floor, old: Lot | None, lot: Lot) -> dict[str, Any]:
    drawers, by_herb = floor.drawers, floor.by_herb
    if old is not None and old.drawer:
        rest = by_herb[old.herb] - {old.drawer}
        drawers = drawers.delete(old.drawer)
        by_herb = by_herb.set(old.herb, rest) if rest else by_herb.delete(old.herb)
    if lot.drawer:  # a lot whose drawer was filled anew has none
        drawers = drawers.set(lot.drawer, lot.id)
        by_herb = by_herb.set(lot.herb, by_herb.get(lot.herb, frozenset()) | {lot.drawer})
    return {"drawers": drawers, "by_herb": by_herb}


def _case_indexes(floor: Floor, old: Case | None, new: Case | None) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "codes": _codes(floor, "case", _case_codes(old), _case_codes(new), new.id if new else ""),
        "deadlines": _deadline(floor, "case", old, new, _case_deadline),
    }
    if (old is None) != (new is None):
        case = cast("Case", new or old)
        name = intake_name(case.prescription.hospital, case.prescription.prescription_no)
        changes["intake"] = floor.intake.set(name, case.id) if new else floor.intake.delete(name)
    return changes


def intake_name(hospital: str, prescription_no: str) -> str:
    """Return the key of a prescription over all its versions."""
    return f"{hospital}/{prescription_no}"


def _batch_indexes(floor: Floor, old: Batch | None, new: Batch | None) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "codes": _codes(floor, "batch", _batch_codes(old), _batch_codes(new), new.id if new else ""),
        "deadlines": _deadline(floor, "batch", old, new, _batch_deadline),
    }
    homeless = new is not None and new.stage in BEFORE_CHARGE and not new.pot
    waits = new is not None and new.stage is Stage.VERIFIED and new.plan.decocted and not new.held
    key = cast("Batch", new or old).id
    if waits:
        changes["to_soak"] = floor.to_soak.put(key, cast("Batch", new).rank)
    elif key in floor.to_soak:
        changes["to_soak"] = floor.to_soak.drop(key)
    if homeless or key in floor.to_house:
        changes["to_house"] = floor.to_house.put(key, cast("Batch", new).rank) if homeless else floor.to_house.drop(key)
    return changes


def _machine_indexes(floor: Floor, old: Equipment | None, new: Equipment | None) -> dict[str, Any]:
    machine = cast("Equipment", new or old)
    changes: dict[str, Any] = {}
    before, after = old.batch if old else "", new.batch if new else ""
    if before != after:
        changes["booked"] = _rebook(floor.booked, machine.id, before, after)
    if new is not None and new.link is LinkState.STALE:
        changes["lost_links"] = floor.lost_links.put(machine.id, new.link_since)
    elif machine.id in floor.lost_links:
        changes["lost_links"] = floor.lost_links.drop(machine.id)
    match machine.kind:
        case "soaking":
            free = new is not None and not new.batch and new.takes_work
            agenda = floor.free_soaks.put(machine.id, 0) if free else floor.free_soaks.drop(machine.id)
            changes["free_soaks"] = agenda
        case "decoction":
            pots = floor.open_pots
            if old is not None and old.pot_class != machine.pot_class and old.pot_class in pots:
                pots = _pooled(pots, old.pot_class, pots[old.pot_class].drop(machine.id))
            agenda = pots.get(machine.pot_class, Agenda())
            free = new is not None and not new.next_batch and new.takes_work
            agenda = (
                agenda.put(machine.id, machine.free_at if machine.batch else 0) if free else agenda.drop(machine.id)
            )
            changes["open_pots"] = _pooled(pots, machine.pot_class, agenda)
        case _:
            pass
    return changes


def _pooled(pots: Map[str, Agenda], pot_class: str, agenda: Agenda) -> Map[str, Agenda]:
    """Keep no class without an open pot, so that the index depends on what the machines are and not on what they were."""
    if agenda:
        return pots.set(pot_class, agenda)
    return pots.delete(pot_class) if pot_class in pots else pots


def _rebook(booked: Map[str, tuple[str, ...]], machine: str, before: str, after: str) -> Map[str, tuple[str, ...]]:
    if before:
        rest = tuple(other for other in booked.get(before, ()) if other != machine)
        booked = booked.set(before, rest) if rest else booked.delete(before)
    if after:
        booked = booked.set(after, tuple(sorted({*booked.get(after, ()), machine})))
    return booked


def _codes(floor: Floor, kind: str, old: frozenset[str], new: frozenset[str], key: str) -> Map[str, tuple[str, str]]:
    codes = floor.codes
    if old == new:
        return codes
    changed = codes.mutate()
    for code in old - new:
        changed.pop(code, None)
    for code in new - old:
        changed[code] = (kind, key)
    return changed.finish()


def _case_codes(case: Case | None) -> frozenset[str]:
    if case is None:
        return frozenset()
    parcel = (case.parcel.code, case.parcel.pickup_code) if case.parcel else ()
    return frozenset((case.id, *parcel))


def _batch_codes(batch: Batch | None) -> frozenset[str]:
    if batch is None:
        return frozenset()
    pail_in_use = batch.pail and (batch.stage in _BEFORE_POT or batch.boil < batch.plan.ahead)
    return frozenset(
        (batch.id, *(code for _, code in batch.packets), *batch.bags, *((batch.pail,) if pail_in_use else ()))
    )


def _deadline(floor: Floor, kind: str, old: Any, new: Any, at: Any) -> Agenda:
    key = f"{kind}|{(new or old).id}"
    due: int = at(new) if new is not None else 0
    return floor.deadlines.put(key, due) if due else floor.deadlines.drop(key)


def _case_deadline(case: Case) -> int:
    return 0 if case.late or case.released_at else case.promised_at


def _alarm_deadline(alarm: Alarm) -> int:
    return alarm.next_at


def _batch_deadline(batch: Batch) -> int:
    if batch.stage in (Stage.SOAKING, Stage.SOAKED):
        return 0 if batch.has_met(SOAKED_TOO_LONG) else batch.soak_began_at + batch.plan.soak_max_minutes * _MINUTE_MS
    if batch.plan.late_minutes is None or batch.late_at or batch.late_missed:
        return 0
    return next((record.closes_at for record in batch.boils if record.closes_at), 0)
