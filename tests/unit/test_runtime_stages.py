"""Stage times: what a prescription spent in its stages adds up to its life, and nothing is told that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.model import intents as i
from controller.model.case import ENDS, Status
from controller.runtime.metrics import REGISTRY
from controller.runtime.stages import StageTimes
from controller.store import StoredFact
from tests.pure_line import Crew, PureLine, badge, prescription


@dataclass
class WatchedLine(PureLine):
    """A line whose every outcome is a durable group."""

    stages: StageTimes = field(default_factory=lambda: StageTimes({}))

    def do(self, intent: Any) -> Any:
        outcome = super().do(intent)
        facts = [StoredFact(0, fact.at, type(fact).__name__, fact.about, fact) for fact in outcome.facts]
        self.stages.moved(facts, outcome.floor.cases)
        return outcome


def told() -> dict[str, tuple[float, float]]:
    """How often each stage was left so far, and plant seconds in it."""
    return {
        stage.value: (
            REGISTRY.get_sample_value("decoct_stage_seconds_count", {"stage": stage.value}) or 0.0,
            REGISTRY.get_sample_value("decoct_stage_seconds_sum", {"stage": stage.value}) or 0.0,
        )
        for stage in Status
    }


def since(before: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """What came to it: only the stages that were left."""
    now = told()
    return {
        stage: (count - before[stage][0], seconds - before[stage][1])
        for stage, (count, seconds) in now.items()
        if count > before[stage][0]
    }


def test_the_stages_of_a_delivered_prescription_add_up_to_its_life() -> None:
    line, before = WatchedLine.ready(), told()
    began = line.now
    line.must(i.ReceivePrescription(prescription(), "d"))
    line.now += 600_000
    Crew(line).work(until="DeliveryConfirmed")
    left = since(before)
    assert left["in_review"] == (1, 600)
    assert left["decocting"][1] > left["packing"][1] > 0
    assert {"soaking", "decocting", "packing", "quality_check", "in_transit"} <= left.keys()
    assert not left.keys() & {end.value for end in ENDS}
    assert {count for count, _ in left.values()} == {1}
    ended = next(fact.at for fact in line.facts if type(fact).__name__ == "DeliveryConfirmed")
    assert sum(seconds for _, seconds in left.values()) == pytest.approx((ended - began) / 1000)


def test_a_prescription_that_was_under_way_at_the_start_counts_from_its_next_stage_on() -> None:
    line = WatchedLine.ready()
    case = line.must(i.ReceivePrescription(prescription(), "d"))[0].about
    line.stages, before = StageTimes(line.floor.cases), told()
    line.now += 60_000
    line.must(i.SignReview(case, badge("reviewer"), "st", "approve"))
    assert since(before).keys() <= {"approved"}
    line.now += 120_000
    line.must(i.CancelPrescription(case, "撤销"))
    left = since(before)
    assert "in_review" not in left
    assert sum(seconds for _, seconds in left.values()) == 120


def test_what_is_forgotten_with_its_end_does_not_grow() -> None:
    line = WatchedLine.ready()
    for number in range(5):
        case = line.must(i.ReceivePrescription(prescription(prescription_no=f"N{number}"), "d"))[0].about
        line.must(i.CancelPrescription(case, "撤销"))
    assert line.stages._since == {}
