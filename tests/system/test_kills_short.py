"""The short form of `make faults`: the same harness, 25 kills of ours, and the naive controller must be caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.kills import kill_controller
from tests.faults.naive import kill_naive

if TYPE_CHECKING:
    from pathlib import Path


def test_twenty_five_kills_start_nothing_twice_lose_nothing_and_release_nothing_early(tmp_path: Path) -> None:
    row = kill_controller(tmp_path / "ours", n=25, seed=25)
    assert row.violations == 0, row
    assert row.seen["starts"] > 50, "the line must have been at work"
    assert row.recovery_p99_s <= 20.0, "its figure is that of make faults; here others may use the processors too"


def test_the_same_harness_catches_a_controller_that_sends_and_then_records(tmp_path: Path) -> None:
    assert kill_naive(tmp_path / "naive", n=8, seed=8).double_start > 0
