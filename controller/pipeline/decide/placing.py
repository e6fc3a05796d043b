"""A batch is held for a reason once, whoever finds it; somebody is called, and the alarm goes with the last hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import ENDED, Batch, Cause, Choice, Hold
from controller.pipeline.decide.alarms import cleared, raised

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.world import World

REFUSED = "order-refused"
"""Reason of the hold where a machine did not take an order; a wire may keep a copy of that, so the order stays open."""
IN_DOUBT = "unknown"
"""Reason of the hold, and rule of the alarm, where nobody knows whether a machine took an order."""
DEVIATION = (Choice.ACCEPT_DEVIATION, Choice.SCRAP)
"""What is offered where something happened that cannot be made good any more."""


def placed(
    floor: Floor,
    batch: Batch,
    reason: str,
    cause: Cause,
    choices: tuple[Choice, ...],
    world: World,
    machine: str = "",
    note: str = "",
) -> tuple[f.Fact, ...]:
    """Hold a batch for a reason, once."""
    if any(hold.reason == reason for hold in batch.holds) or batch.stage in ENDED:
        return ()
    hold = Hold(reason, cause, world.now, _offered(batch, reason, cause, choices, machine), machine, note)
    placed_now = (f.HoldPlaced(world.now, batch.case, batch.id, hold),)
    if cause is Cause.LINK:  # the link has an alarm of its own, and nobody is asked to sign
        return placed_now
    return (*placed_now, *raised(floor, "batch-held", batch.id, world, f"{reason} {machine}".strip()))


def _offered(batch: Batch, reason: str, cause: Cause, choices: tuple[Choice, ...], machine: str) -> tuple[Choice, ...]:
    """Offer another pot too, where the trouble is with this one and not with what is in it."""
    spoilt = choices == (Choice.SCRAP,)
    if machine != batch.pot or not batch.movable or spoilt or reason == IN_DOUBT or cause is Cause.PERSON:
        return choices or (Choice.SCRAP,)
    return (*(choice for choice in choices if choice is not Choice.SCRAP), Choice.MIGRATE, Choice.SCRAP)


def ended(floor: Floor, batch: Batch, reason: str, choice: str, by: str, note: str, world: World) -> tuple[f.Fact, ...]:
    """End one hold; the alarm goes with the last."""
    last = all(hold.reason == reason for hold in batch.holds)
    return (
        f.HoldEnded(world.now, batch.case, batch.id, reason, choice, by, note),
        *(cleared(floor, "batch-held", batch.id, world) if last else ()),
    )
