"""The book: what a pot must reach here, how far apart samples may be, who stands where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.config import load_config
from controller.model.people import StationKind
from controller.model.world import PotClass
from controller.runtime.books import boiling_celsius, make_book
from devices.errors import SiteError
from devices.profile import Readiness, all_profiles
from tests.pure_line import FORMULARY, RECIPES
from tests.unit.test_config import GOOD, POT, ROOT, written

if TYPE_CHECKING:
    from pathlib import Path

    from controller.model.world import Book

PROFILES = all_profiles()


def book_of(folder: Path, text: str = GOOD) -> Book:
    return make_book(load_config(written(folder, text)), FORMULARY, RECIPES, PROFILES)


@pytest.mark.parametrize(
    ("kpa", "celsius"),
    # International Steam Tables (IAPWS-IF97), rounded: an independent source.
    [(101.325, 99.97), (90.0, 96.69), (80.0, 93.49), (70.0, 89.93), (60.0, 85.93), (50.0, 81.32)],
)
def test_water_boils_as_the_steam_tables_say(kpa: float, celsius: float) -> None:
    assert boiling_celsius(kpa) == pytest.approx(celsius, abs=0.1)


def test_a_pot_counts_as_boiling_a_little_below_the_boiling_point_of_its_site(tmp_path: Path) -> None:
    delta = PROFILES["pot-modbus"].boil_delta_c
    assert delta is not None
    assert book_of(tmp_path).boil_celsius == {"pot-01": pytest.approx(boiling_celsius(101.3) - delta)}
    high = GOOD.replace('name = "测试煎药中心"', "pressure_kpa = 57.7")
    assert book_of(tmp_path, high).boil_celsius == {"pot-01": pytest.approx(85.0 - delta, abs=0.1)}


@pytest.mark.parametrize(
    ("speed", "pot_s", "sensor_s"), [(1, 3.0, 15.0), (4, 3.0, 15.0), (20, 15.0, 15.0), (240, 180.0, 180.0)]
)
def test_grace_is_three_poll_periods_in_plant_time(tmp_path: Path, speed: int, pot_s: float, sensor_s: float) -> None:
    book = book_of(tmp_path, GOOD.replace("speed = 20", f"speed = {speed}"))
    assert dict(book.grace_s) == {"pot-01": pot_s, "store-1": sensor_s}
    assert book.least_margin_ms == 5000 * speed


def test_couriers_stand_at_stations_of_their_own(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    assert {key: station.kind for key, station in book.stations.items()} == {
        "review-1": StationKind.REVIEW,
        "courier-1": StationKind.COURIER,
    }


def test_vessels_are_found_by_their_labels(tmp_path: Path) -> None:
    assert dict(book_of(tmp_path).vessels) == {POT: "pot-01"}


def test_the_example_site_has_three_sizes_of_pots() -> None:
    book = make_book(load_config(ROOT / "config.toml"), FORMULARY, RECIPES, PROFILES)
    assert set(book.pot_classes) == {
        PotClass("internal", *volume) for volume in ((800, 6000), (1500, 12000), (2500, 20000))
    }
    assert len(book.vessels) == 18 + 20


def test_a_machine_with_a_foreign_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="pot-01"):
        book_of(tmp_path, GOOD.replace('profile = "pot-modbus"', 'profile = "scale-modbus"'))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vessel": "pressure"}, "pressure_cooking"),
        ({"readiness": Readiness(link="done", monitor="done", command="todo")}, "monitor only"),
        ({"handshake": "busy"}, "no order numbers"),
        ({"handshake": "none"}, "no order numbers"),
        ({"handshake": "read-only", "verbs": {}}, "no order numbers"),
    ],
)
def test_a_machine_that_this_line_must_not_or_cannot_heat_is_refused_at_start(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    profiles = {**PROFILES, "pot-modbus": replace(PROFILES["pot-modbus"], **changes)}
    with pytest.raises(SiteError, match=said):
        make_book(load_config(written(tmp_path, GOOD)), FORMULARY, RECIPES, profiles)


def test_a_site_that_allows_it_cooks_under_pressure(tmp_path: Path) -> None:
    profiles = {**PROFILES, "pot-modbus": replace(PROFILES["pot-modbus"], vessel="pressure")}
    text = GOOD.replace('name = "测试煎药中心"', 'name = "测试煎药中心"\npressure_cooking = true')
    assert make_book(load_config(written(tmp_path, text)), FORMULARY, RECIPES, profiles).pot_classes
