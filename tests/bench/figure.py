"""One figure: ours and a reference, measured in turn (A/B/A/B), medians, and the ratio with its bound."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. `bound`: what the contract asks, in words; `met`: whether this run keeps it.

    `reference` is `-` and its value None where the figure stands alone.
    """

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float | None
    bound: str
    met: bool
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the reference."""
        return self.value / self.reference_value if self.reference_value else None

    def row(self) -> dict[str, str | float | None]:
        """Return the form of bench.json."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": self.reference_value and round(self.reference_value, 4),
            "ratio": self.ratio and round(self.ratio, 4),
        }

    def line(self) -> str:
        """Return the line of the printed table."""
        beside = " " * 49
        if self.reference_value is not None:
            beside = f"{self.reference_value:10.3f} {self.reference:30} x{self.ratio:6.3f}"
        kept = "kept  " if self.met else "MISSED"
        return f"{kept} {self.name:25} {self.value:10.3f} {self.unit:10} {beside}  {self.bound}; {self.note}".rstrip(
            "; "
        )


def in_turn(ours: Callable[[], float], reference: Callable[[], float], rounds: int = 3) -> tuple[float, float]:
    """Measure both in turn and return their medians."""
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
