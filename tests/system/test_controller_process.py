"""The controller as a process: it gets ready without its machines, stops when told, and dies rather than go on undurable."""

from __future__ import annotations

import json
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from controller.config import load_config
from controller.demo.ports import free_ports
from tests.unit.test_config import GOOD, ROOT, written

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from controller.config import Config

RUN = """
import sys
from pathlib import Path
from controller.config import load_config
from controller.runtime.bootstrap import main
sys.exit(main(load_config(Path(sys.argv[1]))))
"""
PERSON = {"name": "测试药师09", "roles": ["pharmacist"]}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A site whose machines are all switched off."""
    (port,) = free_ports(1)
    (tmp_path / "stock.toml").write_text("lot = []\n", encoding="utf-8")
    return load_config(written(tmp_path, GOOD.replace("port = 8081", f"port = {port}")))


@contextmanager
def running(config: Config) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", RUN, str(config.path)], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def call(config: Config) -> httpx.Client:
    key = json.loads((config.site.state / "keys.json").read_text(encoding="utf-8"))["admin"]
    return httpx.Client(
        base_url=f"http://127.0.0.1:{config.port}", headers={"Authorization": f"Bearer {key}"}, timeout=5
    )


def wait_ready(config: Config, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.returncode
        try:
            if httpx.get(f"http://127.0.0.1:{config.port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("not ready")


def log_of(config: Config) -> list[dict[str, object]]:
    text = (config.site.state / "log" / "controller.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_gets_ready_without_its_machines_and_stops_when_told(config: Config) -> None:
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            assert client.post("/api/v1/people", json=PERSON).status_code == 200
            assert "decoct_commit_seconds_count" in client.get("/metrics").text
            before = client.get("/api/v1/line").json()["seq"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(3) == 0
    anchor = json.loads((config.site.state / "anchor.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert anchor["seq"] >= before
    assert [entry["event"] for entry in log_of(config)][-1] == "stopped"
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            assert client.get("/api/v1/line").json()["seq"] >= before
            assert PERSON["name"] in [person["name"] for person in client.get("/api/v1/people").json()]
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == 130


def test_what_was_answered_is_there_after_a_kill(config: Config) -> None:
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            badges = [client.post("/api/v1/people", json=PERSON).json()["badge"] for _ in range(3)]
        process.kill()
        process.wait()
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            assert set(badges) <= {person["badge"] for person in client.get("/api/v1/people").json()}


def test_a_line_that_lost_its_mastery_says_so_to_nobody_and_exits(config: Config) -> None:
    with running(config) as process:
        wait_ready(config, process)
        assert config.sqlite is not None
        with sqlite3.connect(config.sqlite, timeout=5) as other:
            other.execute("UPDATE line SET epoch = epoch + 1")
        other.close()
        with call(config) as client:
            answer = client.post("/api/v1/people", json=PERSON)
        assert answer.status_code == 503
        assert process.wait(5) == 1
    failed = next(entry for entry in log_of(config) if entry["event"] == "controller-failed")
    assert "MasteryLost" in json.dumps(failed)


def test_one_database_has_one_controller(config: Config) -> None:
    with running(config) as process:
        wait_ready(config, process)
        second = subprocess.run(
            [sys.executable, "-c", RUN, str(config.path)], cwd=ROOT, capture_output=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert b"MasteryTaken" in second.stderr
        assert httpx.get(f"http://127.0.0.1:{config.port}/readyz").status_code == 200


def test_a_database_that_could_not_be_written_is_an_alarm_of_the_next_controller(config: Config) -> None:
    assert config.sqlite is not None
    log = config.sqlite.with_name(f"{config.sqlite.name}-wal")
    with running(config) as process:
        wait_ready(config, process)
        most = log.stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))  # to this process the disk is full
        with call(config) as client, suppress(httpx.TransportError):
            for _ in range(2_000):
                if client.post("/api/v1/people", json=PERSON).status_code != 200:
                    break
        assert process.wait(30) == 1
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            (told,) = (alarm for alarm in client.get("/api/v1/alarms").json() if alarm["rule"] == "commit-failed")
        assert (told["state"], told["priority"], told["shelvable"]) == ("LATCH", "high", False)
        assert told["detail"] in told["text_en"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(3) == 0
    with running(config) as process:
        wait_ready(config, process)
        with call(config) as client:
            (again,) = (alarm for alarm in client.get("/api/v1/alarms").json() if alarm["rule"] == "commit-failed")
        assert again["recurrences"] == 0, "it is told once"
