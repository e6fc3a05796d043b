"""Which pot a batch gets: able to hold it, reserved by nobody, free within the longest soak."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.plan import Plan
    from controller.model.world import Book

_MINUTE_MS = 60_000


def choose_pot(floor: Floor, book: Book, plan: Plan, now: int) -> tuple[str, int] | None:
    """Return (pot, forecast ms) or None where no pot will be free in time.

    Looks at the earliest pot of each class only, so the cost follows the number of classes. A pot that is free when the
    least soak ends is as good as one that is free now; then the smallest wins, so that large pots stay for large loads.
    """
    soaked_at = now + plan.soak_minutes * _MINUTE_MS
    latest = now + plan.soak_max_minutes * _MINUTE_MS
    best: tuple[int, int, str] | None = None
    for pot_class in book.pot_classes:
        agenda = floor.open_pots.get(pot_class.key)
        if not agenda or not pot_class.takes(plan, book.recipes.fill_share):
            continue
        first = agenda.first()
        if first is None or first[0] > latest:
            continue
        candidate = (max(first[0], soaked_at), pot_class.volume_ml, first[1])
        best = candidate if best is None or candidate < best else best
    return None if best is None else (best[2], best[0])
