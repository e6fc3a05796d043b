"""A packing machine: fills pouches from what its pots sent, and flushes the pipe afterwards.

What it holds is what the meters of its pots say, less what it used: a restart between two machines loses no liquid. What people
pour in from a pot that is on no wire, no meter sees: there is enough of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.plant.packml import Step
from devices.plant.physics import WATER, Sensor
from devices.plant.process import Phase, Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devices.plant.orders import Order
    from devices.plant.pot import Pot


class Packing(Process):
    """`pots`: those that drain into this machine; `is_poured_into`: people bring it liquid too."""

    verbs = frozenset({"pack", "flush"})
    temperature = "SealTemperature"

    def __init__(self, seed: str, pots: Sequence[Pot], *, is_poured_into: bool = False) -> None:
        super().__init__()
        self.count = 0
        self.used_ml = 0.0
        self._fill_ml = 0.0
        self._pots, self._is_poured_into = pots, is_poured_into
        self._seal = Sensor(f"seal {seed}", WATER.seal_sigma_c)
        self._filled = Sensor(f"fill {seed}", WATER.fill_sigma_ml)

    @property
    def liquid_ml(self) -> float:
        """What waits to be packed."""
        return max(0.0, sum(pot.sent_ml for pot in self._pots) - self.used_ml)

    def begin(self, verb: str, parameters: Mapping[str, int], order: Order) -> Phase:  # noqa: ARG002 - pouches are alike
        """Return the phase of the verb."""
        if verb == "pack":
            return self._pack(parameters["count"], parameters["fill_ml"])
        return self._flush(parameters["water_ml"])

    def halt(self) -> None:
        """Shut the filler."""
        self._fill_ml = 0.0

    def readings(self, at: int) -> dict[str, float]:  # noqa: ARG002 - the bar is kept hot at all times
        """`Count` is that of the last pack order; `FillVolume` is 0 while nothing is filled."""
        return {
            "Count": self.count,
            "SealTemperature": self._seal.read(WATER.seal_c),
            "FillVolume": self._filled.read(self._fill_ml) if self._fill_ml else 0.0,
        }

    def keep(self) -> dict[str, float]:
        """Keep the counters."""
        return {"count": self.count, "used_ml": self.used_ml}

    def recall(self, kept: Mapping[str, float], away_s: float) -> None:  # noqa: ARG002 - liquid that waits does not change
        """Take the counters back."""
        self.count = int(kept["count"])
        self.used_ml = kept["used_ml"]

    def _pack(self, count: int, fill_ml: int) -> Phase:
        self.step = Step.PACK
        self.count, self._fill_ml = 0, float(fill_ml)
        pouch_s = 60 / WATER.pouches_per_min
        while self.count < count and (self._is_poured_into or self.liquid_ml >= fill_ml):
            yield from self.spend(pouch_s, then_s=(count - self.count - 1) * pouch_s)
            self.used_ml += min(fill_ml, self.liquid_ml)
            self.count += 1
        self.halt()
        self.note("pack", self.count)
        return self.count

    def _flush(self, water_ml: int) -> Phase:
        self.step = Step.FLUSH
        yield from self.spend(water_ml / WATER.flush_ml_per_min * 60)
        self.used_ml += self.liquid_ml
        return water_ml
