"""A table is held against the words of its maker's manual, and a difference is told by its place."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from controller.cli import app
from devices.golden import disagreements
from devices.plant.registers import RegisterMap
from devices.plant.tables import load_table
from devices.profile import all_profiles, load_profile
from tests.conformance.servers import PROFILES

if TYPE_CHECKING:
    from devices.profile import Profile

OURS = {name: profile for name, profile in all_profiles().items() if profile.protocol != "manual"}
FOREIGN = "pot-foreign"


def golden(name: str) -> dict[str, Any]:
    return json.loads((resources.files("devices.profiles") / "golden" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_tables_agree_with_their_manuals(name: str) -> None:
    assert list(disagreements(OURS[name], golden(name))) == []


def with_tag(profile: Profile, tag: str, **changes: Any) -> Profile:
    return replace(profile, tags={**profile.tags, tag: replace(profile.tags[tag], **changes)})


def test_a_wrong_scale_a_wrong_word_order_and_a_missing_register_are_named() -> None:
    pot, words = OURS["pot-modbus-c"], golden("pot-modbus-c")
    (scale,) = disagreements(with_tag(pot, "ActualTemperature", scale=0.01), words)
    assert scale == "ActualTemperature: the table says -0.12, the manual -1.2"
    (order,) = disagreements(with_tag(pot, "Order", word_order="little"), words)
    assert order.startswith("Order: ")
    (missing,) = disagreements(with_tag(pot, "Level", address=500), words)
    assert missing == "Level: the manual's words have no 500"


def test_an_order_that_becomes_other_words_than_the_manual_says_is_named() -> None:
    words = golden("pot-modbus-c")
    words["command"]["registers"][-1] ^= 1
    (command,) = disagreements(OURS["pot-modbus-c"], words)
    assert command.startswith("command: ")


@pytest.mark.parametrize("words", [{}, [], {"registers": 3, "values": {}}, {"registers": {"0": ["x"]}, "values": {}}])
def test_words_that_are_none_are_said_to_be_none(words: Any) -> None:
    assert any("add-a-machine" in problem for problem in disagreements(OURS["pot-modbus-c"], words))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a folder of tables of its own, and nothing else in its file."""
    own = tmp_path / "profiles"
    (own / "golden").mkdir(parents=True)
    for part in (Path(f"{FOREIGN}.toml"), Path("golden", f"{FOREIGN}.json")):
        (own / part).write_bytes((PROFILES / part).read_bytes())
    config = tmp_path / "config.toml"
    config.write_text('[paths]\nprofiles = "profiles"\n', encoding="utf-8")
    return config


def said(site: Path) -> list[str]:
    """What the check says of tables."""
    lines = CliRunner().invoke(app, ["check", "--config", str(site)]).output.splitlines()
    return [line for line in lines if FOREIGN in line or "profiles" in line]


def test_the_check_holds_a_table_of_the_site_against_its_manual(site: Path) -> None:
    assert said(site) == []
    words = site.parent / "profiles" / "golden" / f"{FOREIGN}.json"
    words.write_text(words.read_text(encoding="utf-8").replace('"Level": 8130', '"Level": 1626'), encoding="utf-8")
    assert said(site) == [f"golden/{FOREIGN}.json: Level: the table says 8130, the manual 1626"]
    words.unlink()
    (missing,) = said(site)
    assert "no such file" in missing


def test_a_table_of_the_site_is_used_like_ours_and_may_not_be_called_like_one_of_ours(site: Path) -> None:
    own = site.parent / "profiles"
    assert load_profile(FOREIGN, own).maker == "foreign"
    assert {FOREIGN, "pot-modbus"} <= all_profiles(own).keys()
    (own / "pot-modbus.toml").write_bytes((own / f"{FOREIGN}.toml").read_bytes())
    (clash,) = said(site)
    assert "pot-modbus: we have a table of this name" in clash


def test_the_simulated_machine_of_a_table_of_the_site_shows_the_words_of_its_manual() -> None:
    words = json.loads((PROFILES / "golden" / f"{FOREIGN}.json").read_text(encoding="utf-8"))
    said = {int(first) + at: word for first, some in words["registers"].items() for at, word in enumerate(some)}
    for address, registers in RegisterMap(load_table(FOREIGN, PROFILES)).words(words["values"]):
        assert registers == [said[address + at] for at in range(len(registers))], address


def test_a_folder_that_is_not_there_is_said_to_be_none(site: Path) -> None:
    site.write_text('[paths]\nprofiles = "elsewhere"\n', encoding="utf-8")
    output = CliRunner().invoke(app, ["check", "--config", str(site)]).output
    assert "elsewhere: No such file or directory" in output
