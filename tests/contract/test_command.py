"""What a machine does when it is asked, against the simulated plant over both wires. Level `command` of the conformance suite."""

from __future__ import annotations

import asyncio
import math
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from devices import codec
from devices.fleet import Fleet
from devices.following import Following
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import (
    Accepted,
    Finished,
    LinkState,
    Mode,
    Order,
    OrderStatus,
    Quality,
    Receipt,
    Refused,
    RefusedReason,
    Snapshot,
    State,
    Step,
    Unknown,
)
from devices.site import PlantClock
from tests.contract.plant_process import PROFILES, PlantProcess, running_plant
from tests.contract.words import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

SPEED = 240
SETS = 12


def _each(kind: str, handshake: str) -> pytest.MarkDecorator:
    """Run a test with every packaged machine of a kind that can tell so much of an order."""
    names = [name for name, profile in PROFILES.items() if (profile.kind, profile.handshake) == (kind, handshake)]
    return pytest.mark.parametrize("name", names)


POTS = _each("decoction", "echo")
WITHOUT_NUMBERS = _each("decoction", "busy")
CHARGE = {"load_ml": 3000, "herb_g": 200, "absorb_ml": 300}


@pytest.fixture(scope="session")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[PlantProcess]]:
    """Sets of machines that no test has used: one more set in a plant costs a tenth of one more plant."""

    def sets() -> Iterator[PlantProcess]:
        while True:
            with running_plant(tmp_path_factory.mktemp("plant"), speed=SPEED, sets=SETS) as plant:
                yield from map(plant.with_set, range(SETS))

    found = sets()
    with closing(found):
        yield found


@pytest.fixture
def plant(unused: Iterator[PlantProcess]) -> PlantProcess:
    return next(unused)


