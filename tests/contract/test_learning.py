"""`decoction probe --learn`: machines of the plant with their tables withheld, and a server that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from devices import codec
from devices.inspection import inspect
from devices.learning import findings
from devices.learning.draft import Found, lacks, written
from devices.learning.record import Act, Place, Record, Sweep, View
from devices.learning.source import ModbusSource
from devices.links import open_link
from devices.model import Mode, Order, State
from devices.profile import load_profile_file
from tests.conformance.servers import LibmodbusPeer
from tests.contract.modbus_peer import ModbusPeer
from tests.contract.plant_process import PROFILES, PlantProcess, running_plant
from tests.contract.words import place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from devices.profile import Profile

SPEED = 60
SECONDS = 4


@dataclass
class Talk:
    """The person at the machine: types the name of an act, then does it."""

    plant: PlantProcess
    name: str
    number: int = 0

    async def does(self, act: str) -> None:
        match act:
            case "fill":
                await self._presses("charge", load_ml=3000, herb_g=200, absorb_ml=300)
            case "boil":
                await self._presses("decoct", hold_s=3000, boil_centi_c=9950)
            case "stop":
                await self._presses("stop")
            case _:
                await self.plant.inflict(self.name, "panel")

    async def _presses(self, verb: str, **parameters: int) -> None:
        self.number += 1
        profile = PROFILES[self.name]
        link = open_link(self.plant.site.machines[self.name], profile)
        await link.connect()
        order = Order(self.number, self.name, verb, "B-1", f"{verb}.1", parameters, 0)
        await link.command(codec.command_values(profile, order, 1))
        await link.close()


async def learnt(plant: PlantProcess, name: str, acts: list[str], *more: str) -> tuple[int, str, Path]:
    """Let the command learn machine `name`; return its exit code, what it said, and the draft."""
    config = plant.site.state.parent / "config.toml"
    draft = config.with_name(f"pot-unknown-{name}.toml")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "probe", name, "--config", str(config), "--locale", "en"),
        *("--learn", "--out", str(draft), "--seconds", str(SECONDS), *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said, waiting, person = "", list(acts), Talk(plant, name)
    act = ""
    async with asyncio.timeout(240):
        while line := (await process.stdout.readline()).decode():
            said += line
            if line.startswith("name of the next action"):
                act = waiting.pop(0) if waiting else ""
                process.stdin.write(f"{act}\n".encode())
            elif line.startswith(">>>"):
                await person.does(act)
        return await process.wait(), said, draft


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PlantProcess]:
    with running_plant(tmp_path, speed=SPEED) as running:
        yield running


async def _inspected(plant: PlantProcess, name: str, profile: Profile) -> dict[str, float]:
    site = plant.site.machines[name]
    found = await inspect(site, profile, now=lambda: 0, speed=SPEED, seconds=1)
    assert found.snapshot is not None, found
    said = {"StateCurrent": found.snapshot.state, "UnitModeCurrent": found.snapshot.mode}
    return {**said, **{name: reading.value for name, reading in found.snapshot.readings.items()}}


async def test_a_pot_with_swapped_floats_and_codes_of_its_own_is_learnt(plant: PlantProcess) -> None:
    name = "pot-modbus-b"
    code, said, draft = await learnt(plant, name, ["fill", "boil", "stop", "boil", "manual"], "--addresses", "990-1119")
    assert code == 0, said
    profile, truth = load_profile_file(draft), PROFILES[name]
    for tag in ("SourceTime", "StateCurrent", "UnitModeCurrent", "ActualTemperature"):
        ours, theirs = profile.tags[tag], truth.tags[tag]
        assert (ours.address, ours.type, ours.scale) == (theirs.address, theirs.type, theirs.scale), draft.read_text()
    assert profile.tags["ActualTemperature"].word_order == profile.tags["SourceTime"].word_order == "little"
    for code, word in profile.tags["StateCurrent"].codes.items():
        assert truth.tags["StateCurrent"].codes[code] == word
    assert profile.handshake == "read-only"
    assert (profile.readiness.monitor, profile.readiness.command) == ("todo", "todo")
    shown = await _inspected(plant, name, profile)
    assert (shown["StateCurrent"], shown["UnitModeCurrent"]) == (State.STOPPED, Mode.MANUAL)
    assert 15 < shown["ActualTemperature"] < 101


async def test_a_pot_with_tenths_and_bits_is_learnt(plant: PlantProcess) -> None:
    name = "pot-modbus-c"
    code, said, draft = await learnt(plant, name, ["fill", "boil", "stop", "boil"], "--addresses", "0-119")
    assert code == 0, said
    profile, truth = load_profile_file(draft), PROFILES[name]
    for tag in ("SourceTime", "ActualTemperature"):
        ours, theirs = profile.tags[tag], truth.tags[tag]
        assert (ours.address, ours.scale) == (theirs.address, theirs.scale), draft.read_text()
    status = truth.tags["StateCurrent"].address
    assert f"holding {status}" in said + draft.read_text()
    assert 15 < (await _inspected(plant, name, profile))["ActualTemperature"] < 101


async def test_a_pot_over_opc_ua_is_learnt_by_browsing(plant: PlantProcess) -> None:
    name = "pot-opcua"
    code, said, draft = await learnt(plant, name, ["fill", "boil"])
    assert code == 0, said
    profile, truth = load_profile_file(draft), PROFILES[name]
    assert profile.opcua is not None
    assert truth.opcua is not None
    assert profile.opcua.namespace == truth.opcua.namespace
    assert profile.tags["ActualTemperature"].node == truth.tags["ActualTemperature"].node
    assert truth.tags["StateCurrent"].node in draft.read_text()
    link = open_link(plant.site.machines[name], profile)
    await link.connect()
    assert 15 < float((await link.read()).values[0] or 0) < 101
    await link.close()


async def test_a_draft_that_is_there_already_is_kept(plant: PlantProcess) -> None:
    config = plant.site.state.parent / "config.toml"
    config.with_name("pot-unknown-pot-modbus-b.toml").write_text("mine", encoding="utf-8")
    code, _, draft = await learnt(plant, "pot-modbus-b", [])
    assert code == 1
    assert draft.read_text(encoding="utf-8") == "mine"


# --- what answers, and what it means


@pytest.fixture
async def peer() -> AsyncIterator[ModbusPeer]:
    made = ModbusPeer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server made for a test needs no rest between hundreds of questions, as old machines do."""
    monkeypatch.setattr("devices.learning.source.GAP_S", 0.0)


