"""The demo on a bad night: real processes are killed and frozen, links and power are cut, and yet every prescription ends."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from controller.demo.chaos import PLAN, plan
from controller.demo.children import ChildDied, Children
from tests.system.test_demo import DECOCTION, left_over, prescriptions

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["prescriptions"]  # the fixture
SEED = 12
PATIENCE_S = 240.0


def test_a_plan_has_everything_and_is_the_same_for_the_same_seed() -> None:
    for seed in range(50):
        first, again = plan(random.Random(seed)), plan(random.Random(seed))
        assert first == again
        assert Counter(first) == PLAN
        assert first.index("power_cuts") < len(first) / 3
    assert plan(random.Random(1)) != plan(random.Random(2))


def test_a_demo_in_chaos_takes_every_prescription_to_an_honest_end(tmp_path: Path, prescriptions: Path) -> None:
    told = tmp_path / "summary.json"
    given = ("--chaos", "--speed", "240", "--seed", str(SEED), "--prescriptions", str(prescriptions))
    assert "power_cuts" in plan(random.Random(SEED))[:2], "the power is cut while the batch is cooking"
    ended = subprocess.run(
        [*DECOCTION, "demo", "--headless", *given, "--summary", str(told)],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(told.read_text(encoding="utf-8"))
    ends = {end: count for end, count in summary["prescriptions"].items() if count}
    assert ends == {"received": 3, "refused": 1, "handed_over": 2, "rejected": 1, "returned_to_prescriber": 1}
    assert summary["batches"]["completed"] == 2
    assert summary["machines"]["duplicate_starts"] == summary["checkpoints"]["missing"] == 0
    assert summary["journal"]["verified"]
    assert summary["chaos"].keys() == PLAN.keys()
    assert summary["chaos"]["power_cuts"] >= 1
    assert sum(summary["chaos"].values()) >= 3
    assert f"power cuts {summary['chaos']['power_cuts']}" in ended.stderr
    assert left_over(tmp_path) == []


async def test_a_child_that_was_killed_on_purpose_is_started_again_and_any_other_death_is_an_error(
    tmp_path: Path,
) -> None:
    children = Children(tmp_path)
    try:
        await children.start("a", "http.server", "--bind", "127.0.0.1", "0")
        await children.start("b", "http.server", "--bind", "127.0.0.1", "0")
        watch = asyncio.create_task(children.watch())
        await children.kill("a")
        await asyncio.sleep(0.5)
        await children.start_again("a")
        await asyncio.sleep(0.5)
        assert not watch.done()
        children.send("b", signal.SIGKILL)
        with pytest.raises(ChildDied, match="b ended with -9"):
            await asyncio.wait_for(watch, 10)
    finally:
        await children.stop()
