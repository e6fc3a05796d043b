"""A soaking position: fills a pail through its own valve and lets it stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.plant.packml import Step
from devices.plant.physics import WATER, Sensor, dosed_ml
from devices.plant.process import Phase, Process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.plant.orders import Order


class Soaking(Process):
    """`level_ml` is the water of the last order; a new order begins with a new, empty pail.

    `metered_ml`: what the meter of its valve has counted since it was built in.
    """

    verbs = frozenset({"soak"})
    temperature = "ActualTemperature"

    def __init__(self, seed: str) -> None:
        super().__init__()
        self.level_ml = self.metered_ml = 0.0
        self._thermometer = Sensor(f"temperature {seed}", WATER.temperature_sigma_c)
        self._gauge = Sensor(f"level {seed}", WATER.level_sigma_ml)

    def begin(self, verb: str, parameters: Mapping[str, int], order: Order) -> Phase:  # noqa: ARG002 - it knows one verb
        """Return the phase: fill, then stand."""
        return self._soak(parameters["water_ml"], parameters["soak_s"], f"{order.batch} {order.number}")

    def readings(self, at: int) -> dict[str, float]:  # noqa: ARG002 - the pail stands in a room of one temperature
        """Return level, water temperature and meter."""
        return {
            "Level": self._gauge.read(self.level_ml),
            "ActualTemperature": self._thermometer.read(WATER.ambient_c),
            "WaterMeter": round(self.metered_ml, 1),
        }

    def keep(self) -> dict[str, float]:
        """Keep the level and the meter."""
        return {"level_ml": self.level_ml, "metered_ml": self.metered_ml}

    def recall(self, kept: Mapping[str, float], away_s: float) -> None:  # noqa: ARG002 - water that stands does not change
        """Take level and meter back."""
        self.level_ml = kept["level_ml"]
        self.metered_ml = kept.get("metered_ml", 0.0)  # memories from before the meter have none

    def _soak(self, water_ml: int, soak_s: int, seed: str) -> Phase:
        self.step = Step.ADD_WATER
        self.level_ml = 0.0
        true_ml = dosed_ml(water_ml, seed)
        fill_s = water_ml / WATER.soak_valve_ml_per_min * 60

        def fill(seconds: float) -> None:
            self.level_ml += true_ml * seconds / fill_s
            self.metered_ml += water_ml * seconds / fill_s

        yield from self.spend(fill_s, fill, then_s=soak_s)
        self.note("water", round(true_ml, 1))
        self.step = Step.SOAK
        yield from self.spend(soak_s)
        return water_ml
