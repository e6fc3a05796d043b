"""The decoction pot: charge, water, decoct, drain, rinse, each with its own valves, heater, timer and protection.

It keeps its first liquid in a receiver of its own; a drain to the packer moves receiver and pot together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from devices.plant.packml import FaultCode, Step
from devices.plant.physics import WATER, Heater, Sensor, Vessel, absorption, boiling_point_c, dosed_ml
from devices.plant.process import Failure, Phase, Process

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from devices.plant.orders import Order


class Pot(Process):
    """A pot of `volume_ml` at a site with `pressure_kpa`; `has_packer`: its drain has somewhere to go.

    `sent_ml`: meter of the pipe to the packer, never reset.
    """

    verbs = frozenset({"charge", "water", "decoct", "drain", "rinse"})
    temperature = "ActualTemperature"

    def __init__(self, seed: str, *, volume_ml: float, pressure_kpa: float, has_packer: bool) -> None:
        super().__init__()
        self.vessel = Vessel(volume_ml=volume_ml, boiling_c=boiling_point_c(pressure_kpa))
        self.heater = Heater.OFF
        self.herb_g = 0.0
        self.receiver_ml = 0.0
        self.sent_ml = 0.0
        self._has_packer = has_packer
        self._set_c = 0.0
        self._thermometer = Sensor(f"temperature {seed}", WATER.temperature_sigma_c)
        self._gauge = Sensor(f"level {seed}", WATER.level_sigma_ml)

    def fits(self, verb: str, parameters: Mapping[str, int]) -> bool:
        """Refuse what would run over, and a drain into a pipe that ends nowhere."""
        match verb:
            case "charge":
                return self._brim_ml + parameters["load_ml"] <= self.vessel.volume_ml
            case "water":
                return self._brim_ml + parameters["water_ml"] <= self.vessel.volume_ml
            case "drain":
                return self._has_packer or not parameters["to_packer"]
            case _:
                return True

    def begin(self, verb: str, parameters: Mapping[str, int], order: Order) -> Phase:
        """Return the phase of the verb; the boil counter is that of this order."""
        self._set_c = self.boil_s = 0.0
        self.boil_began = 0
        match verb:
            case "charge":
                return self._charge(parameters["load_ml"], parameters["herb_g"], parameters["absorb_ml"], order.batch)
            case "water":
                return self._water(parameters["water_ml"], f"{order.batch} {order.number}")
            case "decoct":
                return self._decoct(parameters["hold_s"], parameters["boil_centi_c"] / 100)
            case "drain":
                return self._drain(to_packer=bool(parameters["to_packer"]))
            case _:
                return self._rinse(parameters["hold_s"], parameters["rinse_centi_c"] / 100)

    def halt(self) -> None:
        """Cut the heat."""
        self._heat(Heater.OFF)
        self._set_c = 0.0

    def rest(self, seconds: float) -> None:
        """Cool towards the room."""
        self.vessel.run(Heater.OFF, seconds)

    def readings(self, at: int) -> dict[str, float]:  # noqa: ARG002 - a pot's sensors depend on what it holds alone
        """Level is the liquid that can be drained, without what the herbs hold."""
        return {
            "ActualTemperature": self._thermometer.read(self.vessel.temperature_c),
            "SetTemperature": self._set_c,
            "HeaterPower": round(self.vessel.draws_kw(self.heater), 3),
            "Level": self._gauge.read(self.vessel.free_ml),
        }

    def keep(self) -> dict[str, float]:
        """Keep contents, temperature, meters and the boil counter."""
        return {
            "water_ml": self.vessel.water_ml,
            "kept_ml": self.vessel.kept_ml,
            "temperature_c": self.vessel.temperature_c,
            "herb_g": self.herb_g,
            "receiver_ml": self.receiver_ml,
            "sent_ml": self.sent_ml,
            "boil_s": self.boil_s,
            "boil_began": self.boil_began,
            "heating": float(self.heater is not Heater.OFF),
        }

    def recall(self, kept: Mapping[str, float], away_s: float) -> None:
        """Take contents back; the heat was off meanwhile."""
        self.vessel.water_ml = kept["water_ml"]
        self.vessel.kept_ml = kept["kept_ml"]
        self.vessel.temperature_c = kept["temperature_c"]
        self.herb_g = kept["herb_g"]
        self.receiver_ml = kept["receiver_ml"]
        self.sent_ml = kept["sent_ml"]
        self.boil_s = kept["boil_s"]
        self.boil_began = int(kept["boil_began"])
        self.rest(away_s)

    @property
    def _brim_ml(self) -> float:
        return self.vessel.water_ml + WATER.displaced_ml_per_g * self.herb_g

    def _heat(self, heater: Heater) -> None:
        was, self.heater = self.heater, heater
        if (was is Heater.OFF) != (heater is Heater.OFF):
            self.note("heat-off" if heater is Heater.OFF else "heat-on", None)

    def _charge(self, load_ml: int, herb_g: int, absorb_ml: int, batch: str) -> Phase:
        self.step = Step.CHARGE
        self.herb_g += herb_g
        self.vessel.kept_ml += absorb_ml * absorption(batch)
        liquid_ml = max(0.0, load_ml - WATER.displaced_ml_per_g * herb_g)
        yield from self._pour(liquid_ml, WATER.charge_s, WATER.charge_c)
        return load_ml

    def _water(self, water_ml: int, seed: str) -> Phase:
        self.step = Step.ADD_WATER
        true_ml = dosed_ml(water_ml, seed)
        yield from self._pour(true_ml, water_ml / WATER.pot_valve_ml_per_min * 60, WATER.tap_c)
        self.note("water", round(true_ml, 1))
        return water_ml

    def _decoct(self, hold_s: int, boil_c: float) -> Phase:
        self.step = Step.HEAT_TO_BOIL
        self._set_c = boil_c
        self._heat(Heater.FULL)
        yield from self._warm(boil_c, then_s=hold_s)
        self.step = Step.HOLD_BOIL
        self.boil_began = self.note("boil-begin", round(self.vessel.temperature_c, 2))
        self._heat(Heater.GENTLE)
        yield from self.spend(hold_s, self._cook)
        self.boil_s = hold_s
        self.note("boil-end", hold_s)
        self.halt()
        return hold_s

    def _drain(self, *, to_packer: bool) -> Phase:
        self.step = Step.DRAIN
        pot_ml, held_ml = self.vessel.free_ml, self.receiver_ml if to_packer else 0.0

        def flow(seconds: float) -> None:
            share = seconds / WATER.drain_s
            self.vessel.draw(pot_ml * share)
            self.receiver_ml += share * (-held_ml if to_packer else pot_ml)
            self.sent_ml += share * (pot_ml + held_ml if to_packer else 0.0)

        yield from self.spend(WATER.drain_s, flow)
        self.note("drain", round(pot_ml + held_ml, 1))
        return pot_ml + held_ml

    def _rinse(self, hold_s: int, rinse_c: float) -> Phase:
        self.step = Step.RINSE
        self._empty()
        supply_c = min(WATER.rinse_supply_c, self.vessel.boiling_c)
        yield from self._pour(WATER.rinse_share * self.vessel.volume_ml, WATER.rinse_fill_s, supply_c, then_s=hold_s)
        self._set_c = rinse_c
        self._heat(Heater.FULL)
        yield from self._warm(rinse_c, then_s=hold_s)
        self._heat(Heater.KEEP)
        yield from self.spend(hold_s, self._cook)
        reached_c = round(self.vessel.temperature_c, 2)
        self.halt()
        self._empty()
        self.note("rinse", reached_c)
        return reached_c

    def _empty(self) -> None:
        self.vessel.empty()
        self.herb_g = self.receiver_ml = 0.0

    def _pour(self, volume_ml: float, seconds: float, at_c: float, then_s: float = 0.0) -> Generator[float]:
        return self.spend(seconds, lambda piece: self.vessel.pour(volume_ml * piece / seconds, at_c), then_s)

    def _warm(self, until_c: float, then_s: float) -> Generator[float]:
        while self.vessel.temperature_c < until_c:
            if self.left_s <= 0:
                yield self.vessel.seconds_to(until_c) + then_s
                continue
            self.left_s -= self._run(self.left_s, until_c)
            self._protect()

    def _cook(self, seconds: float) -> None:
        passed = self._run(seconds)
        self.left_s += seconds - passed
        if self.step is Step.HOLD_BOIL:
            # Under heat the temperature cannot fall below the threshold again, so every second counts.
            self.boil_s += passed
        self._protect()

    def _run(self, seconds: float, until_c: float = math.inf) -> float:
        """Pass time under heat up to the moment when a protection trips; returns the seconds that passed."""
        return 0.0 if self.sensor_failed else self.vessel.run(self.heater, seconds, until_c=until_c)

    def _protect(self) -> None:
        if self.sensor_failed:
            raise Failure(FaultCode.SENSOR)
        if self.vessel.is_dry:
            raise Failure(FaultCode.DRY_BOIL)
