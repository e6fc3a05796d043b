"""What the line was at when it was killed, so that a row can show that its kills met every stage.

`moments(facts, kills)`: how many of the kills, ms plant time, fell while an order was asked and not yet taken, and while at
least one machine was at work on each verb. Orders that no fact ends count until the next one on their machine.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from controller.model.facts import OrderAccepted, OrderAttested, OrderDropped, OrderFinished, OrderIssued

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from controller.store import StoredFact

_ASKED = "asked"


def moments(facts: Iterable[StoredFact], kills: Sequence[int]) -> dict[str, float]:
    """Return `killed while VERB` for each verb, and `killed while asked` for orders not yet taken."""
    met: defaultdict[str, set[int]] = defaultdict(set)
    began: dict[str, tuple[str, str, int]] = {}

    def end(machine: str, at: int) -> None:
        if machine in began:
            verb, state, since = began.pop(machine)
            met[_ASKED if state == _ASKED else verb] |= set(range(bisect_left(kills, since), bisect_left(kills, at)))

    for stored in facts:
        match stored.fact:
            case OrderIssued(machine=machine, verb=verb):
                end(machine, stored.at)
                began[machine] = verb, _ASKED, stored.at
            case OrderAccepted(machine=machine) if machine in began:
                verb = began[machine][0]
                end(machine, stored.at)
                began[machine] = verb, verb, stored.at
            case OrderFinished(machine=machine) | OrderDropped(machine=machine) | OrderAttested(machine=machine):
                end(machine, stored.at)
            case _:
                pass
    for machine in list(began):
        end(machine, max(kills, default=0) + 1)
    counts = Counter({verb: len(hit) for verb, hit in met.items()})
    return {f"killed while {verb}": counts[verb] for verb in sorted(counts)}