@pytest.mark.usefixtures("without_a_pause")
async def test_blocks_are_split_until_every_register_that_there_is_was_found(peer: ModbusPeer) -> None:
    there = {3, 4, 5, 40, 77, *range(130, 260)}
    peer.illegal = set(range(400)) - there
    peer.most = 60
    source = ModbusSource(place(url=f"modbus://127.0.0.1:{peer.port}/1"), [(0, 299)])
    said: list[str] = []
    await source.find(said.append)
    found = {at for run in source.runs if run.table == "holding" for at in range(run.address, run.address + run.count)}
    assert found == there
    assert said[0] == "holding: 3-5, 40-40, 77-77, 130-259"
    assert all(request[7] in {1, 2, 3, 4} for request in peer.requests), "only reads"


T0 = 1_795_000_000.0


def sweeps(count: int, values: Callable[[float], dict[int, int]], start: float = T0) -> list[Sweep]:
    """One sweep a second of registers that go by `values(at_s)`."""
    return [
        Sweep(start + at, {Place("holding", key): value for key, value in values(start + at).items()})
        for at in range(count)
    ]


def _words(kind: str, value: float, *, little: bool = False) -> list[int]:
    words = list(struct.unpack(f">{struct.calcsize(kind) // 2}H", struct.pack(f">{kind}", value)))
    return words[::-1] if little else words


@pytest.mark.parametrize("little", [False, True])
@pytest.mark.parametrize(("kind", "per_s", "unit"), [("I", 1, "s"), ("Q", 1000, "ms")])
def test_a_clock_is_found_in_either_word_order(kind: str, per_s: int, unit: str, little: bool) -> None:
    quiet = sweeps(20, lambda at: dict(enumerate(_words(kind, int(at * per_s), little=little), 7)))
    best = findings.clocks(Record(quiet))[0]
    assert (best.view.place.address, best.unit, best.sure) == (7, unit, findings.Sure.HIGH)
    assert best.view.word_order == ("little" if little else "big")


