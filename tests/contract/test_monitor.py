"""What is made of moving values, whatever the wire. Level `monitor` of the conformance suite."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devices.errors import CodecError
from devices.fleet import Fleet
from devices.machine import ProfiledMachine
from devices.model import LinkState, Mode, Quality, Reading, Snapshot, State, Step
from devices.plausibility import Plausibility
from devices.profile import all_profiles
from devices.site import PlantClock, Site, boot_seconds
from tests.contract.rigs import ModbusRig
from tests.contract.words import place, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.contract.rigs import Rig

NOISE = (0.01, 0.03, 0.02, 0.05, 0.04)
SPEED = 240


class Polled:
    """A machine that is read through its link and judged, one second of its time a poll."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.machine = ProfiledMachine(place(rig.profile.id), rig.profile, rig.link())
        self.plausibility = Plausibility(rig.profile, 1)

    async def poll(self, celsius: float, *, step_ms: int = 1000, **said: Any) -> Reading:
        self.rig.at += step_ms
        self.rig.say(ActualTemperature=celsius, **said)
        self.snapshot, self.moved = self.plausibility.judge(await self.machine.read())
        return self.snapshot.readings["ActualTemperature"]


@pytest.fixture
async def polled(rig: Rig) -> AsyncIterator[Polled]:
    made = Polled(rig)
    await made.machine.connect()
    yield made
    await made.machine.close()


async def test_moving_values_are_followed_and_pass_85_degrees_untouched(polled: Polled) -> None:
    for n in range(12):
        reading = await polled.poll(80.0 + n + NOISE[n % 5], Order=n)
        assert (reading.quality, reading.at) == (Quality.GOOD, polled.rig.at)
        assert reading.value == pytest.approx(80.0 + n + NOISE[n % 5], abs=1e-4)
        assert (polled.snapshot.order, polled.snapshot.at, polled.moved) == (n, polled.rig.at, True)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (math.nan, "not-finite"),
        (math.inf, "not-finite"),
        (850.0, "out-of-range"),
        (65535.0, "out-of-range"),
        (85.0, "rate"),
    ],
)
async def test_poison_on_the_wire_is_marked_and_the_next_value_passes(
    polled: Polled, poison: float, reason: str
) -> None:
    for n in range(3):
        await polled.poll(40.0 + NOISE[n])
    poisoned = await polled.poll(poison)
    assert (poisoned.quality, poisoned.reason) == (Quality.BAD, reason)
    assert (await polled.poll(40.02)).quality is Quality.GOOD
    assert polled.snapshot.readings["Level"].quality is Quality.GOOD


async def test_a_stuck_sensor_is_found_within_its_number_of_polls(polled: Polled) -> None:
    polls = polled.rig.profile.tags["ActualTemperature"].stuck_polls
    reasons = [(await polled.poll(60.0)).reason for _ in range(polls + 2)]
    assert reasons.index("stuck") == polls - 1


async def test_a_source_time_that_goes_back_is_not_news(polled: Polled) -> None:
    await polled.poll(60.0)
    reading = await polled.poll(60.01, step_ms=-5000)
    assert (reading.quality, reading.reason, polled.moved) == (Quality.BAD, "source-time-back", False)


async def test_a_source_time_that_stands_still_is_not_news(polled: Polled) -> None:
    await polled.poll(60.0)
    assert polled.moved
    await polled.poll(60.0, step_ms=0)
    assert not polled.moved


async def test_a_reboot_is_seen_in_the_counter(polled: Polled) -> None:
    await polled.poll(60.0)
    await polled.poll(20.0, BootCount=300, StateCurrent=State.STOPPED)
    assert (polled.snapshot.boot, polled.snapshot.state) == (300, State.STOPPED)
    assert polled.snapshot.readings["ActualTemperature"].quality is Quality.GOOD


# --- the same values in the words of other makers


MAKERS = {
    profile.id: 1e-4
    if profile.tags["ActualTemperature"].type == "f32"
    else profile.tags["ActualTemperature"].scale / 1.99
    for profile in all_profiles().values()
    if profile.protocol == "modbus" and "ActualTemperature" in profile.tags and profile.id != "pot-modbus"
}
"""Machine -> how coarse its thermometer speaks."""


@pytest.fixture
async def another_maker_s(request: pytest.FixtureRequest) -> AsyncIterator[Polled]:
    rig = ModbusRig(request.param)
    await rig.start()
    made = Polled(rig)
    await made.machine.connect()
    yield made
    await made.machine.close()
    await rig.stop()


