"""How the parts of a site end: Ctrl-C with 130, SIGTERM with 0, no traceback; what keeps one from starting is told in words."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts

if TYPE_CHECKING:
    from collections.abc import Generator

COUNTS = Counts(pots_modbus=1, pots_opcua=1, soaks=1, packers=1)
PATIENCE_S = 60.0
AT_WORK = {"run": "ready: http://", "plant": '"event": "ready"', "staff": "waiting for"}
"""What each part has said once it is at work; staff wait for the first run."""
STARTING = {
    "run": ("controller", "_pydantic_core"),
    "plant": ("devices.plant", "_rust"),
    "staff": ("controller.staff", "_decimal"),
}
"""The module that each part is in the end, and a library that it loads early in what takes it so long to start."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=240, counts=COUNTS)


@contextmanager
def started(config: Path, name: str) -> Generator[tuple[subprocess.Popen[bytes], Path]]:
    """A part of the site, and the file of what it says."""
    said = config.with_name(f"{name}.txt")
    with said.open("wb") as log:
        command = [sys.executable, "-m", "controller", name, "--config", str(config)]
        process = subprocess.Popen(command, cwd=config.parent, stdout=log, stderr=log)
    try:
        yield process, said
    finally:
        process.kill()
        process.wait()


def at_work(process: subprocess.Popen[bytes], said: Path, words: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while words not in said.read_text(encoding="utf-8"):
        assert process.poll() is None, said.read_text(encoding="utf-8")
        assert time.monotonic() < deadline_s, said.read_text(encoding="utf-8")
        time.sleep(0.05)


def starting(process: subprocess.Popen[bytes], name: str) -> None:
    """Wait until a part loads its libraries: before, there is only an interpreter, which ends in its own way."""
    place, (module, library) = Path("/proc") / str(process.pid), STARTING[name]
    deadline_s = time.monotonic() + PATIENCE_S
    while module not in (place / "cmdline").read_text().split("\0") or library not in (place / "maps").read_text():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
@pytest.mark.parametrize("name", AT_WORK)
def test_ctrl_c_ends_with_130_and_sigterm_with_0_and_neither_with_a_traceback(
    config: Path, name: str, number: signal.Signals, code: int
) -> None:
    with started(config, name) as (process, said):
        at_work(process, said, AT_WORK[name])
        process.send_signal(number)
        assert process.wait(20) == code
    assert "Traceback" not in said.read_text(encoding="utf-8")


def test_ctrl_c_while_it_is_still_starting_leaves_no_traceback_either(config: Path) -> None:
    for name in AT_WORK:
        with started(config, name) as (process, said):
            starting(process, name)
            process.send_signal(signal.SIGINT)
            # Interrupted while it makes a dataclass, Python ends by the signal itself however that is answered; a shell says 130.
            assert process.wait(20) in (130, -signal.SIGINT), said.read_text(encoding="utf-8")
        assert "Traceback" not in said.read_text(encoding="utf-8"), said.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_ends_in_order_leaves_the_anchor_that_verify_takes(config: Path, number: signal.Signals) -> None:
    with started(config, "run") as (process, said):
        at_work(process, said, AT_WORK["run"])
        process.send_signal(number)
        process.wait(20)
    done = told(config, "verify", "--anchor", str(config.with_name("anchor.jsonl")))
    assert done.returncode == 0, done.stdout
    assert "核对无误" in done.stdout
    assert "anchor" not in done.stdout, "nothing is said about a missing anchor"
    assert "anchor.jsonl" in told(config, "verify", "--help").stdout


def told(config: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller", name, "--config", str(config), *more]
    return subprocess.run(command, cwd=config.parent, capture_output=True, text=True, timeout=60, check=False)


def test_a_plant_that_cannot_start_says_why_in_words(config: Path) -> None:
    missing = told(config.with_name("nowhere.toml"), "plant")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == f"{config.with_name('nowhere.toml')}: 没有这个文件 (no such file)\n"
    good = config.read_text(encoding="utf-8")
    config.write_text(good.replace('kind = "decoction"', 'kind = "kettle"', 1), encoding="utf-8")
    wrong = told(config, "plant")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("machine[0].kind: 'kettle'")
    config.write_text(good, encoding="utf-8")
    port = next(iter(load_config(config).site.machines.values())).url.rpartition(":")[2].partition("/")[0]
    with socket.create_server(("127.0.0.1", int(port))):
        taken = told(config, "plant")
    assert taken.returncode == 1
    assert f"127.0.0.1:{port}" in taken.stderr
    assert not any(text in taken.stderr for text in ("{", "Traceback"))


def test_a_run_that_cannot_start_says_why_in_words(config: Path) -> None:
    with socket.create_server(("127.0.0.1", load_config(config).port)):
        taken = told(config, "run")
    assert taken.returncode == 1
    assert "Traceback" not in taken.stderr
    assert taken.stderr.strip()
