"""Water, heat and steam in closed form: an hour in one step is an hour in a thousand steps.

`Vessel.run` passes time under one setting of the heater and stops at the exact moment when a temperature is reached or
the liquid runs out. Constants and their sources stand in physics.toml.
"""

from __future__ import annotations

import copy
import math
import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class PotRow:
    """Heater and losses of a pot of about this volume."""

    volume_ml: float
    power_kw: float
    loss_w_per_k: float


@dataclass(frozen=True, slots=True)
class Constants:
    """The table physics.toml; units are in the names."""

    heat_capacity_j_per_g_k: float
    vaporisation_j_per_g: float
    antoine_a: float
    antoine_b: float
    antoine_c: float
    mmhg_per_kpa: float
    ambient_c: float
    tap_c: float
    charge_c: float
    rinse_supply_c: float
    heater_efficiency: float
    simmer_ml_per_min: float
    warming_ml_per_min: float
    warming_from_c: float
    dry_share: float
    sealed_kpa: float
    unlock_c: float
    concentrate_ml_per_min: float
    circulation_ml_per_min: float
    circulation_sigma_ml_per_min: float
    vessel_ml: float
    displaced_ml_per_g: float
    absorption_sigma: float
    absorption_limit: float
    charge_s: float
    drain_s: float
    pot_valve_ml_per_min: float
    soak_valve_ml_per_min: float
    flush_ml_per_min: float
    valve_error: float
    rinse_share: float
    rinse_fill_s: float
    pouches_per_min: float
    seal_c: float
    temperature_sigma_c: float
    seal_sigma_c: float
    fill_sigma_ml: float
    level_sigma_ml: float
    weight_sigma_g: float
    humidity_sigma_rh: float
    storage_c: tuple[float, float]
    storage_rh: tuple[float, float]
    scale_zero_g: tuple[float, float]
    pot: tuple[PotRow, ...]


def _read_constants() -> Constants:
    raw = tomllib.loads(Path(__file__).with_name("physics.toml").read_text(encoding="utf-8"))
    ranges = {name: tuple(raw[name]) for name in ("storage_c", "storage_rh", "scale_zero_g")}
    read: dict[str, Any] = {**raw, **ranges, "pot": tuple(PotRow(**row) for row in raw["pot"])}
    return Constants(**read)


WATER = _read_constants()


def boiling_point_c(pressure_kpa: float) -> float:
    """Return where water boils at this air pressure, by Antoine: 101.325 kPa gives 100.0, 57.7 kPa gives 85.0."""
    mmhg = pressure_kpa * WATER.mmhg_per_kpa
    return WATER.antoine_b / (WATER.antoine_a - math.log10(mmhg)) - WATER.antoine_c


def vapour_kpa(celsius: float) -> float:
    """Return the pressure of steam over water of this temperature: the same equation, turned round."""
    return 10 ** (WATER.antoine_a - WATER.antoine_b / (WATER.antoine_c + celsius)) / WATER.mmhg_per_kpa


def absorption(batch: str) -> float:
    """Return how much more or less water than expected the herbs of this batch keep, as a factor near 1."""
    limit = WATER.absorption_limit
    drawn = Random(f"absorption {batch}").gauss(0.0, WATER.absorption_sigma)  # noqa: S311 - a body's scatter, no secret
    return 1.0 + max(-limit, min(limit, drawn))


def dosed_ml(meant_ml: float, seed: str) -> float:
    """Return what really ran through a valve whose meter counted `meant_ml`."""
    error = Random(f"valve {seed}").uniform(-1.0, 1.0)  # noqa: S311 - a meter's scatter, no secret
    return meant_ml * (1.0 + WATER.valve_error * error)


class Sensor:
    """A reading with noise that is never the same twice running, as a live converter's last digit never is."""

    def __init__(self, seed: str, sigma: float) -> None:
        self._noise = Random(seed)  # noqa: S311 - noise, no secret
        self._sigma = sigma
        self._last = math.nan

    def read(self, true: float) -> float:
        """Return `true` with noise, rounded to three decimals."""
        reading = round(self._noise.gauss(true, self._sigma), 3)
        while reading == self._last:
            reading = round(self._noise.gauss(true, self._sigma), 3)
        self._last = reading
        return reading


class Heater(Enum):
    """FULL heats and goes on boiling hard; GENTLE heats and then simmers; KEEP holds the temperature it finds."""

    OFF = "off"
    FULL = "full"
    GENTLE = "gentle"
    KEEP = "keep"


