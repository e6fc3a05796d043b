"""A simulated pot that is polled without a wire: registers as its maker lays them out, read by our codec, judged and credited.

Everything from the registers on is ours as the controller uses it; time is the test's own, so an hour of boiling takes no hour.
`Boil.poll(spoil)` reads once; `spoil` may change the values that the machine shows, or the words that it sends.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.quality.boil_credit import BoilCredit
from devices import codec
from devices.model import Quality, Snapshot
from devices.plant.machine import Machine
from devices.plant.orders import Order
from devices.plant.packml import Reason
from devices.plant.physics import boiling_point_c
from devices.plant.pot import Pot
from devices.plant.registers import RegisterMap
from devices.plant.tables import load_table
from devices.plausibility import Plausibility
from devices.profile import load_profile
from devices.protocol import Scan
from devices.site import grace_s, period_s
from tests.faults.centre import START_MS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

PROFILE = load_profile("pot-modbus")
TEMPERATURE = "ActualTemperature"
VOLUME_ML = 12_000
_TABLE = load_table("pot-modbus")
_LOAD = (6_000, 600, 700)
_CHARGE, _DECOCT = 1, 3
LATE = 0.2
"""Part of a period by which a poll may come late."""

Values = dict[str, Any]
Words = list[int]


@dataclass(slots=True)
class Seen:
    """One poll. `good`: the temperature was taken for good, and the source time for a new one."""

    snapshot: Snapshot
    good: bool
    celsius: float


class Boil:
    """One decoction of `required_s` at `pressure_kpa`, from the cold, polled as at `speed`."""

    def __init__(
        self, folder: Path, name: str, random: Random, *, required_s: int, pressure_kpa: float, speed: int = 1
    ) -> None:
        self._random, self.speed, self.required_s = random, speed, required_s
        self._period_s = period_s(PROFILE.period_s, speed)
        self._pot = Pot(name, volume_ml=VOLUME_ML, pressure_kpa=pressure_kpa, has_packer=True)
        self._now, self._wall_s = START_MS, 1_000.0
        self._machine = Machine(name, _TABLE, self._pot, folder=folder, now=self._now, wall=lambda: self._wall_s)
        self._registers = RegisterMap(_TABLE)
        (self._block,) = codec.blocks(PROFILE.scanned, PROFILE.modbus.max_block if PROFILE.modbus else 125)
        self._decoder = codec.Decoder(PROFILE, name)
        self._plausibility = Plausibility(PROFILE, speed)
        self.grace_s = grace_s(PROFILE.period_s, speed)
        self.boil_c = boiling_point_c(pressure_kpa) - (PROFILE.boil_delta_c or 0)
        self.credit = BoilCredit.start(self.boil_c, self.grace_s, 2)
        self._order(1, _CHARGE, _LOAD)
        while self._machine.is_running:
            self._pass()
        asked_s = round(required_s + 2 * self.grace_s)
        self._order(2, _DECOCT, (asked_s, round(self.boil_c * 100), 0))

    @property
    def is_over(self) -> bool:
        """The machine has ended its order."""
        return not self._machine.is_running

    @property
    def celsius(self) -> float:
        """What is true in the pot."""
        return self._pot.vessel.temperature_c

    @property
    def true_s(self) -> float:
        """How long it has boiled."""
        return self._pot.boil_s

    def poll(self, spoil: Callable[[Values, Words], Words] | None = None) -> Seen:
        """Let a period pass, read once and credit what was read."""
        self._pass()
        values: Values = dict(self._machine.view(self._now).values)
        words = self._words(values)
        if spoil is not None:
            words = spoil(values, words)
        found: list[Any] = [None] * len(PROFILE.scanned)
        self._block.unpack(struct.pack(f">{len(words)}H", *words), found)
        snapshot, moved = self._plausibility.judge(self._decoder.snapshot(Scan(found), self._wall_s))
        sample = snapshot.readings[TEMPERATURE]
        self.credit = self.credit.add(
            sample.at,
            sample.value,
            good=sample.quality is Quality.GOOD,
            counter_s=float(snapshot.counter_s),
            boot=snapshot.boot,
            batch=snapshot.batch,
        )
        return Seen(snapshot, moved and sample.quality is Quality.GOOD, sample.value)

    def encode(self, values: Values) -> Words:
        """Return the registers in which the machine would show these values."""
        return self._words(values)

    def close(self) -> None:
        """Put the pot away."""
        self._machine.close(self._now)

    def _pass(self) -> None:
        wall_s = self._period_s * (1 + self._random.uniform(0.0, LATE))
        self._wall_s += wall_s
        self._now += round(wall_s * self.speed * 1000)
        self._machine.advance(self._now)

    def _words(self, values: Values) -> Words:
        return [word for _, words in self._registers.words(values) for word in words]

    def _order(self, number: int, verb: int, parameters: tuple[int, int, int]) -> None:
        step = "charge" if verb == _CHARGE else "boil.1"
        order = Order(1, number, verb, "B-1", step, (*parameters, 0), sound=True)
        assert self._machine.order(order, self._now) is Reason.NONE
