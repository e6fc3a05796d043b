"""A pot with a hopper drops the late herbs by itself: a person loads it before the boil, the machine shows that it opened.

The line asks for the middle of the window, waits with the boil until the packet is in, and takes nobody's word for the drop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import Cause, Stage
from controller.model.checkpoint import Verdict
from controller.model.plan import MAIN
from controller.model.refusal import Refusal
from controller.pipeline.decide.decision import recorded
from controller.pipeline.decide.placing import DEVIATION, placed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.model.batch import Batch, BoilRecord
    from controller.model.floor import Floor
    from controller.model.intents import ReportMachine, ScanCode
    from controller.model.world import Book, World
    from controller.pipeline.decide.decision import Decision
    from devices.model import Order

_OPEN_TAG = "IsHopperOpen"
_MINUTE_S = 60
_LOADABLE = frozenset({Stage.BOILING, Stage.MAIN_WAITS})


def drops_late_herbs(batch: Batch, book: Book) -> bool:
    """Say whether the batch has late herbs that its pot will drop by itself."""
    return batch.plan.late_minutes is not None and bool(batch.pot) and book.machines[batch.pot].hopper


def awaits_load(batch: Batch, book: Book) -> bool:
    """Say whether the hopper can be loaded and is not: before the boil that the late herbs belong to."""
    before = batch.stage in _LOADABLE and batch.boil <= batch.plan.ahead and not batch.boils[batch.plan.ahead].began_at
    settled = batch.loaded_at or batch.late_at or batch.late_missed
    return before and not settled and drops_late_herbs(batch, book)


def load(batch: Batch, pot: str, intent: ScanCode, world: World) -> Decision:
    """Take the late packet at the hopper of its pot."""
    if not awaits_load(batch, world.book):
        rule = "already-done" if batch.loaded_at or batch.boil >= batch.plan.ahead else "not-yet"
        return Refusal(rule, {"batch": batch.id, "machine": pot, "stage": batch.stage})
    return (f.HopperLoaded(world.now, batch.case, batch.id, pot, intent.actor),)


def drop_parameter(batch: Batch, hold_s: int, book: Book) -> Mapping[str, int]:
    """Return what an order of the boil says of the hopper: it opens in the middle of the window, or not in this order."""
    late = batch.plan.late_minutes
    if late is None or batch.present_boil.name != MAIN or not drops_late_herbs(batch, book):
        return {}
    late_s = (late[0] + late[1]) * _MINUTE_S // 2
    return {"late_s": late_s} if not batch.late_at and not batch.late_missed and late_s < hold_s else {}


def dropped(
    floor: Floor,
    batch: Batch,
    record: BoilRecord,
    ends_at: int,
    seen_at: int,
    order: Order,
    intent: ReportMachine,
    world: World,
) -> tuple[f.Fact, ...]:
    """Record that the hopper was open at `seen_at`; too early is a failed window, seen late is the machine's word."""
    if record.name != MAIN or batch.late_at or batch.late_missed or not ends_at:
        return ()
    if not intent.readings.get(_OPEN_TAG, 0.0) or not drops_late_herbs(batch, world.book):
        return ()
    low, high = batch.plan.late_minutes or (0, 0)
    grace = world.book.grace_s[intent.machine] / _MINUTE_S
    minutes = (ends_at - seen_at) / 1000 / _MINUTE_S
    evidence = f"hopper seen open {minutes:.2f} min before the end"
    if minutes > high + grace:
        failed = recorded(
            batch,
            world.now,
            "late.window",
            batch.pot,
            Verdict.FAILED,
            value=round(minutes, 2),
            evidence=evidence,
            low=float(low),
            high=float(high),
            unit="min",
        )
        missed = f.LateMissed(world.now, batch.case, batch.id)
        return (missed, failed, *placed(floor, batch, "late-missed", Cause.PERSON, DEVIATION, world, batch.pot))
    seen = minutes >= low - grace
    value = round(minutes if seen else order.parameters.get("late_s", 0) / _MINUTE_S, 2)
    point = recorded(
        batch,
        world.now,
        "late.window",
        batch.pot,
        value=value,
        evidence=evidence,
        attested=not seen,
        low=float(low),
        high=float(high),
        unit="min",
    )
    return (f.LateAdded(world.now, batch.case, batch.id, batch.pot, value), point)
