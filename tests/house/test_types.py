"""The types of the whole tree, checked as one test among the others: one processor checks while another one runs the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600.0


def test_every_type_fits() -> None:
    checker = Path(sys.executable).with_name("basedpyright")
    done = subprocess.run(
        [checker, "--level", "error"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
