"""A curve from afar: every silence is found, and no more is unpacked than was asked for, however long the curve."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.store import ReadingBlock, Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from controller.store.overview import Overview


NOW = 1_795_305_600_000
SILENCE_MS = 120_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(f"sqlite:///{tmp_path / 'line.db'}")) as store:
        store.take_mastery()
        yield store


def blocks(seconds: Sequence[int], batch: str = "B-1", machine: str = "pot-01") -> list[ReadingBlock]:
    """Samples whose value is their second, sixty to a block."""
    parts = [seconds[start : start + 60] for start in range(0, len(seconds), 60)]
    return [
        ReadingBlock(
            machine,
            "ActualTemperature",
            batch,
            NOW + part[0] * 1000,
            [(NOW + second * 1000, float(second), "good") for second in part],
        )
        for part in parts
    ]


def look(store: Store, batch: str = "B-1", machine: str = "pot-01", waiting: Sequence[ReadingBlock] = ()) -> Overview:
    return store.overview(machine, batch, "ActualTemperature", SILENCE_MS, waiting)


def test_a_long_curve_costs_no_more_than_a_short_one_and_its_ends_are_there(store: Store) -> None:
    store.append_readings(blocks(range(36_000)))
    seen = look(store)
    assert len(seen.points) <= 15 * 60
    assert (seen.points[0][1], seen.points[-1][1], seen.silences) == (0.0, 35_999.0, [])


def test_both_sides_of_a_silence_are_there_between_blocks_and_within_one(store: Store) -> None:
    store.append_readings(blocks([*range(6_000), *range(7_000, 7_030), *range(7_500, 12_000)]))
    seen = look(store)
    assert [((a - NOW) // 1000, (b - NOW) // 1000) for a, b in seen.silences] == [(5_999, 7_000), (7_029, 7_500)]
    assert {5_999.0, 7_000.0, 7_029.0, 7_500.0} <= {value for _, value in seen.points}


def test_what_is_not_written_yet_belongs_to_the_curve_once(store: Store) -> None:
    written = blocks(range(120))
    store.append_readings(written)
    seen = look(store, waiting=[written[-1], *blocks(range(600, 660))])
    assert [value for _, value in seen.points] == [float(second) for second in (*range(120), *range(600, 660))]
    assert seen.silences == [(NOW + 119_000, NOW + 600_000)]


def test_another_batch_and_another_machine_have_curves_of_their_own(store: Store) -> None:
    store.append_readings(
        [*blocks(range(60)), *blocks(range(60, 120), "B-2"), *blocks(range(60, 90), machine="soak-1")]
    )
    assert len(look(store).points) == len(look(store, "B-2").points) == 60
    assert len(look(store, machine="soak-1").points) == 30
    assert look(store, "B-3") == ([], [])


def test_bad_samples_are_no_points(store: Store) -> None:
    points = [(NOW, 85.0, "bad"), (NOW + 1000, 20.0, "good"), (NOW + 2000, 21.0, "stale")]
    store.append_readings([ReadingBlock("pot-01", "ActualTemperature", "B-1", NOW, points)])
    assert look(store) == ([(NOW + 1000, 20.0)], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=400))
def test_every_silence_that_can_be_seen_by_the_ends_of_blocks_is_found(steps: list[int]) -> None:
    seconds = [sum(steps[: place + 1]) for place in range(len(steps))]
    with TemporaryDirectory() as folder, closing(Store.open(f"sqlite:///{folder}/line.db")) as store:
        store.take_mastery()
        store.append_readings(blocks(seconds))
        seen = look(store)
    between = [(seconds[place - 1], seconds[place]) for place in range(60, len(seconds), 60)]
    wanted = {(NOW + a * 1000, NOW + b * 1000) for a, b in between if b - a > SILENCE_MS / 1000}
    within = {(NOW + a * 1000, NOW + b * 1000) for a, b in pairwise(seconds)}
    assert wanted <= set(seen.silences) <= within