@pytest.mark.parametrize("another_maker_s", MAKERS, indirect=True)
async def test_moving_values_of_other_makers_are_followed_in_their_words(another_maker_s: Polled) -> None:
    coarse = MAKERS[another_maker_s.rig.profile.id]
    for n in range(12):
        reading = await another_maker_s.poll(30.0 + n / 2 + NOISE[n % 5])
        assert (reading.quality, reading.at) == (Quality.GOOD, another_maker_s.rig.at)
        assert reading.value == pytest.approx(30.0 + n / 2 + NOISE[n % 5], abs=coarse)
        assert (another_maker_s.snapshot.at, another_maker_s.moved) == (another_maker_s.rig.at, True)


@pytest.mark.parametrize("another_maker_s", MAKERS, indirect=True)
async def test_jumps_and_stuck_sensors_of_other_makers_are_found(another_maker_s: Polled) -> None:
    polls = another_maker_s.rig.profile.tags["ActualTemperature"].stuck_polls
    reasons = [(await another_maker_s.poll(40.0)).reason for _ in range(polls + 2)]
    assert reasons.index("stuck") == polls - 1
    assert (await another_maker_s.poll(59.0)).reason == "rate"
    assert (await another_maker_s.poll(40.1)).quality is Quality.GOOD
    assert (await another_maker_s.poll(200.0)).reason == "out-of-range"


@pytest.mark.parametrize("another_maker_s", ["pot-modbus-c", "pot-modbus-d"], indirect=True)
async def test_the_number_that_stands_for_a_broken_sensor_is_no_temperature(another_maker_s: Polled) -> None:
    await another_maker_s.poll(60.0)
    broken = await another_maker_s.poll(math.nan)
    assert (broken.quality, broken.reason) == (Quality.BAD, "not-finite")
    assert math.isnan(broken.value)
    assert (await another_maker_s.poll(60.1)).quality is Quality.GOOD


@pytest.mark.parametrize("another_maker_s", ["pot-modbus-b", "pot-modbus-c"], indirect=True)
@pytest.mark.parametrize("state", [State.STOPPED, State.IDLE, State.EXECUTE, State.ABORTED, State.COMPLETE])
async def test_every_state_of_other_makers_is_one_of_ours(another_maker_s: Polled, state: State) -> None:
    await another_maker_s.poll(60.0, StateCurrent=state, UnitModeCurrent=Mode.MANUAL, StepCurrent=0, BootCount=300)
    said = another_maker_s.snapshot
    assert (said.state, said.mode, said.step, said.boot) == (state, Mode.MANUAL, Step.NONE, 300)


@pytest.mark.parametrize("another_maker_s", ["pot-modbus-b"], indirect=True)
async def test_a_state_that_the_table_does_not_know_is_an_error_that_names_it(another_maker_s: Polled) -> None:
    rig = another_maker_s.rig
    assert isinstance(rig, ModbusRig)
    rig.peer.put(1002, [7])
    with pytest.raises(CodecError, match="StateCurrent: says 7"):
        await another_maker_s.machine.read()


@pytest.mark.parametrize("another_maker_s", ["pot-modbus-c"], indirect=True)
async def test_of_several_bits_the_one_that_stands_first_in_the_table_counts(another_maker_s: Polled) -> None:
    rig = another_maker_s.rig
    assert isinstance(rig, ModbusRig)
    for status, alarm, state, step, fault in (
        (0b1000_0000_0011_1011, 0b1000_0000_0000_0010, State.ABORTED, Step.HOLD_BOIL, 2),
        (0b0000_0000_0001_1111, 0b0000_0000_0010_0001, State.EXECUTE, Step.HEAT_TO_BOIL, 5),
        (0b0000_0000_0000_1101, 0b1000_0000_0000_0000, State.COMPLETE, Step.NONE, 99),
        (0b0000_0000_0000_1000, 0, State.STOPPED, Step.NONE, 0),
    ):
        rig.peer.put(0, [status, alarm])
        said = await another_maker_s.machine.read()
        assert (said.state, said.step, said.fault, said.mode) == (state, step, fault, Mode.PRODUCE)


