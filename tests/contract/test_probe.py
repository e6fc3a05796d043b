"""`decoction probe`: what it says of a machine that keeps its promises, of one that does not, and of one that is not there."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.demo.ports import free_ports
from devices.inspection import Inspection, inspect
from devices.links import open_link
from devices.model import State
from tests.contract.plant_process import PROFILES, running_plant
from tests.contract.rigs import ModbusRig
from tests.contract.words import place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.contract.plant_process import PlantProcess
    from tests.contract.rigs import Rig, WireRig

SPEED = 20


async def look(rig: Rig, *, seconds: float = 0.3, url: str = "") -> Inspection:
    port = rig.proxy.port if isinstance(rig, ModbusRig) else 0
    site = place(rig.profile.id, url or f"modbus://127.0.0.1:{port}/1")
    return await inspect(site, rig.profile, now=lambda: rig.at, speed=SPEED, seconds=seconds)


def broken(found: Inspection) -> dict[str, dict[str, object]]:
    return {one.rule: dict(one.facts) for one in found.broken}


@pytest.fixture
async def live(modbus: ModbusRig) -> AsyncIterator[ModbusRig]:
    """A machine whose time goes on."""

    async def go_on() -> None:
        n = 0
        while True:
            n += 1
            modbus.at += 1000
            modbus.say(ActualTemperature=60.0 + n % 7 / 50)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(go_on())
    yield modbus
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_machine_that_keeps_its_promises_breaks_none_and_is_never_written_to(live: ModbusRig) -> None:
    found = await look(live, seconds=1)
    assert found.broken == []
    assert found.surveys > 2
    assert found.snapshot is not None
    assert {row.tag.name for row in found.rows} == {tag.name for tag in live.profile.scanned}
    assert 0 <= found.median_s <= found.longest_s < 1
    assert 0 <= found.smallest_gap_s < 0.25
    assert {request[7] for request in live.peer.requests} == {3}, "only reads"


async def test_the_raw_words_stand_beside_what_they_mean(live: ModbusRig) -> None:
    live.say(StateCurrent=State.EXECUTE, Level=1.5)
    rows = {row.tag.name: row for row in (await look(live)).rows}
    assert (rows["StateCurrent"].raw, rows["StateCurrent"].value) == ("0006", State.EXECUTE)
    assert (rows["Level"].raw, rows["Level"].value) == ("3FC0 0000", 1.5)


async def test_a_register_that_is_refused_is_named_and_the_others_are_read(live: ModbusRig) -> None:
    live.peer.illegal.add(live.profile.tags["Level"].address or 0)
    said = broken(found := await look(live))
    assert said["unreadable"] == {"tag": "Level", "why": "illegal-address", "raw": ""}
    assert said["block-split"]["code"] == 2
    assert all(row.value is not None for row in found.rows if row.tag.name != "Level")


async def test_a_code_that_the_table_does_not_know_is_named_and_hides_nothing_else() -> None:
    rig = ModbusRig("pot-modbus-b")
    await rig.start()
    rig.peer.put(1002, [7])
    found = await look(rig)
    await rig.stop()
    assert broken(found)["senseless"]["tag"] == "StateCurrent"
    assert broken(found)["senseless"]["raw"] == "0007"
    values = {row.tag.name: row.value for row in found.rows}
    assert values["StateCurrent"] is None
    assert values["ActualTemperature"] is not None
    assert found.snapshot is None


async def test_a_time_that_stands_still_and_one_that_is_off_are_told(modbus: ModbusRig) -> None:
    said = broken(await look(modbus, seconds=1.5))
    assert "clock-still" in said
    modbus.at += 3_600_000
    assert broken(await look(modbus))["drift"]["seconds"] == -3600


async def test_a_reading_out_of_its_range_is_not_believed(live: ModbusRig) -> None:
    live.say(Level=70000.0)
    assert broken(await look(live))["doubtful"]["why"] == "out-of-range"


async def test_a_machine_with_one_connection_that_somebody_has_is_told_from_one_that_is_off(modbus: ModbusRig) -> None:
    direct = f"modbus://127.0.0.1:{modbus.peer.port}/1"
    modbus.peer.one_guest = True
    holder = open_link(place(modbus.profile.id, direct), modbus.profile)
    await holder.connect()
    await holder.read()
    assert list(broken(await look(modbus, url=direct))) == ["hung-up"]
    await holder.close()
    await modbus.switch_off()
    assert list(broken(await look(modbus))) == ["unreachable"]


async def test_a_silent_machine_ends_the_look_in_time(wire: WireRig) -> None:
    wire.silence(on=True)
    url = wire.scheme.format(port=wire.proxy.port)
    async with asyncio.timeout(30):
        found = await inspect(place(wire.profile.id, url), wire.profile, now=lambda: wire.at, speed=SPEED, seconds=0.1)
    assert list(broken(found)) == ["unreachable"] or list(broken(found)) == ["distrusted"]


# --- the command, against the plant over both wires


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PlantProcess]:
    with running_plant(tmp_path, speed=SPEED) as running:
        yield running


async def decoction(plant: PlantProcess, *arguments: str) -> tuple[int, str]:
    config = str(plant.site.state.parent / "config.toml")
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--config", config])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


async def test_every_machine_of_the_plant_keeps_its_promises(plant: PlantProcess) -> None:
    for name, profile in PROFILES.items():
        code, said = await decoction(plant, "probe", name, "--seconds", "1")
        assert code == 0, said
        assert "说到做到" in said
        assert all(tag.name in said for tag in profile.scanned)


async def test_the_same_is_told_in_english(plant: PlantProcess) -> None:
    code, said = await decoction(plant, "probe", "pot-opcua", "--seconds", "1", "--locale", "en")
    assert code == 0
    assert "waiver opcua-none" in said
    assert "does all that its profile promises" in said
    assert not any("\u4e00" <= character <= "\u9fff" for character in said)


async def test_a_machine_that_is_off_ends_with_1_and_an_unknown_one_with_2(plant: PlantProcess) -> None:
    await plant.inflict("pot-modbus", "refuse")
    code, said = await decoction(plant, "probe", "pot-modbus", "--seconds", "1")
    assert (code, "未做到的承诺" in said) == (1, True)
    code, said = await decoction(plant, "probe", "pot-99")
    assert code == 2
    assert "pot-modbus" in said


async def test_ctrl_c_ends_a_look_with_130_and_no_traceback(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    config = tmp_path / "config.toml"
    row = {"id": "pot-1", "kind": "decoction", "profile": "pot-modbus", "url": f"modbus://127.0.0.1:{port}/1"}
    config.write_text("[[machine]]\n" + "\n".join(f'{key} = "{value}"' for key, value in row.items()), encoding="utf-8")
    silent = socket.create_server(("127.0.0.1", port))
    silent.setblocking(False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "probe", "pot-1", "--config", str(config), "--seconds", "60"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    guest, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(silent), 60)
    process.send_signal(signal.SIGINT)
    said = await asyncio.wait_for(process.communicate(), 30)
    guest.close()
    silent.close()
    assert process.returncode == 130
    assert b"Traceback" not in b"".join(said)
