"""The demo as its user starts it: real processes and sockets, one summary, nothing left running."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from controller.demo.folder import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

DECOCTION = (sys.executable, "-m", "controller")
PATIENCE_S = 150.0


def small(body: dict[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    """A short day: everything is issued within two minutes."""
    return body | {"prescription_no": f"D-{number}", "issued_at": f"2026-11-22T08:0{number % 2}:00+08:00", **changes}


@pytest.fixture
def prescriptions(tmp_path: Path) -> Path:
    """One that is decocted quickly, one only dispensed, one to withdraw, one that cannot be made here."""
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    quick = small(rows[0], 1, urgency="urgent", delivery=rows[0]["delivery"] | {"method": "pickup"})
    path = tmp_path / "prescriptions.jsonl"
    day = [quick, small(rows[16], 2), small(rows[5], 3), small(rows[22], 4)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in day), encoding="utf-8")
    return path


def left_over(folder: Path) -> list[str]:
    """Command lines of processes that still know the folder."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        if any(str(folder).encode() in word for word in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found


@pytest.fixture
def started(tmp_path: Path, prescriptions: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that has just begun."""
    arguments = (
        "demo",
        "--headless",
        "--prescriptions",
        str(prescriptions),
        "--summary",
        str(tmp_path / "of" / "today" / "summary.json"),
    )
    process = subprocess.Popen(
        [*DECOCTION, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def test_a_demo_takes_every_prescription_to_its_end(tmp_path: Path, started: subprocess.Popen[str]) -> None:
    said, progress = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 0, progress
    summary = json.loads((tmp_path / "of" / "today" / "summary.json").read_text(encoding="utf-8"))
    assert json.loads(said) == summary
    prescriptions = summary["prescriptions"]
    assert {status: count for status, count in prescriptions.items() if count} == {
        "received": 3, "refused": 1, "handed_over": 2, "rejected": 1, "returned_to_prescriber": 1,
    }  # fmt: skip
    assert summary["batches"] == {"completed": 2, "scrapped": 0}
    assert summary["bags"] == {"expected": 14, "packed": 14, "handed_over": 14}
    assert (summary["machines"]["modbus"], summary["machines"]["opcua"]) == (45, 12)
    assert summary["machines"]["starts"] >= 6
    assert summary["machines"]["duplicate_starts"] == summary["checkpoints"]["missing"] == 0
    assert summary["journal"]["verified"]
    mistakes = summary["mistakes"]
    assert mistakes["made"] == mistakes["refused"] + mistakes["recorded"]
    assert "received 3" in progress
    assert left_over(tmp_path) == []


def test_ctrl_c_ends_everything_and_still_gives_the_summary(tmp_path: Path, started: subprocess.Popen[str]) -> None:
    keys = tmp_path / "var" / "demo" / "keys.json"
    deadline_s = time.monotonic() + 60
    while not keys.exists() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    second = subprocess.run([*DECOCTION, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (second.returncode, "another demo" in second.stderr) == (1, True)
    time.sleep(2)
    started.send_signal(signal.SIGINT)
    _, progress = started.communicate(timeout=60)
    assert started.returncode == 130, progress
    summary = json.loads((tmp_path / "of" / "today" / "summary.json").read_text(encoding="utf-8"))
    assert summary["prescriptions"]["lost"] == 0
    assert summary["journal"]["verified"]
    assert left_over(tmp_path) == []
