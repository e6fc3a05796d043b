"""Health: a loop that stands still ends the process, one that was only stopped does not; systemd hears what it asked for."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.model.alarm import Alarm, Priority
from controller.runtime import health, metrics
from controller.runtime.gauges import Gauges
from controller.runtime.health import Guard, Supervisor, keep_mastery, watch_lag
from controller.store import MasteryLost
from devices.model import Snapshot
from devices.poller import Tally
from tests import pure_line
from tests.runtime_fakes import running_line, until
from tests.unit.test_device_fleet import Watch, _pots


async def test_a_loop_that_stands_still_ends_the_process() -> None:
    ended = threading.Event()
    with Guard(standstill_s=0.3, end=ended.set) as guard:
        lag = asyncio.create_task(watch_lag(guard, lambda _lag_s: None))
        await asyncio.sleep(0.6)
        assert not ended.is_set()
        time.sleep(1.0)  # noqa: ASYNC251 - the loop is to stand still
        assert ended.is_set()
        lag.cancel()


def test_a_process_that_was_stopped_and_goes_on_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    jump_s = 0.0
    real = time.monotonic
    monkeypatch.setattr(health.time, "monotonic", lambda: real() + jump_s)
    with Guard(standstill_s=0.9, end=ended.set) as guard:
        jump_s = 120.0
        time.sleep(0.6)
        assert not ended.is_set()
        guard.beat()


async def test_lag_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with Guard() as guard:
        lag = asyncio.create_task(watch_lag(guard, lambda _lag_s: None))
        await asyncio.sleep(0.01)
        time.sleep(0.5)  # noqa: ASYNC251 - the loop is to be late
        await asyncio.sleep(0.01)
        assert metrics.LOOP_LAG._value.get() > 0.2
        lag.cancel()


async def test_the_watchdog_is_fed_while_every_machine_turns_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_MACHINE_S", 0.1)
    turns = {"pot-01": 0, "pot-02": 0}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        supervisor = Supervisor(str(tmp_path / "notify"), 0.02, lambda: turns)
        supervisor.say("READY=1")
        assert systemd.recv(100) == b"READY=1"
        task = asyncio.create_task(supervisor.run())
        for _ in range(10):
            await asyncio.sleep(0.02)
            turns = {machine: turn + 1 for machine, turn in turns.items()}
        assert _drained(systemd).count(b"WATCHDOG=1") >= 5
        for _ in range(15):
            await asyncio.sleep(0.02)
            turns["pot-01"] += 1
        _drained(systemd)
        for _ in range(5):
            await asyncio.sleep(0.02)
            turns["pot-01"] += 1
        assert _drained(systemd) == []
        task.cancel()


async def test_the_database_hears_from_its_master_until_it_has_another() -> None:
    @dataclass
    class Leased:
        lease_s: float
        kept: int = 0

        def keep_mastery(self) -> None:
            self.kept += 1
            if self.kept == 3:
                raise MasteryLost("line A is under epoch 2, not 1")

    leased, free = Leased(0.1), Leased(0)
    began_s = time.monotonic()
    with pytest.raises(MasteryLost):
        await asyncio.wait_for(keep_mastery(leased), 5)
    assert time.monotonic() - began_s < 10 * leased.lease_s
    await asyncio.wait_for(keep_mastery(free), 1)
    assert free.kept == 0


async def test_mastery_is_kept_while_every_shared_thread_reads_curves() -> None:
    read, kept = threading.Event(), threading.Event()

    class Leased:
        lease_s = 0.1

        def keep_mastery(self) -> None:
            kept.set()

    loop = asyncio.get_running_loop()
    readers = ThreadPoolExecutor(1)
    loop.set_default_executor(readers)
    busy = loop.run_in_executor(None, read.wait)
    keeping = asyncio.create_task(keep_mastery(Leased()))  # pyright: ignore[reportArgumentType] - all it needs of a store
    try:
        for _ in range(500):
            if kept.is_set():
                break
            await asyncio.sleep(0.01)
        assert kept.is_set()
    finally:
        read.set()
        await busy
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_without_systemd_nothing_is_sent_and_nothing_waits() -> None:
    supervisor = Supervisor("", 0.0, dict)
    supervisor.say("READY=1")
    await asyncio.wait_for(supervisor.run(), 1)


def _drained(systemd: socket.socket) -> list[bytes]:
    heard: list[bytes] = []
    while True:
        try:
            heard.append(systemd.recv(100))
        except BlockingIOError:
            return heard


class FleetSeen:
    """Three machines; one of them was read seven seconds ago."""

    def __init__(self) -> None:
        self.machines = {
            name: SimpleNamespace(id=name, profile=SimpleNamespace(protocol=protocol))
            for name, protocol in (("pot-01", "modbus"), ("pot-02", "modbus"), ("pot-03", "opcua"))
        }
        self._tallies = {name: Tally() for name in self.machines}
        for machine, took_s in (("pot-01", 0.002), ("pot-01", 0.2), ("pot-02", 0.0025), ("pot-02", 60.0)):
            self._tallies[machine].count(took_s)

    def latest(self, machine: str) -> Snapshot | None:
        return Snapshot(machine="pot-01", at=0, received_s=time.monotonic() - 7) if machine == "pot-01" else None

    def tally(self, machine: str) -> Tally:
        return self._tallies[machine]


async def test_the_metrics_tell_what_is_true_now(tmp_path: Path) -> None:
    pure = pure_line.PureLine.ready()
    pure.must(pure_line.i.ReceivePrescription(pure_line.prescription(), "0" * 64))
    alarm = Alarm("fault:pot-01", "fault", "pot-01", Priority.HIGH, pure.now)
    floor = pure.floor
    (tmp_path / "line.db").write_bytes(b"12345")
    async with running_line(floor=floor) as run:
        run.line.floor = type(floor)(
            **{name: getattr(floor, name) for name in ("cases", "machines")}, alarms=floor.alarms.set(alarm.id, alarm)
        )
        gauges = Gauges(
            run.line,
            FleetSeen(),
            [("decoct_journal_bytes", "Size", tmp_path / "line.db"), ("decoct_wal_bytes", "Size", tmp_path / "none")],
        )
        text = gauges.exposition().decode()
    assert 'decoct_orders{stage="in_review"} 1.0' in text
    assert 'decoct_device_up{machine="pot-01"} 1.0' in text
    assert 'decoct_alarms_active{priority="high"} 1.0' in text
    assert 'decoct_value_age_seconds{machine="pot-01"} 7' in text
    assert "decoct_journal_bytes 5.0" in text
    assert "decoct_wal_bytes" not in text
    assert "decoct_internal_errors_total" in text


async def test_the_reference_names_every_metric_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "line.db").write_bytes(b"12345")
    files = [(name, "Size", tmp_path / "line.db") for name in ("decoct_journal_bytes", "decoct_wal_bytes")]
    async with running_line() as run:
        text = Gauges(run.line, FleetSeen(), files).exposition().decode()
    served = {name for name in re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE) if not name.endswith("_created")}
    reference = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
    named = re.findall(r"`(decoct_\w+)`", reference.read_text(encoding="utf-8"))
    assert set(named) == served


async def test_polls_are_told_by_what_they_took_and_by_protocol() -> None:
    async with running_line() as run:
        lines = Gauges(run.line, FleetSeen(), []).exposition().decode().splitlines()
    polls = dict(line.rsplit(" ", 1) for line in lines if line.startswith("decoct_device_poll_seconds"))

    def under(bound: str, link: str = "modbus") -> float:
        return float(polls[f'decoct_device_poll_seconds_bucket{{le="{bound}",link="{link}"}}'])

    assert [under(bound) for bound in ("0.001", "0.0025", "0.1", "0.25", "5.0", "+Inf")] == [0, 2, 2, 3, 3, 4]
    assert float(polls['decoct_device_poll_seconds_sum{link="modbus"}']) == pytest.approx(60.2045)
    assert float(polls['decoct_device_poll_seconds_count{link="modbus"}']) == 4
    assert under("+Inf", "opcua") == 0
    assert not [line for line in polls if "pot-01" in line]


async def test_a_machine_that_answers_is_told_in_polls_that_take_less_than_a_period() -> None:
    watch = Watch(_pots(2))
    async with watch.running(), running_line() as run:
        await until(lambda: watch.fleet.tally("pot-00").polls + watch.fleet.tally("pot-01").polls >= 4)
        text = Gauges(run.line, watch.fleet, []).exposition().decode()
        took = [watch.fleet.tally(name) for name in watch.peers]
    assert all(sum(tally.took) == tally.polls for tally in took)
    assert 0 < sum(tally.took_s for tally in took) < 0.25 * sum(tally.polls for tally in took)
    assert 'decoct_device_poll_seconds_count{link="modbus"}' in text
