"""Every bench runs in its short form and gives numbers that make sense; whether they keep their bounds is for `make bench`."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from controller.pipeline import evolve
from controller.store import Store, verify
from tests.bench import (
    acquisition,
    first_paint,
    intake_durable,
    intent_cost,
    loop_lag,
    readings,
    restart,
    review_herbs,
    scan_answer,
)
from tests.bench.__main__ import MODULES, main
from tests.bench.centre import Centre
from tests.bench.child import Child
from tests.bench.past import fill

if TYPE_CHECKING:
    from pathlib import Path


def test_ours_polls_each_machine_once_a_second_and_no_more() -> None:
    with (
        Child("tests.bench.stand_ins") as stand_ins,
        Child("tests.bench.polling_ours", "uvloop", str(stand_ins.said["port"]), "40") as ours,
    ):
        polls = ours.ask(seconds=4.0)["polls"]
    assert 150 <= polls <= 165


def test_acquisition_costs_ours_and_the_reference_something_of_one_kind() -> None:
    for figure in acquisition.measure(quick=True):
        assert 20 < figure.value < 20_000
        assert 20 < figure.reference_value < 20_000
        assert figure.ratio < 5


def test_the_loop_of_a_small_centre_turns() -> None:
    p99, worst = loop_lag.measure(quick=True)
    assert 0 < p99.value <= worst.value < 5_000
    assert 0 < p99.reference_value <= worst.reference_value


def test_prescriptions_are_accepted_and_checking_alone_is_quicker() -> None:
    (figure,) = intake_durable.measure(quick=True)
    assert 10 < figure.value < figure.reference_value
    assert "fdatasync" in figure.note


def test_staff_of_the_demo_get_answers_to_their_scans() -> None:
    (figure,) = scan_answer.measure(quick=True)
    assert 0 < figure.value < 5_000


def test_a_controller_with_a_past_comes_up_after_its_imports() -> None:
    short, long = restart.measure(quick=True)
    assert short.reference_value < short.value < short.reference_value + 30
    assert long.ratio < 3


def test_the_past_of_a_bench_is_one_that_the_rules_could_have_made(tmp_path: Path) -> None:
    with Centre(tmp_path) as centre:
        fill(centre.config, open_prescriptions=150, closed_facts=2_000)
        report = verify(centre.config.database, fold=evolve)
        with closing(Store.open_readonly(centre.config.database)) as store:
            stages = {row.stage for kind, _, row in store.load().rows if kind == "batch"}
    assert report.problems == []
    assert abs(report.open - 150) <= 10
    assert report.ends["delivered"] >= 5
    assert {"dispensing", "verified", "soaking", "boiling", "quality-check", "released", "boxed"} <= stages


def test_the_cost_of_an_intent_does_not_follow_the_floor() -> None:
    (figure,) = intent_cost.measure(quick=True)
    assert figure.value > 10
    assert figure.ratio < 3


def test_readings_are_written_joined_and_read_back_as_they_were() -> None:
    write, size, read = readings.measure(quick=True)
    assert write.value > 1_000
    assert 0.5 < size.value < size.reference_value
    assert 0 < read.value < 1_000


def test_the_terminal_shows_the_machines_of_a_running_line() -> None:
    (figure,) = first_paint.measure(quick=True)
    assert 0.1 < figure.reference_value < 30
    assert 0.1 < figure.value < 30


def test_reviewing_25_herbs_is_quick() -> None:
    (figure,) = review_herbs.measure(quick=True)
    assert 0 < figure.value < 100


def test_the_table_is_printed_and_written_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["review", "--quick"], tmp_path / "bench.json")
    (row,) = json.loads((tmp_path / "bench.json").read_text())
    assert row.keys() == {"name", "value", "unit", "reference", "reference_value", "ratio"}
    assert row["name"] == "review.25_herbs"
    said = capsys.readouterr().out
    assert "review.25_herbs" in said
    assert ("every bound is kept" in said) == (code == 0)


def test_a_figure_that_is_not_there_is_refused_with_the_names_of_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    said = "".join(capsys.readouterr().err.split())
    assert all(name in said for module in MODULES for name in module.NAMES)
