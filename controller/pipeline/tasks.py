"""What people should do next, read off the floor: the terminal's lists and nothing that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.batch import Batch, Cause, Choice, Stage
from controller.model.case import Case, Status
from controller.model.people import Role
from controller.model.plan import FOR_WATER, JoinsAt
from controller.model.prescription import DeliveryMethod
from controller.model.task import Task, TaskKind
from controller.pipeline.decide.advance import parts_missing
from controller.pipeline.decide.hopper import awaits_load
from controller.pipeline.decide.orders import lasts_s
from controller.pipeline.decide.skipping import pouch_ml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.batch import Hold
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.model.world import Book
    from devices.model import Order

_FREE_PAILS = 3
_MINUTE_MS = 60_000


def tasks(floor: Floor, book: Book, now: int) -> Iterator[Task]:
    """Go through the open acts of every open prescription, of zones after an excursion, and of a table that nobody approved."""
    codes = {machine: code for code, machine in book.vessels.items()}
    for machine in floor.machines.values():
        if machine.by_hand and machine.pending is not None:
            yield _by_hand(floor, machine, machine.pending, codes[machine.id], now)
    for zone in floor.zones.values():
        if zone.excursion_at and not zone.out:
            yield Task(TaskKind.EXCURSION, "", zone.id, Role.PHARMACIST, now, choices=(Choice.ACCEPT_DEVIATION,))
    table = book.recipes
    if table.digest not in floor.recipes:
        yield Task(TaskKind.RECIPE, "", "", Role.PHARMACIST, now, details={"version": table.version})
    for case in floor.cases.values():
        if case.status is Status.IN_REVIEW:
            yield Task(TaskKind.REVIEW, case.id, "", Role.PHARMACIST, case.promised_at)
        batch = floor.batches.get(case.batch)
        if batch is not None:
            yield from _of_batch(floor, case, batch, codes, book, now)


def _asked_from(hold: Hold, book: Book) -> int:
    """Return when a signature is asked for, ms: a lost link is given the wall minutes in which somebody looks after it."""
    patience = book.alarms.rules["link-stale"].respond_minutes if hold.cause is Cause.LINK else 0
    return hold.at + patience * _MINUTE_MS * book.speed


def _by_hand(floor: Floor, machine: Equipment, order: Order, code: str, now: int) -> Task:
    """Tell what a machine that people work is to be made to do now."""
    batch = floor.batches.get(order.batch)
    case = floor.cases.get(batch.case) if batch is not None else None
    lasts = lasts_s(order)
    if not lasts:
        kind, opens_at = TaskKind.DO_BY_HAND, 0
    elif not machine.begun_at:
        kind, opens_at = TaskKind.BEGIN_BY_HAND, 0
    else:
        kind, opens_at = TaskKind.END_BY_HAND, machine.begun_at + lasts * 1000
    water_ml = order.parameters.get("water_ml", 0)
    details: dict[str, str | int | float] = {
        "machine": machine.id,
        "step": order.step,
        "hand": order.verb,
        "amount": f" {water_ml} mL" if water_ml else "",
        "ends_at": opens_at,
    }
    rank = case.promised_at if case is not None else now
    key = case.id if case is not None else ""
    return Task(kind, key, machine.batch, Role.OPERATOR, rank, code, machine.batch, opens_at=opens_at, details=details)


def _of_batch(floor: Floor, case: Case, batch: Batch, codes: dict[str, str], book: Book, now: int) -> Iterator[Task]:
    for hold in batch.holds:
        if hold.choices and now >= _asked_from(hold, book):
            details: dict[str, str | int | float] = {
                "reason": hold.reason,
                "machine": hold.machine,
                "note": hold.note,
            }
            if Choice.SKIP in hold.choices:
                details |= {"pouch_ml": pouch_ml(batch, book), "planned_ml": batch.plan.fill_ml}
            yield Task(
                TaskKind.HOLD,
                case.id,
                batch.id,
                Role.PHARMACIST,
                case.promised_at,
                choices=tuple(hold.choices),
                details=details,
            )
    if batch.verifier:
        yield from _parts(case, batch)
    if not batch.held:
        yield from _of_stage(floor, case, batch, codes, book, now)
    yield from _late(case, batch, codes, book)


def _of_stage(floor: Floor, case: Case, batch: Batch, codes: dict[str, str], book: Book, now: int) -> Iterator[Task]:
    rank = case.promised_at
    match batch.stage:
        case Stage.DISPENSING:
            yield from _dispense(floor, case, batch, book)
        case Stage.DISPENSED:
            yield Task(TaskKind.VERIFY, case.id, batch.id, Role.CHECKER, rank, code=batch.pail)
        case Stage.SOAK_ASSIGNED:
            place = codes[batch.soak_machine]
            details = {"machine": batch.soak_machine}
            yield Task(TaskKind.PLACE_PAIL, case.id, batch.id, Role.OPERATOR, rank, batch.pail, place, details=details)
        case Stage.MOVING:
            into, details, pails = codes[batch.pot], {"machine": batch.pot}, _free_pails(floor, batch, book)
            yield Task(
                TaskKind.EMPTY_POT, case.id, batch.id, Role.OPERATOR, rank, into=into, codes=pails, details=details
            )
        case Stage.SOAKED | Stage.CARRIED if batch.pot and _ready(floor, batch, now):
            into, details = codes[batch.pot], {"machine": batch.pot}
            yield Task(TaskKind.CHARGE, case.id, batch.id, Role.OPERATOR, rank, batch.pail, into, details=details)
        case Stage.MAIN_WAITS:
            into, details = codes[batch.pot], {"machine": batch.pot}
            kind = TaskKind.STRAIN if batch.present_boil.name == FOR_WATER else TaskKind.ADD_MAIN
            yield Task(kind, case.id, batch.id, Role.OPERATOR, rank, batch.pail, into, details=details)
        case Stage.QUALITY_CHECK:
            yield Task(TaskKind.RELEASE, case.id, batch.id, Role.PHARMACIST, rank)
        case Stage.RELEASED if case.parcel:
            rest = tuple(bag for bag in batch.bags if bag not in batch.boxed_bags)
            if rest:
                yield Task(TaskKind.BOX, case.id, batch.id, Role.PACKER, rank, into=case.parcel.code, codes=rest)
        case Stage.BOXED:
            yield from _deliver(case, batch)
        case _:
            return


def _ready(floor: Floor, batch: Batch, now: int) -> bool:
    pot = floor.machines[batch.pot]
    if batch.stage is Stage.SOAKED and now < batch.soak_began_at + batch.plan.soak_minutes * _MINUTE_MS:
        return False
    return not pot.batch and pot.clean and pot.takes_work and pot.pending is None


def _free_pails(floor: Floor, batch: Batch, book: Book) -> tuple[str, ...]:
    """Return a few pails that nobody uses, other ones for each batch, so that two people rarely reach for the same."""
    free = sorted(pail for pail in book.pails if pail not in floor.codes)
    start = sum(batch.id.encode()) % len(free) if free else 0
    return tuple((free[start:] + free[:start])[:_FREE_PAILS])


def _dispense(floor: Floor, case: Case, batch: Batch, book: Book) -> Iterator[Task]:
    if not batch.pail:
        pails = _free_pails(floor, batch, book)
        yield Task(TaskKind.BIND_PAIL, case.id, batch.id, Role.DISPENSER, case.promised_at, into=batch.id, codes=pails)
        return
    for plan, weighing in zip(batch.plan.items, batch.weighings, strict=True):
        if weighing.done:
            continue
        details: dict[str, str | int | float] = {
            "herb": plan.herb,
            "grams": plan.grams,
            "tolerance_g": plan.tolerance_g,
            "times": plan.times - len(weighing.grams),
            "lot": weighing.lot,
            "container": plan.container,
            "dispenser": batch.dispensers[0],
        }
        drawers = tuple(sorted(floor.by_herb.get(plan.herb, ())))
        yield Task(
            TaskKind.DRAW,
            case.id,
            batch.id,
            Role.DISPENSER,
            case.promised_at,
            into=batch.pail,
            codes=drawers,
            details=details,
        )
        return


def _parts(case: Case, batch: Batch) -> Iterator[Task]:
    packets = dict(batch.packets)
    for task in batch.plan.separate:
        if task.joins is JoinsAt.PACKING and task.herb in parts_missing(batch, JoinsAt.PACKING):
            details: dict[str, str | int | float] = {
                "herb": task.herb,
                "grams": task.grams,
                "handling": task.handling,
                "least_minutes": task.least_minutes,
            }
            yield Task(
                TaskKind.SEPARATE,
                case.id,
                batch.id,
                Role.OPERATOR,
                case.promised_at,
                code=packets[f"separate.{task.herb}"],
                details=details,
            )
    if batch.stage is Stage.RELEASED and case.parcel:
        for herb in parts_missing(batch, JoinsAt.BOXING):
            yield Task(
                TaskKind.BOX_PACKET,
                case.id,
                batch.id,
                Role.PACKER,
                case.promised_at,
                code=packets[f"separate.{herb}"],
                into=case.parcel.code,
                details={"herb": herb},
            )


def _late(case: Case, batch: Batch, codes: dict[str, str], book: Book) -> Iterator[Task]:
    if batch.plan.late_minutes is None or batch.late_at or batch.late_missed:
        return
    if awaits_load(batch, book):
        packet, details = dict(batch.packets)["late"], {"machine": batch.pot}
        into, role = codes[batch.pot], Role.OPERATOR
        yield Task(TaskKind.LOAD_HOPPER, case.id, batch.id, role, case.promised_at, packet, into, details=details)
    for record in batch.boils:
        if record.opens_at:
            yield Task(
                TaskKind.ADD_LATE,
                case.id,
                batch.id,
                Role.OPERATOR,
                record.closes_at,
                code=dict(batch.packets)["late"],
                into=codes[batch.pot],
                opens_at=record.opens_at,
                closes_at=record.closes_at,
                details={"machine": batch.pot},
            )


def _deliver(case: Case, batch: Batch) -> Iterator[Task]:
    parcel = case.parcel
    if parcel is None:
        return
    details: dict[str, str | int | float] = {"method": case.prescription.delivery}
    if parcel.handed_over_at:
        details["courier"] = parcel.courier
        yield Task(
            TaskKind.DELIVER,
            case.id,
            batch.id,
            Role.COURIER,
            case.promised_at,
            code=parcel.code,
            opens_at=parcel.handed_over_at,
            details=details,
        )
        return
    into = parcel.pickup_code if case.prescription.delivery is DeliveryMethod.PICKUP else ""
    yield Task(TaskKind.HAND_OVER, case.id, batch.id, Role.PACKER, case.promised_at, parcel.code, into, details=details)
