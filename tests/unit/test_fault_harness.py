"""What the fault harness counts is what happened: its parts add up, and its kills are told by what the line was at."""

from __future__ import annotations

from typing import Any

from controller.model import facts as f
from controller.store import StoredFact
from tests.faults.moments import moments
from tests.faults.verdict import Row

M = "pot-01"


def stored(*facts: Any) -> list[StoredFact]:
    return [StoredFact(seq, fact.at, type(fact).__name__, "", fact) for seq, fact in enumerate(facts, 1)]


def issued(at: int, verb: str) -> f.OrderIssued:
    return f.OrderIssued(at, "R-1", "B-1", M, 1, verb, verb, {}, at + 9_000, "")


def test_a_kill_is_told_by_the_order_that_was_asked_or_at_work() -> None:
    facts = stored(
        issued(100, "soak"),
        f.OrderAccepted(200, "R-1", "B-1", M, 1),
        f.OrderFinished(300, "R-1", "B-1", M, 1, "soak", 0),
        issued(400, "decoct"),
        f.OrderDropped(500, "R-1", "B-1", M, 1, "decoct", "expired", ""),
        issued(600, "drain"),
        f.OrderAccepted(700, "R-1", "B-1", M, 1),
    )
    kills = [50, 150, 160, 250, 350, 450, 650, 750, 800]
    assert moments(facts, kills) == {"killed while asked": 4, "killed while drain": 2, "killed while soak": 1}


def test_parts_of_a_row_add_up() -> None:
    row = Row("x", 3, 1, double_start=1, also={"a": 1}, seen={"starts": 5}, recoveries=[1.0, 2.0])
    row.add(Row("x", 4, 2, double_start=2, also={"a": 1, "b": 3}, seen={"starts": 7}, recoveries=[9.0]))
    assert (row.n, row.double_start, row.also, row.seen) == (7, 3, {"a": 2, "b": 3}, {"starts": 12})
    assert (row.violations, row.recovery_p50_s) == (8, 2.0)
    assert row.json()["bound95"] == round(3 / 7, 5)
