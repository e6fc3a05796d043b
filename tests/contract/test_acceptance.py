"""`decoction probe --accept`: a machine shows with water that it may be given orders; without the word typed nothing is sent."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from devices.acceptance import Bench, checks
from devices.site import PlantClock
from tests.contract.plant_process import PROFILES, PlantProcess, running_plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED = 60
AT_THE_PANEL = {"panel": "panel", "panel-back": "clear", "reboot": "reboot"}


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PlantProcess]:
    with running_plant(tmp_path, speed=SPEED) as running:
        yield running


@pytest.mark.parametrize("name", ["pot-modbus-b", "pot-opcua"])
async def test_a_machine_that_keeps_its_word_passes_every_check(plant: PlantProcess, name: str) -> None:
    clock = PlantClock.open(plant.site.state, SPEED)
    bench = Bench(plant.site.machines[name], PROFILES[name], clock.now, SPEED)
    for check in checks(PROFILES[name]):
        if check.by_hand:
            await plant.inflict(name, AT_THE_PANEL[check.id])
        result = await bench.run(check)
        assert result.passed, result
    clock.close()
    decocts = [event for event in plant.events(name, "start") if event["step"].startswith("decoct")]
    assert len(decocts) <= 1, "the start whose answer was lost was not sent again"


async def test_a_machine_that_is_not_switched_to_manual_does_not_pass(
    plant: PlantProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.acceptance._PERSON_S", 1.0)
    clock = PlantClock.open(plant.site.state, SPEED)
    bench = Bench(plant.site.machines["pot-modbus"], PROFILES["pot-modbus"], clock.now, SPEED)
    by_hand = {check.id: check for check in checks(PROFILES["pot-modbus"]) if check.by_hand}
    assert not (await bench.run(by_hand["panel"])).passed
    assert not (await bench.run(by_hand["reboot"])).passed
    clock.close()


async def test_without_the_word_typed_nothing_is_sent(plant: PlantProcess) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "probe", "pot-modbus", "--accept", "--seconds", "1"),
        *("--config", str(plant.site.state.parent / "config.toml")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(b"yes\n"), 60)
    assert process.returncode == 1, said.decode()
    assert plant.events("pot-modbus", "start", "stop", "refused-epoch", "refused-duplicate") == []
