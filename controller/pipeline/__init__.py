"""The line as one pure function: an intent is decided into facts, the facts make the next floor, and what they set going follows.

`handle` loops decide -> evolve -> react until quiet. Only the intent from outside may be refused.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.facts import OrderIssued, OrderRecalled
from controller.model.refusal import Refusal
from controller.pipeline.decide import decide
from controller.pipeline.evolve import evolve
from controller.pipeline.react import react
from controller.pipeline.rows import KINDS, Aggregate, is_open, restore_row

if TYPE_CHECKING:
    from controller.model.facts import Fact
    from controller.model.floor import Floor
    from controller.model.intents import ExternalIntent, InnerIntent
    from controller.model.world import World
    from devices.model import Order

_MOST_FACTS = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an intent. Where `refusal` is set, nothing happened."""

    floor: Floor
    facts: tuple[Fact, ...] = ()
    orders: tuple[Order, ...] = ()
    refusal: Refusal | None = None


def handle(floor: Floor, intent: ExternalIntent, world: World) -> Outcome:
    """Decide one intent and everything that follows from it at once. Raises only where the program is wrong."""
    decided = decide(floor, intent, world)
    if isinstance(decided, Refusal):
        return Outcome(floor, refusal=decided)
    facts: list[Fact] = []
    inner: deque[InnerIntent] = deque()
    while True:
        for fact in decided:
            floor = evolve(floor, fact)
            facts.append(fact)
            inner.extend(follow for follow in react(floor, fact) if follow not in inner)
        if not inner:
            break
        if len(facts) > _MOST_FACTS:
            raise RuntimeError(f"{type(intent).__name__} does not come to rest")
        decided = decide(floor, inner.popleft(), world)
        if isinstance(decided, Refusal):
            raise TypeError(f"inner intent refused: {decided.rule}")
    orders = (_order(floor, fact) for fact in facts if isinstance(fact, OrderIssued | OrderRecalled))
    return Outcome(floor, tuple(facts), tuple(order for order in orders if order is not None))


def _order(floor: Floor, fact: OrderIssued | OrderRecalled) -> Order | None:
    """Return what leaves for a machine; an order that is recalled leaves once more, for the carrier to end it by its number."""
    return fact.order if isinstance(fact, OrderIssued) else floor.machines[fact.machine].pending


__all__ = ["KINDS", "Aggregate", "Outcome", "evolve", "handle", "is_open", "restore_row"]
