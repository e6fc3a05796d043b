"""Keys, people and stock of a new site, and what a run that was killed half way leaves to the next."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from controller.config import Config, ConfigError, load_config
from controller.model.codes import BADGE, DRAWER, is_sound, make_code
from controller.model.people import Role
from controller.runtime.enrolment import enrol_keys, people_to_enrol, simulated_only
from controller.runtime.stock import load_lots
from controller.store import KeyRow, Store
from tests.pure_line import FORMULARY
from tests.unit.test_config import GOOD, ROOT, written

if TYPE_CHECKING:
    from pathlib import Path

HERBS = {"桂枝", "茯苓"}


class Shelf:
    """Keys and PINs in memory; breaks after `most` keys."""

    def __init__(self, most: int = 1000) -> None:
        self.rows: dict[str, KeyRow] = {}
        self.pins: dict[str, str] = {}
        self.most = most

    def keys(self) -> list[KeyRow]:
        return list(self.rows.values())

    def add_key(self, id_: str, role: str, scope: str, digest: str) -> None:
        assert id_ not in self.rows
        if len(self.rows) >= self.most:
            raise RuntimeError("killed")
        self.rows[id_] = KeyRow(id_, role, scope, digest, 0, 0)

    def pin_hash(self, badge: str) -> str | None:
        return self.pins.get(badge)

    def set_pin(self, badge: str, hash_: str) -> None:
        self.pins[badge] = hash_


class Dice:
    """Keys k1, k2, ..."""

    def __init__(self) -> None:
        self.thrown = 0

    def __call__(self) -> str:
        self.thrown += 1
        return f"k{self.thrown}"


def digest(key: str) -> str:
    return f"digest of {key}"


def file_of(config: Config, name: str) -> Any:
    return json.loads((config.site.state / name).read_text(encoding="utf-8"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(written(tmp_path, GOOD))


def test_the_first_run_makes_one_key_for_everybody(config: Config) -> None:
    shelf = Shelf()
    enrol_keys(config, shelf, Dice(), digest)
    keys = file_of(config, "keys.json")
    assert set(keys) == {"admin", "hospitals", "stations", "couriers", "floor"}
    assert {name: list(keys[name]) for name in ("hospitals", "stations", "couriers")} == {
        "hospitals": ["RS-TCM"], "stations": ["review-1"], "couriers": ["courier-1"],
    }  # fmt: skip
    kept = {(row.role, row.scope): row.digest for row in shelf.rows.values()}
    assert kept[("hospital", "RS-TCM")] == digest(keys["hospitals"]["RS-TCM"])
    assert kept[("admin", "")] == digest(keys["admin"])
    assert len(kept) == 5


def test_secrets_are_readable_by_their_owner_alone(config: Config) -> None:
    shelf = Shelf()
    enrol_keys(config, shelf, Dice(), digest)
    people_to_enrol(config, (), shelf, digest)
    for name in ("keys.json", "staff.json"):
        assert stat.S_IMODE((config.site.state / name).stat().st_mode) == 0o600


def test_a_database_with_keys_is_left_alone(config: Config) -> None:
    shelf = Shelf()
    shelf.add_key("hospital-77aa", "hospital", "RS-TCM", "by hand")
    enrol_keys(config, shelf, Dice(), digest)
    assert len(shelf.rows) == 1
    assert not (config.site.state / "keys.json").exists()


@pytest.mark.parametrize("after", range(5))
def test_a_run_that_was_killed_half_way_is_finished_by_the_next(config: Config, after: int) -> None:
    shelf, dice = Shelf(most=after), Dice()
    with pytest.raises(RuntimeError, match="killed"):
        enrol_keys(config, shelf, dice, digest)
    keys = file_of(config, "keys.json")
    shelf.most = 1000
    enrol_keys(config, shelf, dice, digest)
    assert file_of(config, "keys.json") == keys
    assert {row.digest for row in shelf.rows.values()} == {digest(f"k{number}") for number in range(1, 6)}


def test_a_site_of_simulated_machines_gets_simulated_people_with_pins(config: Config) -> None:
    config = replace(config, staff={"heads": {"pharmacist": 2, "courier": 1}})
    shelf = Shelf()
    people = people_to_enrol(config, (), shelf, digest)
    assert [person.roles for person in people] == [(Role.PHARMACIST,), (Role.PHARMACIST,), (Role.COURIER,)]
    kept = file_of(config, "staff.json")["people"]
    assert [set(row) for row in kept] == [{"badge", "name", "roles", "pin"}] * 3
    assert {row["badge"]: digest(row["pin"]) for row in kept} == shelf.pins
    assert all(is_sound(person.badge) and person.badge.startswith("A-") for person in people)
    again = people_to_enrol(config, {people[0].badge}, shelf, digest)
    assert again == people[1:]


def test_without_head_counts_there_is_one_of_each(config: Config) -> None:
    people = people_to_enrol(replace(config, staff={}), (), Shelf(), digest)
    assert {person.roles[0] for person in people} == set(Role) - {Role.ADMIN}


def test_wrong_head_counts_are_named(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: wizard"):
        people_to_enrol(replace(config, staff={"heads": {"wizard": 1}}), (), Shelf(), digest)


def test_a_site_with_a_real_machine_gets_nobody_it_did_not_name(tmp_path: Path) -> None:
    real = GOOD.replace("modbus://127.0.0.1:15001/1", "modbus://192.168.10.7:502/1")
    config = load_config(written(tmp_path, real))
    assert not simulated_only(config.site)
    by_hand = {key: replace(machine, url="manual") for key, machine in config.site.machines.items()}
    assert not simulated_only(replace(config.site, machines=by_hand)), "a stove is as real as can be"
    assert people_to_enrol(config, (), Shelf(), digest) == ()
    badge = make_code(BADGE, "ADMIN234567ABCDE")
    config.people.write_text(
        f'[[person]]\nbadge = "{badge}"\nname = "测试管理员"\nroles = ["admin"]\n', encoding="utf-8"
    )
    (admin,) = people_to_enrol(config, (), Shelf(), digest)
    assert (admin.badge, admin.roles) == (badge, (Role.ADMIN,))
    assert people_to_enrol(config, {"A-SOMEBODY"}, Shelf(), digest) == ()
    assert not (config.site.state / "staff.json").exists()


def test_a_badge_that_was_misread_is_named(config: Config) -> None:
    config.people.write_text('[[person]]\nbadge = "A-1"\nname = "测试"\nroles = ["admin"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"people.toml: person\[0\].badge"):
        people_to_enrol(config, (), Shelf(), digest)


def test_keys_and_pins_fit_the_real_store(config: Config) -> None:
    store = Store.open(config.database)
    enrol_keys(config, store, Dice(), digest)
    people = people_to_enrol(config, (), store, digest)
    assert len(store.keys()) == 5
    assert store.pin_hash(people[0].badge) == digest(file_of(config, "staff.json")["people"][0]["pin"])
    store.close()


def stocked(config: Config, **changes: str) -> Config:
    lot = {
        "id": '"L-1"', "herb": '"桂枝"', "producer": '"示例饮片厂"', "inspection": '"passed"', "inspection_no": '"JY-1"',
        "expires": "2029-01-31", "received": "2026-01-31", "zone": '"room"',
        "drawer": f'"{make_code(DRAWER, "DRAWER34567ABCDE")}"',
    } | changes  # fmt: skip
    text = "\n".join(f"{key} = {value}" for key, value in lot.items())
    config.stock.write_text(f"[[lot]]\n{text}\n", encoding="utf-8")
    return config


def test_a_lot_is_good_until_the_end_of_its_last_day_at_the_site(config: Config) -> None:
    (lot,) = load_lots(stocked(config), HERBS)
    assert lot.expires_at == 1_864_569_600_000  # 2029-02-01T00:00+08:00
    assert lot.received_at == 1_769_788_800_000  # 2026-01-31T00:00+08:00
    assert (lot.inspection_passed, lot.inspection, lot.quarantined) == (True, "JY-1", False)


def test_a_lot_that_failed_inspection_is_known_as_such(config: Config) -> None:
    (lot,) = load_lots(stocked(config, inspection='"failed"'), HERBS)
    assert not lot.inspection_passed


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("herb", '"仙草"', r"lot\[0\].herb"),
        ("zone", '"cellar"', r"lot\[0\].zone"),
        ("drawer", '"D-1"', r"lot\[0\].drawer"),
        ("expires", '"soon"', r"lot\[0\].expires"),
        ("inspection", '"maybe"', r"lot\[0\].inspection"),
        ("price", "1", r"lot\[0\].price"),
    ],
)
def test_a_wrong_lot_is_named_by_its_place(config: Config, key: str, value: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"stock.toml: {told}"):
        load_lots(stocked(config, **{key: value}), HERBS)


def test_a_drawer_holds_one_lot(config: Config) -> None:
    text = stocked(config).stock.read_text(encoding="utf-8")
    config.stock.write_text(text + text.replace("L-1", "L-2"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"stock.toml: lot.drawer: .* is there twice"):
        load_lots(config, HERBS)


def test_every_herb_of_the_formulary_is_in_the_example_stock() -> None:
    lots = load_lots(load_config(ROOT / "config.toml"), FORMULARY.herbs)
    assert {lot.herb for lot in lots} == set(FORMULARY.herbs)
