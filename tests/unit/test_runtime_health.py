"""Health: a loop that stands still ends the process, one that was only stopped does not; systemd hears what it asked for."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

from controller.model.alarm import Alarm, Priority
from controller.runtime import health, metrics
from controller.runtime.gauges import Gauges
from controller.runtime.health import Guard, Supervisor, watch_lag
from devices.model import Snapshot
from tests import pure_line
from tests.runtime_fakes import running_line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_loop_that_stands_still_ends_the_process() -> None:
    ended = threading.Event()
    with Guard(standstill_s=0.3, end=ended.set) as guard:
        lag = asyncio.create_task(watch_lag(guard))
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
        lag = asyncio.create_task(watch_lag(guard))
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
        latest = Snapshot(machine="pot-01", at=0, received_s=time.monotonic() - 7)
        gauges = Gauges(
            run.line,
            lambda machine: latest if machine == "pot-01" else None,
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
