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
    from devices.profile import Tag

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


def without(*names: str) -> dict[str, Tag]:
    return {name: tag for name, tag in PROFILES["pot-modbus"].tags.items() if name not in names}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vessel": "pressure"}, "pressure_cooking"),
        ({"protocol": "manual", "handshake": "none", "tags": {}}, "do not go together"),
        ({"handshake": "busy", "tags": without("BoilSeconds")}, "has no BoilSeconds"),
        ({"tags": without("BootCount", "ErrorConditions")}, "has no BootCount, ErrorConditions"),
    ],
)
def test_a_machine_that_this_line_must_not_or_cannot_heat_is_refused_at_start(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    profiles = {**PROFILES, "pot-modbus": replace(PROFILES["pot-modbus"], **changes)}
    with pytest.raises(SiteError, match=said):
        make_book(load_config(written(tmp_path, GOOD)), FORMULARY, RECIPES, profiles)


@pytest.mark.parametrize(
    "changes",
    [
        {"readiness": Readiness(link="done", monitor="done", command="todo")},
        {"readiness": Readiness(link="done", monitor="done", command="todo"), "vessel": "pressure"},
        {"readiness": Readiness(link="done", monitor="done", command="todo"), "handshake": "none"},
        {"handshake": "read-only", "verbs": {}, "tags": without("BootCount", "BoilSeconds")},
    ],
)
def test_a_machine_that_has_not_passed_level_command_is_in_the_book_and_out_of_the_plan(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    profiles = {**PROFILES, "pot-modbus": replace(PROFILES["pot-modbus"], **changes)}
    book = make_book(load_config(written(tmp_path, GOOD)), FORMULARY, RECIPES, profiles)
    pot = book.machines["pot-01"]
    assert (pot.monitor_only, pot.by_hand) == (True, False)
    assert (book.pot_classes, book.enrolment("pot-01").pot_class) == ((), "")
    assert book.machines["store-1"].monitor_only is False, "nobody expects orders of a sensor"


@pytest.mark.parametrize(
    ("profile", "names_orders", "by_hand"),
    [
        ("pot-modbus", True, False),
        ("pot-modbus-b", False, False),
        ("pot-modbus-d", False, True),
        ("pot-manual", False, True),
    ],
)
def test_the_line_knows_who_is_asked_who_is_followed_and_who_is_worked_by_hand(
    tmp_path: Path, profile: str, names_orders: bool, by_hand: bool
) -> None:
    text = GOOD.replace('profile = "pot-modbus"', f'profile = "{profile}"')
    if profile == "pot-manual":
        text = text.replace("modbus://127.0.0.1:15001/1", "manual")
    book = book_of(tmp_path, text)
    pot = book.machines["pot-01"]
    assert (pot.names_orders, pot.by_hand) == (names_orders, by_hand)
    assert (book.grace_s["pot-01"] == 0) == (profile == "pot-manual")


def test_a_packer_cannot_be_worked_by_hand(tmp_path: Path) -> None:
    packer = replace(PROFILES["packer-opcua"], handshake="none")
    rest = (
        GOOD
        + """
    [[machine]]
    id = "pack-1"
    kind = "packing"
    profile = "packer-opcua"
    url = "opc.tcp://127.0.0.1:24841"
    waiver = "opcua-none"
    """
    )
    with pytest.raises(SiteError, match="only a machine can measure"):
        make_book(load_config(written(tmp_path, rest)), FORMULARY, RECIPES, {**PROFILES, packer.id: packer})


def test_every_packaged_table_that_may_be_driven_shows_what_release_asks_for(tmp_path: Path) -> None:
    driven = [name for name, table in PROFILES.items() if table.kind == "decoction" and table.handshake != "none"]
    for name in driven:
        text = GOOD.replace('name = "测试煎药中心"', 'name = "测试煎药中心"\npressure_cooking = true')
        book_of(tmp_path, text.replace('profile = "pot-modbus"', f'profile = "{name}"'))


def test_a_site_that_allows_it_cooks_under_pressure(tmp_path: Path) -> None:
    profiles = {**PROFILES, "pot-modbus": replace(PROFILES["pot-modbus"], vessel="pressure")}
    text = GOOD.replace('name = "测试煎药中心"', 'name = "测试煎药中心"\npressure_cooking = true')
    assert make_book(load_config(written(tmp_path, text)), FORMULARY, RECIPES, profiles).pot_classes
