"""How a pot cools that nobody heats: Newton's law towards the room, with a constant learned from the pot's own curves.

T(t) = room + (T0 - room) e^(-t / constant). A constant is never one number here but the shortest and the longest that it may
be, so that whoever reasons with it can take the worse of the two. `learned` looks for one in a curve, `Cooling` says what may
be reckoned with.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Point = tuple[int, float]
"""Ms of source time and a good value."""


@dataclass(frozen=True, slots=True)
class PotLoss:
    """What is reckoned with before a pot of about this volume was ever seen to cool: (shortest, longest) a litre in it."""

    volume_ml: int
    minutes_per_litre: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CoolingTable:
    """How constants are learned, and what stands in for them.

    `learn_celsius`: (lowest, highest) temperature that teaches anything. `least_fall_celsius`: of a stretch. `most_points`: of
    a curve that are looked at. `jump_celsius`: a step up, or down beyond the quickest cooling, that ends a stretch: something
    was poured in or heated. `plausible_minutes`: (shortest, longest) constant of any pot. `spread`: share by which a learned
    constant may be wrong.
    """

    room_celsius: float
    learn_celsius: tuple[float, float]
    least_fall_celsius: float
    most_points: int
    jump_celsius: float
    plausible_minutes: tuple[float, float]
    spread: float
    pot: tuple[PotLoss, ...]


@dataclass(frozen=True, slots=True)
class Cooling:
    """What a pot's cooling constant may be, in seconds, and whether it was learned from the pot itself."""

    room_celsius: float
    shortest_s: float
    longest_s: float
    learned: bool

    @classmethod
    def of(cls, constant_s: float | None, volume_ml: int, load_ml: int, table: CoolingTable) -> Self:
        """Take the learned constant, or where there is none what the table says of such a pot with such a load."""
        if constant_s is not None:
            return cls(
                table.room_celsius, constant_s * (1 - table.spread), constant_s * (1 + table.spread), learned=True
            )
        loss = min(table.pot, key=lambda pot: abs(pot.volume_ml - volume_ml))
        short, long = (
            min(max(minutes * load_ml / 1000, table.plausible_minutes[0]), table.plausible_minutes[1]) * 60
            for minutes in loss.minutes_per_litre
        )
        return cls(table.room_celsius, short, long, learned=False)

    def after(self, celsius: float, seconds: float) -> tuple[float, float]:
        """Return the (lowest, highest) temperature after `seconds` without heat."""
        away = celsius - self.room_celsius
        ends = [
            self.room_celsius + away * math.exp(-seconds / constant_s)
            for constant_s in (self.shortest_s, self.longest_s)
        ]
        return min(ends), max(ends)

    def least_s(self, hot: float, cold: float) -> float:
        """Return the shortest time in which it may cool from `hot` to `cold`: 0 where it is that cold, inf where never."""
        return self._s(hot, cold, self.shortest_s)

    def most_s(self, hot: float, cold: float) -> float:
        """Return the longest time that it may take to cool from `hot` to `cold`."""
        return self._s(hot, cold, self.longest_s)

    def _s(self, hot: float, cold: float, constant_s: float) -> float:
        if hot <= cold:
            return 0.0
        if cold <= self.room_celsius:
            return math.inf
        return constant_s * math.log((hot - self.room_celsius) / (cold - self.room_celsius))


def learned(temperature: Sequence[Point], power: Sequence[Point], table: CoolingTable) -> float | None:
    """Return a pot's constant in seconds, None where its curve teaches none. `power`: of its heater, kW, in order of time.

    The median over the stretches, so that one that was stirred, drained or misread counts for little.
    """
    thin = temperature[:: -(-len(temperature) // table.most_points) or 1]
    found = [constant for stretch in _stretches(thin, power, table) if (constant := _constant(stretch, table))]
    return median(found) if found else None


def _stretches(temperature: Iterable[Point], power: Sequence[Point], table: CoolingTable) -> Iterator[list[Point]]:
    """Give what lies between two readings of a heater that is off, cut where the liquid did more than cool."""
    ats = [at for at, _ in power]
    stretch: list[Point] = []
    for point in temperature:
        at, celsius = point
        after = bisect_right(ats, at)
        unheated = after > 0 and not any(kw for _, kw in power[after - 1 : after + 1])
        taught = table.learn_celsius[0] <= celsius <= table.learn_celsius[1]
        if stretch and not (unheated and taught and _follows(stretch[-1], point, table)):
            yield stretch
            stretch = []
        if unheated and taught:
            stretch.append(point)
    if stretch:
        yield stretch


def _follows(before: Point, after: Point, table: CoolingTable) -> bool:
    away = before[1] - table.room_celsius
    quickest = away * -math.expm1(-(after[0] - before[0]) / 60_000 / table.plausible_minutes[0])
    return -quickest - table.jump_celsius <= after[1] - before[1] <= table.jump_celsius


def _constant(stretch: list[Point], table: CoolingTable) -> float | None:
    """Return the median slope of one stretch, over points half of it apart; None where it is too flat or not plausible."""
    half = len(stretch) // 2
    if not half or stretch[0][1] - stretch[-1][1] < table.least_fall_celsius:
        return None
    logs = [(at / 1000, math.log(celsius - table.room_celsius)) for at, celsius in stretch]
    rates = [
        (before[1] - after[1]) / (after[0] - before[0])
        for before, after in zip(logs, logs[half:], strict=False)
        if after[0] > before[0]
    ]
    rate = median(rates) if rates else 0.0
    shortest, longest = table.plausible_minutes
    return 1 / rate if rate > 0 and shortest * 60 <= 1 / rate <= longest * 60 else None
