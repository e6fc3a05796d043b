"""`make faults [N=kills] [SEED=…]`: run every fault, ours and the naive control, and publish the table.

Writes faults.json (not tracked) and docs/reference/faults.md. Exit 1 on a violation of ours, or where the naive controller was
not caught, for then the harness proves nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.kills import kill_controller
from tests.faults.naive import kill_naive

if TYPE_CHECKING:
    from tests.faults.verdict import Row

ROOT = Path(__file__).resolve().parents[2]
_COLUMNS = ("n", "wrong_bag", "lost", "double_start", "early_release", "unsafe_heat", "bound95", "recovery_p50_s",
            "recovery_p99_s", "seed")  # fmt: skip
_ENOUGH_TO_PUBLISH = 100


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--kills", type=int, default=200, help="kills of our controller")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--keep", type=Path, help="folder to keep the state in, for looking at it afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        rows = [
            kill_controller(folder / "ours", kills=options.kills, seed=options.seed),
            kill_naive(folder / "naive", kills=max(20, options.kills // 5), seed=options.seed),
        ]
    for row in rows:
        print(json.dumps({**row.json(), "seen": row.seen}, ensure_ascii=False))
    (ROOT / "faults.json").write_text(json.dumps([row.json() for row in rows], indent=1) + "\n", encoding="utf-8")
    if options.kills >= _ENOUGH_TO_PUBLISH:
        (ROOT / "docs" / "reference" / "faults.md").write_text(_page(rows), encoding="utf-8")
    ours = sum(row.violations for row in rows if not row.control)
    caught = all(row.double_start for row in rows if row.control)
    print(f"violations: {ours}; the naive controller was {'caught' if caught else 'NOT caught: the harness is broken'}")
    return 0 if not ours and caught else 1


def _page(rows: list[Row]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# Faults",
        "",
        "Written by `make faults`; not edited by hand. Judged from the simulated machines' own append-only logs, the answers",
        "that hospitals got, and the journal's releases. `bound95` is 3/n: with no violation in n tries the true rate is below",
        "it with 95 % confidence. *naive* is a controller that sends an order and then records it, on the same machines: a",
        "harness that does not catch it would prove nothing.",
        "",
        "| fault | controller | " + " | ".join(_COLUMNS) + " |",
        "|---" * (len(_COLUMNS) + 2) + "|",
    ]
    for row in rows:
        cells = row.json()
        lines.append(
            f"| {row.fault} | {row.control or 'ours'} | " + " | ".join(str(cells[name]) for name in _COLUMNS) + " |"
        )
    lines += ["", f"Commit {commit}, Python {platform.python_version()}, {platform.machine()}.", ""]
    lines += [f"What happened meanwhile ({row.control or 'ours'}): {row.seen}." for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