class Vessel:
    """A heated pot of `volume_ml` that boils at `boiling_c`.

    `water_ml`: all water in it, `kept_ml`: what the herbs hold of it and never give back.
    """

    def __init__(self, *, volume_ml: float, boiling_c: float) -> None:
        row = min(WATER.pot, key=lambda pot: abs(pot.volume_ml - volume_ml))
        self.volume_ml = volume_ml
        self.boiling_c = boiling_c
        self.power_kw = row.power_kw
        self._loss_w_per_k = row.loss_w_per_k
        self._heat_w = row.power_kw * 1000 * WATER.heater_efficiency
        self.water_ml = 0.0
        self.kept_ml = 0.0
        self.temperature_c = WATER.ambient_c

    @property
    def free_ml(self) -> float:
        """Liquid that can be drained."""
        return max(0.0, self.water_ml - self.kept_ml)

    @property
    def is_dry(self) -> bool:
        """Too little liquid to heat."""
        return self.water_ml <= self._dry_ml

    @property
    def _dry_ml(self) -> float:
        return self.kept_ml + WATER.dry_share * self.volume_ml

    def pour(self, volume_ml: float, at_c: float) -> None:
        """Mix in water of another temperature."""
        together = self.water_ml + volume_ml
        if together > 0:
            self.temperature_c = (self.water_ml * self.temperature_c + volume_ml * at_c) / together
        self.water_ml = together

    def draw(self, volume_ml: float) -> None:
        """Let liquid out."""
        self.water_ml = max(0.0, self.water_ml - volume_ml)

    def empty(self) -> None:
        """Take out liquid and herbs."""
        self.water_ml = self.kept_ml = 0.0

    def run(self, heater: Heater, seconds: float, *, until_c: float = math.inf) -> float:
        """Pass at most `seconds`; stop when the temperature rises to `until_c` or a heated pot is dry.

        Returns the seconds that passed.
        """
        if heater is Heater.OFF:
            self._cool(seconds)
            return seconds
        passed = 0.0
        while passed < seconds and not self.is_dry and self.temperature_c < until_c:
            passed += self._heat(heater, seconds - passed, until_c)
        return passed

    def seconds_to(self, until_c: float) -> float:
        """Return how long full heat takes to `until_c`, or to dryness where that is never reached."""
        return copy.copy(self).run(Heater.FULL, math.inf, until_c=until_c)

    def draws_kw(self, heater: Heater) -> float:
        """Return the electric power of this setting, averaged over its switching."""
        loss_w = self._loss_w_per_k * (self.temperature_c - WATER.ambient_c)
        match heater:
            case Heater.OFF:
                return 0.0
            case Heater.GENTLE if self._boils:
                steam_w = WATER.simmer_ml_per_min / 60 * WATER.vaporisation_j_per_g
                return min(self.power_kw, (steam_w + loss_w) / 1000 / WATER.heater_efficiency)
            case Heater.KEEP:
                return min(self.power_kw, loss_w / 1000 / WATER.heater_efficiency)
            case Heater.FULL | Heater.GENTLE:
                return self.power_kw

    @property
    def _boils(self) -> bool:
        return self.temperature_c >= self.boiling_c

    def _cool(self, seconds: float) -> None:
        """Newton's law, towards the room from either side."""
        mass_g = max(self.water_ml, WATER.vessel_ml)
        constant_s = mass_g * WATER.heat_capacity_j_per_g_k / self._loss_w_per_k
        away = (self.temperature_c - WATER.ambient_c) * math.exp(-seconds / constant_s)
        self.temperature_c = WATER.ambient_c + away

    def _heat(self, heater: Heater, seconds: float, until_c: float) -> float:
        """Pass time up to the next change of law: warming begins to steam, boils, is hot enough, or is dry."""
        steam = self._steam_ml_per_s(heater)
        ceiling_c = self._ceiling_c(heater, until_c)
        to_ceiling = self._rise_s(ceiling_c, steam)
        to_dry = (self.water_ml - self._dry_ml) / steam if steam else math.inf
        passed = min(seconds, to_ceiling, to_dry)
        self.temperature_c = ceiling_c if passed == to_ceiling else self._risen_c(heater, passed, steam)
        self.water_ml = self._dry_ml if passed == to_dry else self.water_ml - steam * passed
        return passed

    def _steam_ml_per_s(self, heater: Heater) -> float:
        if self._boils and heater is Heater.FULL:
            return self._heat_w / WATER.vaporisation_j_per_g
        if self._boils and heater is Heater.GENTLE:
            return WATER.simmer_ml_per_min / 60
        return WATER.warming_ml_per_min / 60 if self.temperature_c >= WATER.warming_from_c else 0.0

    def _ceiling_c(self, heater: Heater, until_c: float) -> float:
        """Return the temperature at which this law ends; infinite where it does not rise."""
        if heater is Heater.KEEP or self._boils:
            return math.inf
        return min(c for c in (WATER.warming_from_c, self.boiling_c, until_c) if c > self.temperature_c)

    def _rise_s(self, to_c: float, steam: float) -> float:
        """Return the time to `to_c`: m c dT = P dt, with a mass that shrinks by `steam` mL/s."""
        if math.isinf(to_c):
            return math.inf
        heat = (to_c - self.temperature_c) * WATER.heat_capacity_j_per_g_k
        if not steam:
            return self.water_ml * heat / self._heat_w
        return -self.water_ml * math.expm1(-heat * steam / self._heat_w) / steam

    def _risen_c(self, heater: Heater, seconds: float, steam: float) -> float:
        if heater is Heater.KEEP or self._boils:
            return self.temperature_c
        per_k = self._heat_w / WATER.heat_capacity_j_per_g_k
        if not steam:
            return self.temperature_c + per_k * seconds / self.water_ml
        return self.temperature_c - per_k / steam * math.log1p(-steam * seconds / self.water_ml)