def test_a_counter_of_seconds_that_is_no_time_of_day_is_no_sure_clock() -> None:
    quiet = sweeps(20, lambda at: dict(enumerate(_words("I", int(at - T0 + 500)), 7)))
    assert {guess.sure for guess in findings.clocks(Record(quiet))} == {findings.Sure.LOW}


def test_noise_and_a_level_are_no_clock() -> None:
    quiet = sweeps(20, lambda at: {1: 100 + int(at) * 7 % 13, 2: 5000})
    assert findings.clocks(Record(quiet)) == []


def test_a_thermometer_in_tenths_is_told_from_a_level_that_moves() -> None:
    def said(at: float) -> dict[int, int]:
        warm = 200 + 10 * max(0.0, at - T0 - 20) + at % 3
        return {4: int(warm), 9: 30_000 + int(at) % 5}

    quiet = sweeps(20, said)
    record = Record(quiet, [Act("boil", quiet[-1], sweeps(40, said, T0 + 20))])
    best = findings.temperatures(record, [])[0]
    assert (best.view, best.sure) == (View(Place("holding", 4), "i16", scale=0.1), findings.Sure.HIGH)
    assert all(guess.view.place.address != 9 for guess in findings.temperatures(record, []))


def test_a_register_that_took_many_values_is_told_by_its_first_ones_and_its_last() -> None:
    assert findings.path([4, 5]) == "4 -> 5"
    assert findings.path(range(9)) == "0 -> 1 -> 2 -> ... -> 8"


def test_without_a_clock_the_draft_says_that_it_does_not_load() -> None:
    found = Found(id="pot-x", kind="decoction", protocol="modbus", url="modbus://h:1/1", max_block=9, nodes={})
    assert lacks(found) == ["SourceTime"]
    assert "No register moved as a thermometer does" in written(found)


# --- a server that is not ours


@pytest.mark.usefixtures("without_a_pause")
async def test_a_machine_behind_libmodbus_is_learnt_and_read_by_its_draft(libmodbus: Path, tmp_path: Path) -> None:
    """Clock, thermometer and state of a maker that is in no table of ours, moved by hand behind a server that is not ours."""
    server = LibmodbusPeer(libmodbus)
    await server.start()
    running, heat = 0, 21.0

    async def lives() -> None:
        nonlocal heat
        began_s = time.monotonic()
        while True:
            passed_s = time.monotonic() - began_s
            server.put(210, _words("I", int(T0 + passed_s), little=True))
            heat += 0.1 * running
            server.put(220, _words("f", heat + passed_s * 7 % 3 / 50, little=True))
            server.put(230, [5 if running else 4])
            await asyncio.sleep(0.05)

    life = asyncio.create_task(lives())
    began_s = time.monotonic()

    def now() -> int:
        return int(1000 * (T0 + time.monotonic() - began_s))

    site = place(url=f"modbus://127.0.0.1:{server.port}/1")
    source = ModbusSource(site, [(0, 299)])
    try:
        await source.find(lambda line: None)
        record = Record(await source.watch(5, now))
        running = 1
        record.acts.append(Act("start", record.last, await source.watch(5, now)))
        running = 0
        clocks = findings.clocks(record)
        hands = findings.hands(record)
        state, mode = findings.state_and_mode(hands)
        found = Found(
            id="pot-elsewhere",
            kind="decoction",
            protocol="modbus",
            url=site.url,
            max_block=100,
            gap_ms=10,
            nodes={},
            clocks=clocks,
            temperatures=findings.temperatures(record, [guess.view for guess in clocks]),
            state=state,
            mode=mode,
            hands=hands,
        )
        draft = tmp_path / "pot-elsewhere.toml"
        draft.write_text(written(found), encoding="utf-8")
        profile = load_profile_file(draft)
        assert profile.tags["SourceTime"].address == 210, draft.read_text()
        assert profile.tags["ActualTemperature"].address == 220
        assert profile.tags["StateCurrent"].address == 230
        looked = await inspect(site, profile, now=now, speed=1, seconds=2)
        assert looked.broken == [], looked
        assert looked.snapshot is not None
        assert looked.snapshot.state is State.IDLE
        assert math.isclose(looked.snapshot.readings["ActualTemperature"].value, heat, abs_tol=0.1)
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
        await server.stop()
