"""People err at a given rate; a mistake counts as refused on a 4xx, else as recorded, by the answer they got."""

from __future__ import annotations

import random
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    from controller.staff.door import Reply

    T = TypeVar("T")


class Mistakes:
    """Decides when a person errs and keeps the count. `earlier`: the summary of staff who were here before."""

    def __init__(self, seed: int, rate: float, earlier: Mapping[str, int] = MappingProxyType({})) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation that must repeat
        self._rate = rate
        self._earlier = earlier
        self.refused: Counter[str] = Counter()
        self.recorded: Counter[str] = Counter()

    def strike(self) -> bool:
        """Say whether the person errs here."""
        return self._random.random() < self._rate

    def noise(self, tolerance: float) -> float:
        """Return how far a careful person is off: most of the time well inside the tolerance."""
        return max(-0.8, min(0.8, self._random.gauss(0, 0.25))) * tolerance

    def pick(self, things: Sequence[T]) -> T:
        """Choose one."""
        return self._random.choice(things)

    def answered(self, kind: str, reply: Reply) -> None:
        """Count a mistake by its answer."""
        (self.refused if reply.refused else self.recorded)[kind] += 1

    def unnoticed(self, kind: str) -> None:
        """Count a mistake that nobody could refuse, since nothing was said."""
        self.recorded[kind] += 1

    def summary(self) -> dict[str, int]:
        """Return the counts of the contract's summary."""
        refused = self.refused.total() + self._earlier.get("refused", 0)
        recorded = self.recorded.total() + self._earlier.get("recorded", 0)
        return {"made": refused + recorded, "refused": refused, "recorded": recorded}
