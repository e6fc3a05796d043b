"""Which pot a batch gets: able to hold it, reserved by nobody, free within the longest soak."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from controller.model.batch import Cause

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.plan import Plan
    from controller.model.world import Book

_LOOK_AHEAD = 20


def choose_pot(floor: Floor, book: Book, plan: Plan, *, ready_at: int, latest: int) -> tuple[str, int] | None:
    """Return (pot, forecast ms) or None where no pot will be free by `latest`, ms.

    Looks at the first promising pots of each class only, so the cost follows the number of classes. A pot that is free when the
    batch is ready for it is as good as one that is free now; then the smallest wins, so that large pots stay for large loads.
    A pot whose packer cannot be used now is taken only where there is no other: what is made in it would wait for a repair.
    """
    best: tuple[bool, int, int, str] | None = None
    for pot_class in book.pot_classes:
        agenda = floor.open_pots.get(pot_class.key)
        if not agenda or not pot_class.takes(plan, book.recipes):
            continue
        fit = [entry for entry in islice(agenda, _LOOK_AHEAD) if entry[0] <= latest and promising(floor, entry[1])]
        if not fit:
            continue
        first = next((entry for entry in fit if _served(floor, book, entry[1])), fit[0])
        candidate = (not _served(floor, book, first[1]), max(first[0], ready_at), pot_class.volume_ml, first[1])
        best = candidate if best is None or candidate < best else best
    return None if best is None else (best[3], best[1])


def _served(floor: Floor, book: Book, pot: str) -> bool:
    packer = floor.machines.get(book.machines[pot].packer)
    return packer is None or packer.takes_work


def promising(floor: Floor, pot: str) -> bool:
    """Say whether a pot can be used as soon as what is in it is done: nobody knows when a held batch will be."""
    machine = floor.machines[pot]
    inside = floor.batches.get(machine.batch)
    in_plan = machine.takes_work and bool(machine.pot_class)
    return in_plan and (inside is None or all(hold.cause is Cause.LINK for hold in inside.holds))
