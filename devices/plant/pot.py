"""The decoction pot: charge, water, decoct, drain, rinse, each with its own valves, heater, timer and protection.

It keeps its first liquid in a receiver of its own; a drain to the packer moves receiver and pot together. It has all that some
makers build: a concentrator at the receiver, a hopper that drops the late herbs by itself, a pump that circulates, a lid that
locks. The table of a maker says which of it is there to be asked and seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from devices.plant.packml import Fault, Step
from devices.plant.physics import WATER, Heater, Sensor, Vessel, absorption, boiling_point_c, dosed_ml, vapour_kpa
from devices.plant.process import Failure, Phase, Process

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from devices.plant.orders import Order


_CONCENTRATOR_KW = WATER.concentrate_ml_per_min / 60 * WATER.vaporisation_j_per_g / 1000 / WATER.heater_efficiency


class Pot(Process):
    """A pot of `volume_ml` at a site with `pressure_kpa`; `has_packer`: its drain has somewhere to go.

    `is_sealed`: it cooks under pressure behind a lid that is locked from the start of the heat until it has been drained or has
    cooled. `sent_ml`: meter of the pipe to the packer, never reset.
    """

    verbs = frozenset({"charge", "water", "decoct", "drain", "rinse", "concentrate"})
    protections = frozenset({Fault.DRY_BOIL, Fault.SENSOR})
    temperature = "ActualTemperature"

    def __init__(
        self, seed: str, *, volume_ml: float, pressure_kpa: float, has_packer: bool, is_sealed: bool = False
    ) -> None:
        super().__init__()
        highest_kpa = pressure_kpa + (WATER.sealed_kpa if is_sealed else 0.0)
        self.vessel = Vessel(volume_ml=volume_ml, boiling_c=boiling_point_c(highest_kpa))
        self.heater = Heater.OFF
        self.is_locked = self.hopper_is_open = self._concentrates = False
        self._is_sealed, self._air_kpa = is_sealed, pressure_kpa
        self.herb_g = 0.0
        self.receiver_ml = 0.0
        self.sent_ml = 0.0
        self._has_packer = has_packer
        self._set_c = 0.0
        self._thermometer = Sensor(f"temperature {seed}", WATER.temperature_sigma_c)
        self._gauge = Sensor(f"level {seed}", WATER.level_sigma_ml)
        self._flow = Sensor(f"flow {seed}", WATER.circulation_sigma_ml_per_min)

    def fits(self, verb: str, parameters: Mapping[str, int]) -> bool:
        """Refuse what would run over, what a locked lid keeps out, and a drain into a pipe that ends nowhere."""
        match verb:
            case "charge" | "water":
                added_ml = parameters["load_ml" if verb == "charge" else "water_ml"]
                return not self.is_locked and self._brim_ml + added_ml <= self.vessel.volume_ml
            case "decoct":
                return parameters.get("late_s", 0) < parameters["hold_s"]
            case "concentrate":
                return parameters["to_ml"] < self.receiver_ml
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
                return self._decoct(parameters["hold_s"], parameters["boil_centi_c"] / 100, parameters.get("late_s", 0))
            case "concentrate":
                return self._concentrate(parameters["to_ml"])
            case "drain":
                return self._drain(to_packer=bool(parameters["to_packer"]))
            case _:
                return self._rinse(parameters["hold_s"], parameters["rinse_centi_c"] / 100)

    def halt(self) -> None:
        """Cut the heat."""
        self._heat(Heater.OFF)
        self._steam(on=False)
        self._set_c = 0.0

    def rest(self, seconds: float) -> None:
        """Cool towards the room."""
        self.vessel.run(Heater.OFF, seconds)
        self.is_locked = self.is_locked and self.vessel.temperature_c >= WATER.unlock_c

    def readings(self, at: int) -> dict[str, float]:  # noqa: ARG002 - a pot's sensors depend on what it holds alone
        """Level is the liquid that can be drained, without what the herbs hold; pressure is what it is above the air's."""
        above_kpa = vapour_kpa(self.vessel.temperature_c) - self._air_kpa if self.is_locked else 0.0
        return {
            "ActualTemperature": self._thermometer.read(self.vessel.temperature_c),
            "SetTemperature": self._set_c,
            "HeaterPower": round(
                self.vessel.draws_kw(self.heater) + (_CONCENTRATOR_KW if self._concentrates else 0), 3
            ),
            "Level": self._gauge.read(self.vessel.free_ml),
            "CirculationFlow": 0.0 if self.heater is Heater.OFF else self._flow.read(WATER.circulation_ml_per_min),
            "ReceiverLevel": round(self.receiver_ml, 1),
            "ActualPressureKettle": round(max(0.0, above_kpa), 2),
            "IsLidLocked": int(self.is_locked),
            "IsHopperOpen": int(self.hopper_is_open),
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
            "heating": float(self.heater is not Heater.OFF or self._concentrates),
            "is_locked": self.is_locked,
            "hopper_is_open": self.hopper_is_open,
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
        self.is_locked, self.hopper_is_open = bool(kept.get("is_locked")), bool(kept.get("hopper_is_open"))
        self.rest(away_s)

    @property
    def _brim_ml(self) -> float:
        return self.vessel.water_ml + WATER.displaced_ml_per_g * self.herb_g

    def _heat(self, heater: Heater) -> None:
        was, self.heater = self.heater, heater
        if (was is Heater.OFF) != (heater is Heater.OFF):
            self.note("heat-off" if heater is Heater.OFF else "heat-on", None)

    def _steam(self, *, on: bool) -> None:
        """Switch the concentrator."""
        if on is not self._concentrates:
            self._concentrates = on
            self.note("heat-on" if on else "heat-off", None)

    def _charge(self, load_ml: int, herb_g: int, absorb_ml: int, batch: str) -> Phase:
        self.step = Step.CHARGE
        self.hopper_is_open = False
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

    def _decoct(self, hold_s: int, boil_c: float, late_s: int) -> Phase:
        self.step = Step.HEAT_TO_BOIL
        self.is_locked = self._is_sealed
        self._set_c = boil_c
        self._heat(Heater.FULL)
        yield from self._warm(boil_c, then_s=hold_s)
        self.step = Step.HOLD_BOIL
        self.boil_began = self.note("boil-begin", round(self.vessel.temperature_c, 2))
        self._heat(Heater.GENTLE)
        yield from self.spend(hold_s - late_s, self._cook, then_s=late_s)
        if late_s:
            self.hopper_is_open = True
            yield from self.spend(late_s, self._cook)
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
        self.is_locked = False
        self.note("drain", round(pot_ml + held_ml, 1))
        return pot_ml + held_ml

    def _concentrate(self, to_ml: int) -> Phase:
        excess_ml = self.receiver_ml - to_ml
        seconds = excess_ml / WATER.concentrate_ml_per_min * 60

        def boil_down(piece: float) -> None:
            self.receiver_ml -= excess_ml * piece / seconds

        self._steam(on=True)
        yield from self.spend(seconds, boil_down)
        self.halt()
        return self.receiver_ml

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
        self.is_locked = False
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
            raise Failure(Fault.SENSOR)
        if self.vessel.is_dry:
            raise Failure(Fault.DRY_BOIL)
