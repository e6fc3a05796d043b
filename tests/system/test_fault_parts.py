"""Rows of faults run in processes of their own and come back whole, or fail the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.parts import PartFailed, Work, in_parts
from tests.faults.verdict import Row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.verdict import Tell


def counted(folder: Path, *, n: int, seed: int, tell: Tell) -> Row:
    tell(n)
    return Row("counted", n, seed, seen={"folders": 1, f"seed {seed}": n})


def failing(folder: Path, *, n: int, seed: int, tell: Tell) -> Row:
    raise ValueError(f"{folder.name} is out of order")


def test_parts_come_back_whole_and_one_that_fails_fails_the_run_in_its_own_words(tmp_path: Path) -> None:
    said: list[str] = []
    works = [Work("good", counted, 7, 2, tmp_path / "good", 10), Work("bad", failing, 1, 1, tmp_path / "bad", 10)]
    found: list[Row] = []
    with pytest.raises(PartFailed, match=r"bad, part 1 ended with 0\n(?s:.*)part-1 is out of order"):
        found += (row for _, row in in_parts(works, 1, said.append))
    assert [(row.n, row.seed, row.seen) for row in found] == [(7, 10, {"folders": 2, "seed 10": 3, "seed 11": 4})]
    assert any("good " in line for line in said)
