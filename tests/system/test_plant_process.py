"""The simulated plant as a process of its own, over real Modbus TCP and OPC UA sockets."""

import asyncio
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from asyncua import Client, ua

from controller.demo.ports import free_ports

SPEED = 240
CHARGE, WATER, DECOCT, DRAIN, STOP = 1, 2, 3, 4, 9
EXECUTE, STOPPED, COMPLETE = 6, 2, 17
STATUS, COMMAND, HEARTBEAT = 9, 100, 90
BOIL = (300, 9950)
LOAD = (900, 100, 120)


def crc(data: bytes) -> int:
    """CRC-16/MODBUS, written again: the plant must not check itself."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


class Modbus:
    """A bare Modbus TCP master: one socket, one request at a time."""

    def __init__(self, port: int, timeout_s: float = 3.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._transaction = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        transaction = next(self._transaction)
        self._socket.sendall(struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu)
        header = self._take(7)
        assert struct.unpack(">HHHB", header) == (transaction, 0, struct.unpack(">H", header[4:6])[0], unit)
        return self._take(struct.unpack(">H", header[4:6])[0] - 1)

    def _take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("hung up")
            data += piece
        return data

    def read(self, address: int, count: int, unit: int = 1) -> bytes:
        said = self.ask(struct.pack(">BHH", 3, address, count), unit)
        assert said[:2] == bytes((3, 2 * count)), said
        return said[2:]

    def write(self, address: int, data: bytes, unit: int = 1) -> bytes:
        return self.ask(struct.pack(">BHHB", 16, address, len(data) // 2, len(data)) + data, unit)

    def state(self, unit: int = 1) -> tuple[int, int, int]:
        """Return state, order status and number of the last order."""
        words = struct.unpack(">5H", self.read(5, 5, unit))
        return words[0], words[4], struct.unpack(">I", self.read(12, 2, unit))[0]

    def order(
        self, number: int, verb: int, *parameters: int, unit: int = 1, batch: str = "B-1", step: str = "s"
    ) -> None:
        block = order_block(number, verb, parameters, batch, step)
        assert self.write(COMMAND, block, unit) == struct.pack(">BHH", 16, COMMAND, len(block) // 2)

    def until(self, *wanted: int, unit: int = 1, within_s: float = 20.0) -> None:
        """Wait until the machine's state is one of `wanted`."""
        wait_for(lambda: self.state(unit)[0] in wanted, within_s)


def order_block(number: int, verb: int, parameters: tuple[int, ...], batch: str, step: str, epoch: int = 1) -> bytes:
    padded = (*parameters, 0, 0, 0, 0)[:4]
    body = struct.pack(">IIH20s20s4I", epoch, number, verb, batch.encode(), step.encode(), *padded)
    return body + struct.pack(">HH", crc(body), 0xA55A)


def wait_for(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


class Plant:
    """A plant process over its own site folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pots, self.dry, self.kettle, self.packer = free_ports(4)
        (folder / "config.toml").write_text(f"""
            [site]
            name = "test"
            [clock]
            speed = {SPEED}
            [[machine]]
            id = "pot-01"
            kind = "decoction"
            profile = "pot-modbus"
            url = "modbus://127.0.0.1:{self.pots}/1"
            volume_ml = [800, 6000]
            packer = "pack-1"
            [[machine]]
            id = "soak-01"
            kind = "soaking"
            profile = "soak-modbus"
            url = "modbus://127.0.0.1:{self.pots}/2"
            [[machine]]
            id = "zone-1"
            kind = "storage"
            profile = "storage-modbus"
            url = "modbus://127.0.0.1:{self.dry}/1"
            [[machine]]
            id = "pot-02"
            kind = "decoction"
            profile = "pot-opcua"
            url = "opc.tcp://127.0.0.1:{self.kettle}"
            volume_ml = [800, 6000]
            packer = "pack-1"
            [[machine]]
            id = "pack-1"
            kind = "packing"
            profile = "packer-opcua"
            url = "opc.tcp://127.0.0.1:{self.packer}"
        """)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *extra: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "devices.plant", "--config", str(self.folder / "config.toml"), *extra]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, said = self.process.communicate(timeout=10)
            raise AssertionError(said.decode())
        return json.loads(line)

    def end(self, signum: int) -> tuple[int, str, float]:
        """Return exit code, what was said on stderr, and the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signum)
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said.decode(), time.monotonic() - began

    def log(self, machine: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"var/plant/{machine}.jsonl").read_text().splitlines()]

    def fault(self, machine: str, fault: str, value: float | None = None) -> None:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            folder = os.open(self.folder / "var/plant", os.O_RDONLY)
            control.connect(f"/proc/self/fd/{folder}/control.sock")
            os.close(folder)
            control.sendall(json.dumps({"machine": machine, "fault": fault, "value": value}).encode() + b"\n")
            assert json.loads(control.recv(4096)) == {"ok": True}


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    plant.start()
    yield plant
    assert plant.process is not None
    if plant.process.poll() is None:
        code, said, seconds = plant.end(signal.SIGTERM)
        assert (code, said) == (0, "")
        assert seconds < 2