class Asked:
    """One machine of the plant, asked through its driver."""

    def __init__(self, plant: PlantProcess, name: str) -> None:
        place = plant.place(name)
        self.name = place.id
        self.clock = PlantClock.open(plant.site.state, SPEED)
        profile = PROFILES[place.profile]
        self.link = open_link(place, profile)
        self.machine = ProfiledMachine(place, profile, self.link)

    def order(self, number: int, verb: str, **parameters: int) -> Order:
        return Order(
            number, self.name, verb, "B-20261122-0031-1", f"{verb}.1", parameters, self.clock.now() + 3_600_000
        )

    async def ask(self, number: int, verb: str, *, epoch: int = 1, **parameters: int) -> Receipt:
        return await self.machine.order(self.order(number, verb, **parameters), epoch, self.clock.now)

    async def until(self, condition: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        async with asyncio.timeout(seconds):
            said = await self.machine.read()
            while not condition(said):
                await asyncio.sleep(0.1)
                said = await self.machine.read()
        return said

    async def close(self) -> None:
        await self.machine.close()
        self.clock.close()


@pytest.fixture
async def asked(plant: PlantProcess, name: str) -> AsyncIterator[Asked]:
    made = Asked(plant, name)
    yield made
    await made.close()


def _done(said: Snapshot) -> bool:
    return said.order_status in {OrderStatus.FINISHED, OrderStatus.FAILED}


@POTS
async def test_a_pot_is_charged_and_boils_once_and_says_so(plant: PlantProcess, asked: Asked, name: str) -> None:
    assert isinstance(await asked.ask(1, "charge", **CHARGE), Accepted | Finished)
    charged = await asked.until(_done, 10)
    assert charged.order_status is OrderStatus.FINISHED
    assert await asked.ask(2, "decoct", hold_s=300, boil_centi_c=9950) == Accepted(2)
    boiled = await asked.until(_done, 30)
    assert (boiled.order, boiled.order_status, boiled.batch) == (2, OrderStatus.FINISHED, "B-20261122-0031-1")
    assert boiled.counter_s >= 300
    assert boiled.boil_began_at > 0
    assert boiled.readings["ActualTemperature"].value > 95
    settled = await asked.machine.settle(asked.order(2, "decoct", hold_s=300, boil_centi_c=9950), 0)
    assert settled == Finished(2, boiled.order_value)
    assert [event["order"] for event in plant.events(name, "start")] == [1, 2]


@POTS
async def test_the_same_number_is_refused_by_the_machine_and_recognised_by_the_driver(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    order = asked.order(1, "charge", **CHARGE)
    assert isinstance(await asked.machine.order(order, 1, asked.clock.now), Accepted | Finished)
    again = Asked(plant, name)
    assert isinstance(await again.machine.order(order, 1, again.clock.now), Accepted | Finished)
    await again.close()
    assert plant.events(name, "refused-duplicate") == []
    await asked.link.command(codec.command_values(asked.machine.profile, order, 1))
    said = await asked.until(lambda said: said.refused_order == 1, 3)
    assert said.refused_reason is RefusedReason.DUPLICATE
    assert [event["order"] for event in plant.events(name, "start")] == [1]
    assert len(plant.events(name, "refused-duplicate")) == 1


@POTS
async def test_an_answer_lost_after_execution_is_settled_by_reading(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await asked.machine.connect()
    await plant.inflict(name, "reply-lost", 1)
    assert isinstance(await asked.ask(1, "charge", **CHARGE), Accepted | Finished)
    assert [event["order"] for event in plant.events(name, "start")] == [1]
    assert plant.events(name, "refused-duplicate") == []


@POTS
async def test_cancelled_at_any_moment_an_order_on_a_real_wire_has_one_effect(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    for number in range(1, 25):
        order = asked.order(number, "stop")
        first = asyncio.create_task(asked.machine.order(order, 1, asked.clock.now))
        await asyncio.sleep(number * 0.0008)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await asked.machine.order(order, 1, asked.clock.now) == Finished(number, 0)
    assert [event["order"] for event in plant.events(name, "stop")] == list(range(1, 25))


@POTS
async def test_a_master_of_the_past_is_fenced_off(plant: PlantProcess, asked: Asked, name: str) -> None:
    assert isinstance(await asked.ask(1, "charge", epoch=5, **CHARGE), Accepted | Finished)
    await asked.until(_done, 10)
    assert await asked.ask(2, "decoct", epoch=4, hold_s=300, boil_centi_c=9950) == Refused(2, RefusedReason.EPOCH)
    assert [event["order"] for event in plant.events(name, "start")] == [1]


@POTS
async def test_a_busy_machine_and_one_in_manual_mode_refuse(plant: PlantProcess, asked: Asked, name: str) -> None:
    await asked.ask(1, "charge", **CHARGE)
    await asked.until(_done, 10)
    assert await asked.ask(2, "decoct", hold_s=3000, boil_centi_c=9950) == Accepted(2)
    assert await asked.ask(3, "drain", to_packer=0) == Refused(3, RefusedReason.BUSY)
    assert await asked.ask(4, "stop") == Finished(4, 0)
    await plant.inflict(name, "panel")
    assert (await asked.until(lambda said: said.mode is Mode.MANUAL, 3)).state is State.STOPPED
    assert await asked.ask(5, "drain", to_packer=0) == Refused(5, RefusedReason.MODE)


@POTS
async def test_a_reboot_shows_in_the_counter_and_starts_nothing(plant: PlantProcess, asked: Asked, name: str) -> None:
    await asked.ask(1, "charge", **CHARGE)
    before = await asked.until(_done, 10)
    await plant.inflict(name, "reboot")
    after = await asked.until(lambda said: said.boot != before.boot, 5)
    assert after.boot == before.boot + 1
    assert (after.order, after.epoch) == (1, 1)
    assert after.state is not State.EXECUTE
    assert [event["order"] for event in plant.events(name, "start")] == [1]


# --- machines that keep no order numbers


async def _charged(asked: Asked) -> None:
    assert await asked.ask(1, "charge", **CHARGE) == Accepted(1)
    await asked.until(lambda said: said.state is State.COMPLETE, 10)


@WITHOUT_NUMBERS
async def test_a_pot_without_order_numbers_boils_once_and_shows_it(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    assert await asked.ask(2, "decoct", hold_s=290, boil_centi_c=9941) == Accepted(2)
    boiled = await asked.until(lambda said: said.state is State.COMPLETE, 30)
    assert boiled.counter_s == 300, "rounded up to whole minutes, never down"
    assert boiled.boil_began_at > 0
    assert boiled.readings["ActualTemperature"].value > 95
    assert [event["event"] for event in plant.events(name, "start", "boil-begin", "boil-end")] == [
        "start",
        *("start", "boil-begin", "boil-end"),
    ]
    assert plant.events(name, "boil-begin")[0]["value"] == pytest.approx(99.5, abs=0.01)


@WITHOUT_NUMBERS
async def test_what_a_pot_without_order_numbers_was_asked_in_doubt_is_never_asked_again(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    order = asked.order(2, "decoct", hold_s=300, boil_centi_c=9950)
    first = asyncio.create_task(asked.machine.order(order, 1, asked.clock.now))
    await until(lambda: len(plant.events(name, "start")) > 1, 5)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert isinstance(await asked.machine.order(order, 1, asked.clock.now), Unknown)
    assert isinstance(await asked.machine.settle(order, 0), Unknown)
    assert len(plant.events(name, "start")) == 2


@WITHOUT_NUMBERS
async def test_a_pot_without_order_numbers_is_followed_from_what_it_was_seen_to_take_until_it_boots(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    boot = (await asked.machine.read()).boot
    order = replace(asked.order(2, "decoct", hold_s=300, boil_centi_c=9950), boot=boot)
    assert await asked.machine.order(order, 1, asked.clock.now) == Accepted(2)
    fresh = Asked(plant, name)
    assert await fresh.machine.settle(order, 0, taken=True) == Accepted(2)
    boiled = await fresh.until(lambda said: said.state is State.COMPLETE, 30)
    followed, concluded = Following(order).see(boiled)
    assert (concluded.order, concluded.batch, concluded.order_status) == (2, order.batch, OrderStatus.FINISHED)
    assert concluded.order_value == concluded.counter_s == 300
    assert isinstance(await fresh.machine.settle(order, 0, taken=True), Finished)
    await plant.inflict(name, "reboot")
    after = await fresh.until(lambda said: said.boot != boot, 5)
    assert isinstance(await fresh.machine.settle(order, 0, taken=True), Unknown)
    assert followed.see(after)[1].order_status is OrderStatus.NONE
    await fresh.close()
    assert len(plant.events(name, "start")) == 2


@WITHOUT_NUMBERS
async def test_an_answer_lost_by_a_pot_without_order_numbers_is_settled_by_its_leaving_rest(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    await plant.inflict(name, "reply-lost", 1)
    assert await asked.ask(2, "decoct", hold_s=3000, boil_centi_c=9950) == Accepted(2)
    assert len(plant.events(name, "start")) == 2


@WITHOUT_NUMBERS
async def test_a_pot_without_order_numbers_is_stopped_as_often_as_it_takes(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    assert await asked.ask(2, "decoct", hold_s=3000, boil_centi_c=9950) == Accepted(2)
    assert await asked.ask(3, "drain", to_packer=0) == Refused(3, RefusedReason.BUSY)
    stop = asked.order(4, "stop")
    assert await asked.machine.settle(stop, 0) is None
    assert await asked.machine.order(stop, 1, asked.clock.now) == Finished(4, 0)
    assert await asked.machine.order(stop, 1, asked.clock.now) == Finished(4, 0)
    assert await asked.machine.settle(stop, 0) == Finished(4, 0)
    assert len(plant.events(name, "stop")) == 1


@WITHOUT_NUMBERS
async def test_a_pot_without_order_numbers_refuses_in_manual_mode_and_starts_nothing_after_a_reboot(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    await _charged(asked)
    assert await asked.ask(2, "decoct", hold_s=3000, boil_centi_c=9950) == Accepted(2)
    before = await asked.until(lambda said: said.state is State.EXECUTE, 3)
    await plant.inflict(name, "reboot")
    after = await asked.until(lambda said: said.boot != before.boot, 5)
    assert (after.boot, after.state) == (before.boot + 1, State.STOPPED)
    await plant.inflict(name, "panel")
    await asked.until(lambda said: said.mode is Mode.MANUAL, 3)
    assert await asked.ask(3, "drain", to_packer=0) == Refused(3, RefusedReason.MODE)
    assert len(plant.events(name, "start")) == 2


@_each("decoction", "none")
async def test_a_pot_that_tells_nothing_is_asked_once_and_every_doubt_goes_to_a_person(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    assert await asked.ask(1, "charge", **CHARGE) == Accepted(1)
    await until(lambda: plant.events(name, "end"), 10)
    decoct = asked.order(2, "decoct", hold_s=3000, boil_centi_c=9941)
    await plant.inflict(name, "reply-lost", 1)
    assert isinstance(await asked.machine.order(decoct, 1, asked.clock.now), Unknown)
    assert isinstance(await asked.machine.order(decoct, 1, asked.clock.now), Unknown)
    assert isinstance(await asked.machine.settle(decoct, 0), Unknown)
    assert len(plant.events(name, "start")) == 2
    hot = await asked.until(lambda said: said.readings["ActualTemperature"].value > 60, 30)
    assert (hot.state, hot.order_status) == (State.UNDEFINED, OrderStatus.NONE)
    await plant.inflict(name, "sensor")
    lost = (await asked.machine.read()).readings["ActualTemperature"].value
    assert math.isnan(lost), "9999 is no temperature"
    await plant.inflict(name, "clear")
    assert await asked.ask(3, "stop") == Accepted(3)
    assert len(plant.events(name, "stop", "fault")) == 2


# --- what only some pots can


async def test_a_sealed_pot_boils_under_pressure_and_takes_nothing_in_while_its_lid_is_locked(
    plant: PlantProcess,
) -> None:
    asked = Asked(plant, "pot-modbus-sealed")
    await asked.ask(1, "charge", **CHARGE)
    assert (await asked.until(_done, 10)).readings["IsLidLocked"].value == 0
    await asked.ask(2, "decoct", hold_s=600, boil_centi_c=11000)
    boiled = await asked.until(lambda said: said.order == 2 and _done(said), 30)
    assert boiled.order_status is OrderStatus.FINISHED
    assert 110 < boiled.readings["ActualTemperature"].value < 117
    assert boiled.readings["IsLidLocked"].value == 1
    assert boiled.readings["ActualPressureKettle"].value > 40
    assert await asked.ask(3, "charge", **CHARGE) == Refused(3, RefusedReason.PARAMETER)
    assert await asked.ask(4, "water", water_ml=500) == Refused(4, RefusedReason.PARAMETER)
    await asked.ask(5, "drain", to_packer=0)
    drained = await asked.until(lambda said: said.order == 5 and _done(said), 10)
    assert (drained.readings["IsLidLocked"].value, drained.readings["ActualPressureKettle"].value) == (0, 0)
    assert isinstance(await asked.ask(6, "water", water_ml=500), Accepted | Finished)
    await asked.close()


async def test_a_hopper_drops_its_herbs_at_its_minute_and_stays_shut_for_who_does_not_ask(plant: PlantProcess) -> None:
    asked = Asked(plant, "pot-modbus-hopper")
    await asked.ask(1, "charge", **CHARGE)
    await asked.until(_done, 10)
    await asked.ask(2, "decoct", hold_s=1200, boil_centi_c=9950, late_s=600)
    dropped = await asked.until(lambda said: said.readings["IsHopperOpen"].value == 1, 30)
    assert 600 <= dropped.counter_s < 1200
    assert (await asked.until(lambda said: said.order == 2 and _done(said), 10)).counter_s == 1200
    await asked.ask(3, "drain", to_packer=0)
    await asked.until(lambda said: said.order == 3 and _done(said), 10)
    await asked.ask(4, "charge", **CHARGE)
    await asked.until(lambda said: said.order == 4 and _done(said), 10)
    await asked.ask(5, "decoct", hold_s=300, boil_centi_c=9950)
    boiled = await asked.until(lambda said: said.order == 5 and _done(said), 30)
    assert (boiled.counter_s, boiled.readings["IsHopperOpen"].value) == (300, 0)
    await asked.close()


async def test_the_pump_of_a_circulating_pot_runs_while_it_is_heated(plant: PlantProcess) -> None:
    asked = Asked(plant, "pot-opcua-circulating")
    await asked.ask(1, "charge", **CHARGE)
    assert (await asked.until(_done, 10)).readings["CirculationFlow"].value == 0
    await asked.ask(2, "decoct", hold_s=3000, boil_centi_c=9950)
    assert (await asked.until(lambda said: said.step is Step.HEAT_TO_BOIL, 5)).readings["CirculationFlow"].value > 3500
    await asked.ask(3, "stop")
    assert (await asked.until(lambda said: said.order == 3, 5)).readings["CirculationFlow"].value == 0
    await asked.close()


async def test_two_decoctions_come_together_in_the_receiver_and_are_concentrated(plant: PlantProcess) -> None:
    asked = Asked(plant, "pot-modbus-concentrating")

    async def done(number: int, verb: str, **parameters: int) -> Snapshot:
        assert isinstance(await asked.ask(number, verb, **parameters), Accepted | Finished)
        return await asked.until(lambda said: said.order == number and _done(said), 30)

    await done(1, "charge", **CHARGE)
    await done(2, "decoct", hold_s=300, boil_centi_c=9950)
    first = await done(3, "drain", to_packer=0)
    await done(4, "water", water_ml=2000)
    await done(5, "decoct", hold_s=300, boil_centi_c=9950)
    both = await done(6, "drain", to_packer=0)
    together_ml = first.order_value + both.order_value
    assert both.readings["ReceiverLevel"].value == pytest.approx(together_ml, abs=2)
    assert await asked.ask(7, "concentrate", to_ml=9000) == Refused(7, RefusedReason.PARAMETER)
    less = await done(8, "concentrate", to_ml=2800)
    assert (less.order_value, less.readings["ReceiverLevel"].value) == (2800, 2800)
    start, end = [event["at"] for event in plant.events("pot-modbus-concentrating", "start", "end")][-2:]
    assert (end - start) / 60_000 == pytest.approx((together_ml - 2800) / 60, rel=0.02)
    drained = await done(9, "drain", to_packer=1)
    assert drained.order_value == 2800
    await asked.close()


# --- positions and packers


@_each("soaking", "echo")
async def test_a_position_soaks_no_shorter_and_in_no_less_water_than_it_was_asked(
    plant: PlantProcess, asked: Asked, name: str
) -> None:
    assert isinstance(await asked.ask(1, "soak", water_ml=3996, soak_s=590), Accepted | Finished)
    await asked.until(_done, 20)
    soaked = await asked.machine.read()  # state and order stand in two blocks: the first look may fall between them
    assert (soaked.order_status, soaked.state) == (OrderStatus.FINISHED, State.COMPLETE)
    assert 3996 <= soaked.order_value <= 4000
    assert soaked.readings["Level"].value == pytest.approx(4000, rel=0.02)
    start, end = plant.events(name, "start", "end")
    assert 590 <= (end["at"] - start["at"]) / 1000 < 700


async def test_a_water_meter_counts_what_ran_into_the_pail(plant: PlantProcess) -> None:
    asked = Asked(plant, "soak-modbus-b")
    await asked.machine.connect()
    before = (await asked.machine.read()).readings["WaterMeter"]
    await asked.ask(1, "soak", water_ml=4000, soak_s=60)
    after = (await asked.until(_done, 20)).readings["WaterMeter"]
    assert after.value - before.value == 4000
    await asked.close()


@_each("packing", "echo")
async def test_a_packer_packs_what_its_pot_sent(plant: PlantProcess, asked: Asked, name: str) -> None:
    pots = (place.profile for place in plant.site.machines.values() if place.packer == plant.place(name).id)
    pot = Asked(plant, next(pot for pot in pots if PROFILES[pot].handshake == "echo"))
    await pot.ask(1, "charge", **CHARGE)
    await pot.until(_done, 10)
    await pot.ask(2, "drain", to_packer=1)
    drained = await pot.until(lambda said: said.order == 2 and _done(said), 10)
    await pot.close()
    assert isinstance(await asked.ask(1, "pack", count=500, fill_ml=200), Accepted | Finished)
    packed = await asked.until(_done, 20)
    assert packed.order_value == packed.readings["Count"].value == drained.order_value // 200
    assert packed.readings["SealTemperature"].value == pytest.approx(135, abs=2)


# --- all of them


async def test_a_whole_fleet_is_read_and_a_silent_machine_hides_nobody(tmp_path: Path) -> None:
    with running_plant(tmp_path, speed=SPEED) as plant:
        await _hides_nobody(plant)


async def _hides_nobody(plant: PlantProcess) -> None:
    links: dict[str, LinkState] = {}
    faults: list[Exception] = []
    clock = PlantClock.open(plant.site.state, SPEED)
    fleet = Fleet(
        plant.site,
        PROFILES,
        clock,
        on_snapshot=lambda said: None,
        on_link=lambda machine, state, since_s: links.update({machine: state}),
        on_fault=lambda machine, error: faults.append(error),
    )
    task = asyncio.create_task(fleet.run())
    try:
        await fleet.first_reads(10)
        assert links == dict.fromkeys(plant.site.machines, LinkState.FRESH)
        charge = Order(1, "pot-modbus", "charge", "B-1", "charge", CHARGE, clock.now() + 3_600_000)
        assert isinstance(await fleet.order(charge, 1), Accepted | Finished)
        await plant.inflict("pot-opcua", "silent", 2)
        await asyncio.sleep(1.7)
        assert links["pot-opcua"] is LinkState.STALE
        assert fleet.link_state("pot-modbus")[0] is LinkState.FRESH
        await until(lambda: links["pot-opcua"] is LinkState.FRESH, 12)
        for name in plant.site.machines:
            said = fleet.latest(name)
            assert said is not None
            assert {reading.quality for reading in said.readings.values()} == {Quality.GOOD}, (name, said)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        clock.close()
    assert faults == []