class Shown:
    """What a fleet says of one machine at speed 240: polls every 0.25 s, old after 1 s."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.links: list[LinkState] = []
        self.faults: list[Exception] = []
        self.last: Snapshot | None = None
        self.clock = PlantClock(speed=SPEED, first=rig.at, boot=boot_seconds())
        self.frozen = False
        site = place(rig.profile.id)
        self.fleet = Fleet(
            Site("here", "Asia/Shanghai", 101.3, False, SPEED, Path(), {site.id: site}),
            {rig.profile.id: rig.profile},
            self.clock,
            on_snapshot=self._hear,
            on_link=lambda machine, state, since_s: self.links.append(state),
            on_fault=lambda machine, error: self.faults.append(error),
            links=lambda machine, profile: rig.link(),
        )

    def _hear(self, said: Snapshot) -> None:
        self.last = said

    async def _live(self) -> None:
        n = 0
        while True:
            n += 1
            if not self.frozen:
                self.rig.at = self.clock.now()
                self.rig.say(ActualTemperature=60.0 + NOISE[n % 5])
            await asyncio.sleep(0.1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._live()), asyncio.create_task(self.fleet.run())]
        try:
            await self.fleet.first_reads(5)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    async def become(self, state: LinkState, seconds: float) -> float:
        began_s = time.monotonic()
        await until(lambda: self.fleet.link_state("pot-03")[0] is state, seconds)
        return time.monotonic() - began_s


async def test_silence_makes_a_machine_stale_with_its_age_and_the_first_good_read_fresh(rig: Rig) -> None:
    shown = Shown(rig)
    async with shown.running():
        await shown.become(LinkState.FRESH, 2)
        rig.silence(on=True)
        silent_s = time.monotonic()
        assert 0.6 < await shown.become(LinkState.STALE, 3) < 1.6
        assert abs(shown.fleet.link_state("pot-03")[1] - silent_s) < 0.5
        rig.silence(on=False)
        await shown.become(LinkState.FRESH, 12)
    assert shown.links == [LinkState.FRESH, LinkState.STALE, LinkState.FRESH]
    assert shown.faults == []


async def test_a_machine_switched_off_and_on_comes_back_by_itself(rig: Rig) -> None:
    shown = Shown(rig)
    async with shown.running():
        await shown.become(LinkState.FRESH, 2)
        await rig.switch_off()
        await shown.become(LinkState.STALE, 3)
        await rig.switch_on()
        await shown.become(LinkState.FRESH, 12)
    assert shown.links == [LinkState.FRESH, LinkState.STALE, LinkState.FRESH]


async def test_a_machine_that_repeats_itself_is_stale_though_it_answers(rig: Rig) -> None:
    shown = Shown(rig)
    async with shown.running():
        await shown.become(LinkState.FRESH, 2)
        shown.frozen = True
        await shown.become(LinkState.STALE, 3)
        await asyncio.sleep(0.6)
        assert shown.last is not None
        assert shown.last.readings["ActualTemperature"].quality is Quality.STALE
        assert shown.last.readings["ActualTemperature"].reason == "source-time-frozen"
        shown.frozen = False
        await shown.become(LinkState.FRESH, 3)
    assert shown.links == [LinkState.FRESH, LinkState.STALE, LinkState.FRESH]


async def test_machines_that_keep_silent_or_are_gone_delay_no_other_on_real_sockets(modbus: ModbusRig) -> None:
    dead = ModbusRig()
    await dead.start()
    clock = PlantClock(speed=SPEED, first=modbus.at, boot=boot_seconds())
    names = [f"pot-{n:02}" for n in range(40)]
    ports = {name: (modbus if n % 2 else dead).proxy.port for n, name in enumerate(names)}
    sites = {name: place(url=f"modbus://127.0.0.1:{port}/1", name=name) for name, port in ports.items()}
    late_s: list[float] = []
    fleet = Fleet(
        Site("here", "Asia/Shanghai", 101.3, False, SPEED, Path(), sites),
        {modbus.profile.id: modbus.profile},
        clock,
        on_snapshot=lambda said: late_s.append(fleet.tally(said.machine).late_s),
        on_link=lambda machine, state, since_s: None,
        on_fault=lambda machine, error: None,
    )
    task = asyncio.create_task(fleet.run())
    try:
        await fleet.first_reads(5)
        await asyncio.sleep(0.5)
        dead.silence(on=True)
        late_s.clear()
        await asyncio.sleep(1.5)
        await dead.switch_off()
        await asyncio.sleep(1.5)
        assert sum(fleet.tally(name).missed for name in names[1::2]) <= 0.05 * len(late_s)
        assert len(late_s) > 20 * 10
        assert statistics.median(late_s) < 0.05
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await dead.stop()
