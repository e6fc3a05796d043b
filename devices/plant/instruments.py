"""Machines that only show: the scale and the storage sensor.

What they show wanders as a fixed function of plant time, so that a restart goes on where the world is.
"""

from __future__ import annotations

import math
from random import Random

from devices.plant.physics import WATER, Sensor
from devices.plant.process import Process

_PERIODS_H = (2.3, 5.9, 13.7)


class Wander:
    """A slow seeded walk between `low` and `high` that never leaves them: waves that do not fit each other."""

    def __init__(self, seed: str, bounds: tuple[float, float]) -> None:
        start = Random(seed)  # noqa: S311 - weather, no secret
        low, high = bounds
        self._middle = (low + high) / 2
        self._height = (high - low) / 2 / len(_PERIODS_H)
        self._waves = [(math.tau / (hours * 3_600_000), start.uniform(0, math.tau)) for hours in _PERIODS_H]

    def at(self, instant: int) -> float:
        """Return the value at `instant`, ms plant time."""
        return self._middle + self._height * sum(math.sin(rate * instant + phase) for rate, phase in self._waves)


class Scale(Process):
    """A scale with nothing on it."""

    def __init__(self, seed: str) -> None:
        super().__init__()
        self._zero = Wander(f"zero {seed}", WATER.scale_zero_g)
        self._cell = Sensor(f"weight {seed}", WATER.weight_sigma_g)

    def readings(self, at: int) -> dict[str, float]:
        """Return the weight and that it rests."""
        return {"CurrentWeight": self._cell.read(self._zero.at(at)), "Stable": 1}


class Storage(Process):
    """A zone's sensor. `warm_c`: temperature the zone is forced to, None while its cooling works."""

    temperature = "Temperature"

    def __init__(self, seed: str) -> None:
        super().__init__()
        self.warm_c: float | None = None
        self._warmth = Wander(f"warmth {seed}", WATER.storage_c)
        self._damp = Wander(f"damp {seed}", WATER.storage_rh)
        self._thermometer = Sensor(f"temperature {seed}", WATER.temperature_sigma_c)
        self._hygrometer = Sensor(f"humidity {seed}", WATER.humidity_sigma_rh)

    def readings(self, at: int) -> dict[str, float]:
        """Return temperature and relative humidity."""
        true_c = self._warmth.at(at) if self.warm_c is None else self.warm_c
        return {"Temperature": self._thermometer.read(true_c), "Humidity": self._hygrometer.read(self._damp.at(at))}
