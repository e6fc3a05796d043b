"""Invariant I10: how long a pot has truly been at the boil, from samples that may be late, twice, bad or missing.

Credit is the sum of the times between consecutive valid samples that were both at the boil and no more than g apart. A longer
gap is *covered* where the machine proves it: same boot, same batch, its counter went on by the gap, and it is at the boil.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class BoilCredit:
    """The credit of one order. Seconds are plant seconds; `last_at`: source time of the last valid sample, ms, 0 before.

    `threshold_c`: boiling point at the site less delta. `grace_s`: g, three poll periods.
    """

    threshold_c: float
    grace_s: float
    order: int
    credit_s: float = 0.0
    covered_s: float = 0.0
    counter_s: float = 0.0
    last_at: int = 0
    hot: bool = False
    boot: int = 0
    batch: str = ""

    @classmethod
    def start(cls, threshold_c: float, grace_s: float, order: int) -> Self:
        """Begin with nothing."""
        return cls(threshold_c=threshold_c, grace_s=grace_s, order=order)

    @classmethod
    def resume(
        cls,
        threshold_c: float,
        grace_s: float,
        order: int,
        *,
        credit_s: float,
        covered_s: float,
        counter_s: float,
        last_at: int,
        boot: int,
        batch: str,
    ) -> Self:
        """Go on from what was stored: the time since `last_at` is a gap like any other."""
        return cls(
            threshold_c, grace_s, order, credit_s, covered_s, counter_s, last_at, hot=False, boot=boot, batch=batch
        )

    def add(self, at: int, celsius: float, *, good: bool, counter_s: float, boot: int, batch: str) -> Self:
        """Take one sample into account. `at`: source time, ms. A bad, repeated or older sample changes nothing."""
        if not good or at <= self.last_at:
            return self
        hot = celsius >= self.threshold_c
        gap_s = (at - self.last_at) / 1000
        credit_s, covered_s = self.credit_s, self.covered_s
        if self.last_at and gap_s <= self.grace_s:
            credit_s += gap_s if hot and self.hot else 0.0
        elif self.last_at and hot and (boot, batch) == (self.boot, self.batch):
            advance_s = counter_s - self.counter_s
            covered_s += gap_s if abs(advance_s - gap_s) <= self.grace_s else 0.0
        return replace(
            self,
            credit_s=credit_s,
            covered_s=covered_s,
            counter_s=counter_s,
            last_at=at,
            hot=hot,
            boot=boot,
            batch=batch,
        )
