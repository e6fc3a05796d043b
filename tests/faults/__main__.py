"""`make faults [N=kills] [SEED=…]`: run every fault, ours and the naive control, and publish the table.

`python -m tests.faults --only ROW` runs the rows whose name begins so, and publishes nothing. Every row is sized by N and runs in
parts, as many at a time as there are processors. Writes faults.json (not tracked) and
docs/reference/faults.md. Exit 1 on a violation of ours, or where a naive controller was not caught, for then the harness proves
nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import kills, late, naive, naive_wires, opcua_wires, poison, power, wires
from tests.faults.parts import Work, in_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.verdict import Row

ROOT = Path(__file__).resolve().parents[2]
_COLUMNS = ("n", "wrong_bag", "lost", "double_start", "early_release", "unsafe_heat", "bound95", "recovery_p50_s",
            "recovery_p99_s", "seed")  # fmt: skip
_ENOUGH_TO_PUBLISH = 100
_SAY_S = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One row to run. `share`: its n for one kill of N; `least`: the fewest that show anything; `part`: worth a process.

    `most`: what is enough for a control.
    """

    name: str
    run: Callable[..., Row]
    share: float = 1.0
    least: int = 10
    part: int = 15
    most: int = sys.maxsize

    def work(self, kills: int, seed: int, folder: Path, jobs: int) -> Work:
        """Size it for `kills` kills."""
        n = min(self.most, max(self.least, round(self.share * kills)))
        return Work(self.name, self.run, n, max(1, min(jobs, n // self.part)), folder / self.name, seed)


FAULTS = (
    Fault("kills", kills.kill_controller, least=1),
    Fault("kills.naive", naive.kill_naive, share=0.2, least=20, most=40, part=20),
    Fault("replies", wires.lose_replies, share=5, least=300, part=200),
    Fault("replies.naive", naive_wires.lose_replies, share=0.5, least=40, most=100, part=50),
    Fault("late", late.keep_requests, least=120, part=60),
    Fault("late.naive", naive_wires.keep_requests, share=0.2, least=40, most=80, part=40),
    Fault("frames", wires.lie, share=10, least=2000, part=1000),
    Fault("frames.naive", naive_wires.lie, least=300, most=1000, part=500),
    Fault("opcua", opcua_wires.lie, share=10, least=1000, part=500),
    Fault("opcua.naive", opcua_wires.believe, least=200, most=500, part=500),
    Fault("roads", wires.break_roads, share=0.5, least=60, part=60),
    Fault("reboots", power.reboot, share=0.25, least=20, part=20),
    Fault("power", power.cut_power, share=0.05, least=3, part=3),
    Fault("poison", poison.poison, share=0.5, part=20),
    Fault("clean", poison.clean, share=1.5, part=30),
)


def main() -> int:
    """Run, print, write."""
    names = ", ".join(fault.name for fault in FAULTS)
    parser = argparse.ArgumentParser(prog="make faults", epilog=f"rows: {names}")
    parser.add_argument(
        "--kills", type=int, default=200, metavar="N", help="size of every row: kills of our controller"
    )
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--only", metavar="ROW", default="", help="run the rows whose name begins so")
    parser.add_argument("--keep", type=Path, help="folder to keep the state in, for looking at it afterwards")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    options = parser.parse_args()
    chosen = [fault for fault in FAULTS if fault.name.startswith(options.only)]
    if not chosen:
        parser.error(f"no row begins with {options.only}; there are {names}")
    began_s = time.monotonic()
    rows: dict[int, Row] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        works = [fault.work(options.kills, options.seed, folder, options.jobs) for fault in chosen]
        for place, row in in_parts(works, options.jobs, _Progress(began_s)):
            rows[place] = row
            print(json.dumps({**row.json(), "seen": row.seen}, ensure_ascii=False), flush=True)
    print(f"took {time.monotonic() - began_s:.0f} s")
    return _conclude([row for _, row in sorted(rows.items())], publish=not options.only, kills=options.kills)


class _Progress:
    """Says how far all is: over and over in one line of a terminal, twice a minute elsewhere."""

    def __init__(self, began_s: float) -> None:
        self._began_s = self._said_s = began_s

    def __call__(self, text: str) -> None:
        terminal, now_s = sys.stderr.isatty(), time.monotonic()
        if terminal or now_s - self._said_s >= _SAY_S:
            self._said_s = now_s
            text = f"{now_s - self._began_s:5.0f} s  {text}"
            print(f"\r\x1b[K{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)


def _conclude(rows: list[Row], *, publish: bool, kills: int) -> int:
    """Publish and say what it comes to; return the exit code."""
    if publish:
        _publish(rows, page=kills >= _ENOUGH_TO_PUBLISH)
    ours = sum(row.violations for row in rows if not row.control)
    missed = [row.fault for row in rows if row.control and not row.violations]
    print(f"violations: {ours}")
    if missed:
        print(f"the naive controller was NOT caught by {', '.join(missed)}: the harness is broken")
    return 1 if ours or missed else 0


def _publish(rows: list[Row], *, page: bool) -> None:
    (ROOT / "faults.json").write_text(json.dumps([row.json() for row in rows], indent=1) + "\n", encoding="utf-8")
    if page:
        (ROOT / "docs" / "reference" / "faults.md").write_text(_page(rows), encoding="utf-8")


def _page(rows: list[Row]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# Faults",
        "",
        "Written by `make faults`; not edited by hand. Judged from the simulated machines' own append-only logs, the answers",
        "that hospitals got, and the journal's releases. `bound95` is 3/n: with no violation in n tries the true rate is below",
        "it with 95 % confidence. *naive* is a controller that sends an order and then records it, that asks again where no",
        "answer came, and that believes what a library hands it, on the same machines: a harness that does not catch it would",
        "prove nothing. What a column cannot hold in a row is 0 there: a wire between drivers and machines releases nothing.",
        "",
        "| fault | controller | " + " | ".join(_COLUMNS) + " |",
        "|---" * (len(_COLUMNS) + 2) + "|",
    ]
    for row in rows:
        cells = row.json()
        lines.append(
            f"| {row.fault} | {row.control or 'ours'} | " + " | ".join(str(cells[name]) for name in _COLUMNS) + " |"
        )
    lines += ["", "What a row promises beyond the columns, as violations:", ""]
    lines += [f"* {row.fault} ({row.control or 'ours'}): {_list(row.also)}" for row in rows if row.also]
    lines += ["", "What happened meanwhile:", ""]
    lines += [f"* {row.fault} ({row.control or 'ours'}): {_list(row.seen)}" for row in rows if row.seen]
    lines += [
        "",
        "Recovery is in wall seconds: from the fork to readiness (SIGKILL), from asking to knowing what became of an order",
        "(reply lost), from a failed to the next good answer (wrong frames and answers), from the end of the trouble to the",
        "second poll (roads), from the boot to the hold of the batch at speed 20 (reboot; power cut, where the machines also",
        "start anew), from the first false sample to the flag (poison).",
    ]
    lines += ["", f"Commit {commit}, Python {platform.python_version()}, {platform.machine()}."]
    return "\n".join(lines) + "\n"


def _list(found: dict[str, float] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items()).replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