# --- the process


def test_it_says_ready_once_and_ends_at_once_on_either_signal(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    for signum, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        ready = plant.start()
        assert plant.process is not None
        assert ready == {"event": "ready", "modbus": 3, "opcua": 2, "speed": SPEED, "pid": plant.process.pid}
        with Modbus(plant.pots) as master:
            master.read(0, 45)
            ended, said, seconds = plant.end(signum)
        assert (ended, said) == (code, "")
        assert seconds < 2


async def test_it_ends_in_silence_whatever_hangs_on_its_wires(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    plant.start()
    plant.fault("pot-02", "reply-lost", 1)
    plant.fault("pot-01", "slow", 60)
    with socket.socket(socket.AF_UNIX) as control, Modbus(plant.pots, timeout_s=0.2) as master:
        folder = os.open(tmp_path / "var/plant", os.O_RDONLY)
        control.connect(f"/proc/self/fd/{folder}/control.sock")
        os.close(folder)
        control.sendall(b'{"machine"')
        with pytest.raises(TimeoutError):
            master.read(0, 4)
        async with Ua(plant.kettle, timeout_s=0.3) as pot:
            with pytest.raises(TimeoutError):
                await pot.order(1, CHARGE, *LOAD)
            code, said, seconds = plant.end(signal.SIGTERM)
    assert (code, said) == (0, "")
    assert seconds < 2


def test_a_second_plant_in_the_same_folder_or_at_another_speed_is_refused_with_a_reason(plant: Plant) -> None:
    for extra, reason in (((), "already runs"), (("--speed", "7"), "speed 240")):
        second = Plant.__new__(Plant)
        second.folder = plant.folder
        with pytest.raises(AssertionError, match=reason):
            second.start(*extra)
        assert second.process is not None
        assert second.process.returncode == 1


def test_a_site_that_cannot_be_simulated_is_refused_with_the_machine_s_name(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    config = tmp_path / "config.toml"
    for wrong, right, reason in (
        ("modbus://0.0.0.0:1502/1", f"modbus://127.0.0.1:{plant.dry}/1", "zone-1: .*loopback"),
        ("modbus://127.0.0.1:1502/0", f"modbus://127.0.0.1:{plant.dry}/1", "zone-1: .*unit"),
        (f"modbus://127.0.0.1:{plant.pots}/1", f"modbus://127.0.0.1:{plant.dry}/1", "zone-1: .*pot-01"),
        ('profile = "soak-modbus"', 'profile = "storage-modbus"', "zone-1: .*soaking"),
        ('profile = "wooden-tub"', 'profile = "storage-modbus"', "wooden-tub"),
    ):
        whole = config.read_text()
        assert right in whole
        config.write_text(whole.replace(right, wrong))
        with pytest.raises(AssertionError, match=reason):
            plant.start()
        config.write_text(whole)


# --- Modbus


def test_a_batch_runs_over_modbus_and_a_kill_in_the_boil_is_told_truly(plant: Plant) -> None:
    with Modbus(plant.pots) as master:
        master.order(1, CHARGE, *LOAD, step="charge")
        master.until(COMPLETE)
        master.order(2, DECOCT, *BOIL, step="boil.1")
        wait_for(lambda: struct.unpack(">I", master.read(29, 2))[0] > 60)
    plant.end(signal.SIGKILL)
    plant.start()
    with Modbus(plant.pots) as master:
        assert master.state() == (STOPPED, 3, 2)
        assert struct.unpack(">H", master.read(4, 1))[0] == 2
        assert master.read(19, 10).rstrip(b"\0") == b"B-1"
        master.order(2, DECOCT, *BOIL, step="boil.1")
        assert struct.unpack(">IH", master.read(16, 3)) == (2, 2)
        master.order(3, DECOCT, *BOIL, step="boil.1.deficit.1")
        master.until(COMPLETE)
        assert struct.unpack(">I", master.read(29, 2))[0] == BOIL[0]
        master.order(4, DRAIN, 1, step="drain.1")
        master.until(COMPLETE)
    events = [(line["event"], line["step"], line["boot"]) for line in plant.log("pot-01")]
    assert events == [
        ("boot", "", 1),
        ("start", "charge", 1),
        ("end", "charge", 1),
        ("start", "boil.1", 1),
        ("heat-on", "boil.1", 1),
        ("boil-begin", "boil.1", 1),
        ("heat-off", "boil.1", 1),
        ("boot", "boil.1", 2),
        ("refused-duplicate", "boil.1", 2),
        ("start", "boil.1.deficit.1", 2),
        ("heat-on", "boil.1.deficit.1", 2),
        ("boil-begin", "boil.1.deficit.1", 2),
        ("boil-end", "boil.1.deficit.1", 2),
        ("heat-off", "boil.1.deficit.1", 2),
        ("end", "boil.1.deficit.1", 2),
        ("start", "drain.1", 2),
        ("drain", "drain.1", 2),
        ("end", "drain.1", 2),
    ]
    boil = {line["event"]: line["at"] for line in plant.log("pot-01") if line["step"] == "boil.1.deficit.1"}
    assert boil["boil-end"] - boil["boil-begin"] == BOIL[0] * 1000
    assert list(plant.log("pot-01")[0]) == ["at", "boot", "event", "step", "order", "epoch", "batch", "value"]


def test_one_read_is_of_one_instant_and_source_time_always_advances(plant: Plant) -> None:
    seen = []
    with Modbus(plant.pots) as master:
        for _ in range(50):
            data = master.read(0, 45)
            seen.append((struct.unpack(">Q", data[:8])[0], struct.unpack(">f", data[74:78])[0]))
            time.sleep(0.005)
    assert all(before[0] < after[0] and before[1] != after[1] for before, after in itertools.pairwise(seen))
    assert all(20 < celsius < 24 for _, celsius in seen)


def test_an_order_may_come_in_pieces_when_the_commit_word_is_last(plant: Plant) -> None:
    block = order_block(1, CHARGE, LOAD, "B-1", "charge")
    with Modbus(plant.pots) as master:
        master.write(COMMAND, block[:40])
        master.write(COMMAND + 20, block[40:-2])
        assert master.state() == (4, 0, 0)
        master.write(COMMAND + 34, block[-2:])
        assert master.state() == (EXECUTE, 1, 1)
        assert master.read(COMMAND, 35) == block[:-2] + b"\0\0"
        master.write(COMMAND + 34, block[-2:])
        assert struct.unpack(">IH", master.read(16, 3)) == (1, 2)
    assert [line["event"] for line in plant.log("pot-01")].count("start") == 1


def test_what_is_not_there_or_not_to_be_written_is_an_exception_of_the_standard(plant: Plant) -> None:
    read, write = (lambda at, n: struct.pack(">BHH", 3, at, n)), (lambda at: struct.pack(">BHHBH", 16, at, 1, 2, 1))
    with Modbus(plant.pots) as master:
        for pdu in (read(45, 1), read(40, 10), read(99, 2), read(134, 2), read(60000, 1), write(5), write(200)):
            assert master.ask(pdu) == bytes((pdu[0] | 0x80, 2)), pdu.hex()
        for function in (1, 6):
            assert master.ask(struct.pack(">BHH", function, HEARTBEAT, 1)) == bytes((function | 0x80, 1))
        assert master.write(HEARTBEAT, b"\0\7") == struct.pack(">BHH", 16, HEARTBEAT, 1)
        assert master.read(HEARTBEAT, 1) == b"\0\7"
        for pdu in (read(0, 4), write(HEARTBEAT)):
            assert master.ask(pdu, unit=9) == bytes((pdu[0] | 0x80, 0x0B))
        assert master.read(0, 4, unit=2)


def test_modbus_faults_come_and_go(plant: Plant) -> None:
    with Modbus(plant.pots, timeout_s=0.4) as master:
        plant.fault("pot-01", "silent")
        with pytest.raises(TimeoutError):
            master.read(0, 4)
    with Modbus(plant.pots, timeout_s=0.4) as master:
        assert master.read(0, 4, unit=2)
        with pytest.raises(TimeoutError):
            master.order(1, CHARGE, *LOAD)
    plant.fault("*", "clear")
    with Modbus(plant.pots) as master:
        assert master.state() == (4, 0, 0)
        plant.fault("pot-01", "slow", 0.3)
        began = time.monotonic()
        master.read(0, 4)
        assert 0.3 <= time.monotonic() - began < 1.5
        plant.fault("pot-01", "clear")
        plant.fault("zone-1", "refuse")
        with pytest.raises(ConnectionError), Modbus(plant.dry) as refused:
            refused.read(0, 4)
        plant.fault("zone-1", "clear")
        with Modbus(plant.dry) as again:
            assert again.read(0, 13)


def test_an_order_whose_reply_is_lost_has_acted_once(plant: Plant) -> None:
    plant.fault("pot-01", "reply-lost", 1)
    with Modbus(plant.pots, timeout_s=0.4) as master, pytest.raises(TimeoutError):
        master.order(1, CHARGE, *LOAD)
    with Modbus(plant.pots) as master:
        assert master.state()[2] == 1
        master.order(1, CHARGE, *LOAD)
        master.until(COMPLETE)
    assert sorted(line["event"] for line in plant.log("pot-01")) == ["boot", "end", "refused-duplicate", "start"]


# --- OPC UA


class Ua:
    """A client of one machine."""

    def __init__(self, port: int, timeout_s: float = 3.0) -> None:
        self.client = Client(f"opc.tcp://127.0.0.1:{port}", timeout=timeout_s)
        self.space = 0

    async def __aenter__(self) -> Self:
        await self.client.connect()
        self.space = await self.client.get_namespace_index("urn:decoction:machine")
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(Exception):
            await asyncio.wait_for(self.client.disconnect(), 2)

    def node(self, name: str) -> Any:
        return self.client.get_node(ua.NodeId(name, self.space))

    async def value(self, tag: str) -> Any:
        return await self.node(f"Machine.{tag}").read_value()

    async def order(self, number: int, verb: int, *parameters: int, step: str = "s", spoil: int = 0) -> int:
        body = order_block(number, verb, parameters, "B-1", step)[:-4]
        whole, short, text = ua.VariantType.UInt32, ua.VariantType.UInt16, ua.VariantType.String
        given = [(1, whole), (number, whole), (verb, short), ("B-1", text), (step, text)]
        given += [(value, whole) for value in (*parameters, 0, 0, 0, 0)[:4]] + [(crc(body) ^ spoil, short)]
        arguments = [ua.Variant(value, kind) for value, kind in given]
        return await self.node("Machine").call_method(ua.NodeId("Machine.PlaceOrder", self.space), *arguments)

    async def until(self, state: int, within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while await self.value("StateCurrent") != state:  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.02)


async def test_a_batch_runs_over_opc_ua_into_the_packer(plant: Plant) -> None:
    async with Ua(plant.kettle) as pot, Ua(plant.packer) as packer:
        assert await pot.order(1, CHARGE, *LOAD, step="charge", spoil=1) == 4
        assert await pot.order(1, CHARGE, *LOAD, step="charge") == 0
        await pot.until(COMPLETE)
        assert await pot.order(1, CHARGE, *LOAD, step="charge") == 2
        assert await pot.order(2, DECOCT, *BOIL, step="boil.1") == 0
        await pot.until(COMPLETE)
        assert await pot.value("BoilSeconds") == await pot.value("OrderValue") == BOIL[0]
        assert await pot.value("BatchTag") == "B-1"
        assert await pot.order(3, DRAIN, 1, step="drain.1") == 0
        await pot.until(COMPLETE)
        drained_ml = await pot.value("OrderValue")
        assert await packer.order(1, 1, 20, 200, step="pack") == 0
        await packer.until(COMPLETE)
        assert await packer.value("Count") == drained_ml // 200
    assert [line["event"] for line in plant.log("pack-1")] == ["boot", "start", "pack", "end"]


async def test_opc_ua_values_carry_one_plant_time_and_reach_subscribers(plant: Plant) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    class Ear:
        def datachange_notification(self, node: object, val: object, data: Any) -> None:
            heard.put_nowait(data.monitored_item.Value)

    async with Ua(plant.kettle) as pot:
        nodes = [pot.node(f"Machine.{tag}") for tag in ("ActualTemperature", "Level", "StateCurrent", "BoilBegan")]
        first = await pot.client.read_attributes(nodes)
        second = await pot.client.read_attributes(nodes)
        with Modbus(plant.pots) as master:
            plant_ms = struct.unpack(">Q", master.read(0, 4))[0]
        stamps = [{value.SourceTimestamp for value in values} for values in (first, second)]
        assert [len(each) for each in stamps] == [1, 1]
        (before,), (after,) = stamps
        assert before < after
        assert 0 <= plant_ms / 1000 - after.replace(tzinfo=UTC).timestamp() < SPEED
        assert before.replace(tzinfo=UTC) > datetime(2020, 1, 1, tzinfo=UTC)
        subscription = await pot.client.create_subscription(100, Ear())
        await subscription.subscribe_data_change(nodes[0])
        async with asyncio.timeout(5):
            values = [await heard.get() for _ in range(3)]
        assert values[1].SourceTimestamp < values[2].SourceTimestamp
        await subscription.delete()


async def test_only_the_heartbeat_can_be_written_and_orders_need_their_types(plant: Plant) -> None:
    async with Ua(plant.kettle) as pot:
        await pot.node("Machine.Heartbeat").write_value(ua.Variant(7, ua.VariantType.UInt16))
        assert await pot.value("Heartbeat") == 7
        for tag, value in (
            ("Order", ua.Variant(7, ua.VariantType.UInt32)),
            ("Level", ua.Variant(1.0, ua.VariantType.Float)),
        ):
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await pot.node(f"Machine.{tag}").write_value(value)
        method = ua.NodeId("Machine.PlaceOrder", pot.space)
        with pytest.raises(ua.uaerrors.BadArgumentsMissing):
            await pot.node("Machine").call_method(method, ua.Variant(1, ua.VariantType.UInt32))
        with pytest.raises(ua.uaerrors.BadInvalidArgument):
            await pot.node("Machine").call_method(method, *[ua.Variant(1, ua.VariantType.UInt32)] * 10)
        assert await pot.value("Order") == 0


async def test_opc_ua_faults_come_and_go(plant: Plant) -> None:
    async with Ua(plant.kettle, timeout_s=0.5) as pot:
        plant.fault("pot-02", "sensor")
        bad = await pot.node("Machine.ActualTemperature").read_data_value(raise_on_bad_status=False)
        assert not bad.StatusCode.is_good()
        plant.fault("pot-02", "clear")
        assert 20 < await pot.value("ActualTemperature") < 24
        plant.fault("pot-02", "silent", 1.5)
        with pytest.raises(TimeoutError):
            await pot.value("Level")
    with pytest.raises(TimeoutError):
        async with Ua(plant.kettle, timeout_s=0.3):
            pass
    plant.fault("pot-02", "refuse")
    with pytest.raises((ConnectionError, TimeoutError)):
        async with Ua(plant.kettle, timeout_s=0.5):
            pass
    plant.fault("pot-02", "clear")
    async with Ua(plant.kettle, timeout_s=0.5) as pot:
        plant.fault("pot-02", "reply-lost", 1)
        with pytest.raises(TimeoutError):
            await pot.order(1, CHARGE, *LOAD)
    async with Ua(plant.kettle) as pot:
        assert await pot.value("Order") == 1
        assert await pot.order(1, CHARGE, *LOAD) == 2
