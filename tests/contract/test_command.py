"""What a machine does when it is asked, against the simulated plant over both wires. Level `command` of the conformance suite."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from devices import codec
from devices.fleet import Fleet
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
)
from devices.profile import all_profiles, load_profile
from devices.site import PlantClock
from tests.contract.plant_process import PlantProcess, running_plant
from tests.contract.words import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SPEED = 240
POTS = pytest.mark.parametrize("name", ["pot-m", "pot-o"])
CHARGE = {"load_ml": 3000, "herb_g": 200, "absorb_ml": 300}


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[PlantProcess]:
    async with running_plant(tmp_path, speed=SPEED) as running:
        yield running


class Asked:
    """One machine of the plant, asked through its driver."""

    def __init__(self, plant: PlantProcess, name: str) -> None:
        self.name = name
        self.clock = PlantClock.open(plant.site.state, SPEED)
        place = plant.site.machines[name]
        profile = load_profile(place.profile)
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


async def test_a_whole_fleet_is_read_and_a_silent_machine_hides_nobody(plant: PlantProcess) -> None:
    links: dict[str, LinkState] = {}
    faults: list[Exception] = []
    clock = PlantClock.open(plant.site.state, SPEED)
    fleet = Fleet(
        plant.site,
        all_profiles(),
        clock,
        on_snapshot=lambda said: None,
        on_link=lambda machine, state, since_s: links.update({machine: state}),
        on_fault=lambda machine, error: faults.append(error),
    )
    task = asyncio.create_task(fleet.run())
    try:
        await fleet.first_reads(10)
        assert links == dict.fromkeys(plant.site.machines, LinkState.FRESH)
        charge = Order(1, "pot-m", "charge", "B-1", "charge", CHARGE, clock.now() + 3_600_000)
        assert isinstance(await fleet.order(charge, 1), Accepted | Finished)
        await plant.inflict("pot-o", "silent", 2)
        await asyncio.sleep(1.7)
        assert links["pot-o"] is LinkState.STALE
        assert fleet.link_state("pot-m")[0] is LinkState.FRESH
        await until(lambda: links["pot-o"] is LinkState.FRESH, 12)
        for name in plant.site.machines:
            said = fleet.latest(name)
            assert said is not None
            assert {reading.quality for reading in said.readings.values()} == {Quality.GOOD}, (name, said)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        clock.close()
    assert faults == []
