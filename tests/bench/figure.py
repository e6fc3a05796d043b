"""One figure: ours and a reference, measured in turn (A/B/A/B), medians, and the ratio with its bound."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. `bound`: what the contract asks, in words; `met`: whether this run keeps it."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    bound: str
    met: bool
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours over the reference."""
        return self.value / self.reference_value if self.reference_value else 0.0

    def row(self) -> dict[str, str | float]:
        """Return the form of bench.json."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": round(self.reference_value, 4),
            "ratio": round(self.ratio, 4),
        }

    def line(self) -> str:
        """Return the line of the printed table."""
        kept = "ok  " if self.met else "OVER"
        return (
            f"{kept} {self.name:28} {self.value:10.3f} {self.unit:14} {self.reference_value:10.3f} {self.reference:42} "
            f"x{self.ratio:6.2f}  {self.bound}{'  ' + self.note if self.note else ''}"
        )


def in_turn(ours: Callable[[], float], reference: Callable[[], float], rounds: int = 3) -> tuple[float, float]:
    """Measure both in turn and return their medians."""
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
