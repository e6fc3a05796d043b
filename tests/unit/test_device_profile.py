from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from devices.errors import ProfileError
from devices.profile import all_profiles, load_profile, load_profile_file

if TYPE_CHECKING:
    from pathlib import Path


def _table(name: str = "pot-modbus") -> str:
    return (resources.files("devices.profiles") / f"{name}.toml").read_text(encoding="utf-8")


def _load(tmp_path: Path, text: str, name: str = "pot-modbus") -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    load_profile_file(path)


def test_every_packaged_table_loads_under_its_own_name() -> None:
    profiles = all_profiles()
    assert {
        "pot-modbus",
        "pot-opcua",
        "soak-modbus",
        "packer-opcua",
        "scale-modbus",
        "storage-modbus",
    } <= profiles.keys()
    assert all(profile.id == name for name, profile in profiles.items())


def test_the_pot_says_what_its_table_says() -> None:
    pot = load_profile("pot-modbus")
    assert (pot.kind, pot.protocol, pot.handshake, pot.boil_delta_c, pot.vessel) == (
        "decoction",
        "modbus",
        "echo",
        0.5,
        "open",
    )
    assert pot.watchdog is not None
    assert (pot.watchdog.policy, pot.watchdog.timeout_s, pot.watchdog.heartbeat_s) == ("finish-phase", 15.0, 5.0)
    assert [parameter.name for parameter in pot.verbs["decoct"].parameters] == ["hold_s", "boil_centi_c"]
    assert pot.faults[1].zh == "干烧"
    assert pot.tags["ActualTemperature"].rate_per_s == 2.0
    assert [tag.name for tag in pot.scanned][:2] == ["SourceTime", "BootCount"]
    assert "Heartbeat" not in {tag.name for tag in pot.scanned}


def test_tags_of_a_modbus_table_take_its_word_order(tmp_path: Path) -> None:
    path = tmp_path / "pot-modbus.toml"
    path.write_text(_table().replace('word_order = "big"', 'word_order = "little"'), encoding="utf-8")
    assert {tag.word_order for tag in load_profile_file(path).tags.values()} == {"little"}


@pytest.mark.parametrize("name", ["", "nobody", "../site", "pot-modbus.toml", "pot_modbus"])
def test_an_unknown_profile_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(ProfileError, match="there is no profile") as error:
        load_profile(name)
    assert "pot-modbus" in error.value.advice


@pytest.mark.parametrize(
    ("was", "becomes", "place"),
    [
        ("period_s = 1.0", "period_s = 0", "period_s"),
        ("period_s = 1.0", "period_s = nan", "period_s"),
        ("timeout_s = 2.0", "timeout_s = 2026-01-01", "timeout_s"),
        ('kind = "decoction"', 'kind = "kettle"', "kind"),
        ('kind = "decoction"', 'kind = "scale"', "vessel, boil_delta_c"),
        ('handshake = "echo"', 'handshake = "hope"', "handshake"),
        ('handshake = "echo"', 'handshake = "read-only"', "command: a read-only machine has none"),
        ('maker = "reference"', 'maker = "reference"\ncolour = "red"', "colour"),
        ('protocol = "modbus"', 'protocol = "opcua"', "opcua: needed"),
        ("address = 5\n", "address = 4\n", "tags.StateCurrent.address: inside BootCount"),
        ("address = 5\n", 'node = "x"\n', "tags.StateCurrent: a Modbus tag has an address"),
        ("address = 5\n", "address = 70000\n", "tags.StateCurrent.address"),
        ('address = 5\ntype = "u16"', 'address = 5\ntype = "UInt16"', "tags.StateCurrent: a Modbus tag"),
        ('address = 5\ntype = "u16"', 'address = 5\ntype = "f32"', "tags.StateCurrent.type"),
        ("[tags.BootCount]", "[tags.Boots]", "tags.Boots: neither a reading nor a status word"),
        ("[tags.BootCount]", "[tags.Boots]", "tags.BootCount: missing"),
        ("[tags.Heartbeat]", "[tags.Bell]", "tags.Bell: the only tag we write"),
        ("low = -10.0", "low = 130.0", "tags.ActualTemperature.low: not below high"),
        ("low = -10.0", "low = -inf", "tags.ActualTemperature.low"),
        ("rise_per_s = 0.9", "rise_per_s = 2.5", "tags.ActualTemperature.rise_per_s: more than rate_per_s"),
        ("max_block = 125", "max_block = 3", "tags.SourceTime: wider than modbus.max_block"),
        ("heartbeat_s = 5", "heartbeat_s = 8", "watchdog.heartbeat_s: one lost beat"),
        ('policy = "finish-phase"', 'policy = "hope"', "watchdog.policy"),
        ('["checksum", "u16"],\n', "", "command.fields"),
        ("commit = 0xA55A\n", "", "command: Modbus needs address and commit"),
        ("code = 2\n", "code = 1\n", "verbs: a code is there twice"),
        ("low = 50, high = 40000", "low = 50, high = 40", "verbs.water.water_ml: low is above high"),
        ("low = 50, high = 40000", "low = 50, high = 4294967296", "verbs.water.parameters.0.high"),
        ('name = "herb_g"', 'name = "load_ml"', "verbs.charge.parameters: a name is there twice"),
        (
            '4 = { zh = "控制器心跳丢失", en = "controller heartbeat lost", word = "heartbeat" }',
            '4 = { zh = "控制器心跳丢失" }',
            "faults.4.en",
        ),
    ],
)
def test_a_wrong_table_is_refused_and_the_place_is_named(tmp_path: Path, was: str, becomes: str, place: str) -> None:
    text = _table()
    assert was in text
    with pytest.raises(ProfileError) as error:
        _load(tmp_path, text.replace(was, becomes, 1))
    assert f"pot-modbus.toml: {place}" in str(error.value)


def test_every_wrong_place_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as error:
        _load(tmp_path, _table().replace("period_s = 1.0", "period_s = 0").replace("code = 2", 'code = "two"'))
    assert "period_s" in str(error.value)
    assert "verbs.water.code" in str(error.value)


def test_a_method_may_not_be_the_node_of_a_tag(tmp_path: Path) -> None:
    text = _table("pot-opcua").replace('method = "Machine.PlaceOrder"', 'method = "Machine.Order"')
    with pytest.raises(ProfileError, match=r"command\.method"):
        _load(tmp_path, text, "pot-opcua")


@pytest.mark.parametrize("text", ["", "id = ", "tags = 3\nverbs = []", "\udcff"])
def test_what_is_no_table_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pot-modbus.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProfileError, match=r"pot-modbus\.toml"):
        load_profile_file(path)


def test_the_name_of_the_file_is_the_id(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="not the name of the file"):
        _load(tmp_path, _table(), "pot-other")


@pytest.mark.parametrize(
    ("name", "was", "becomes", "place"),
    [
        ("b", '2 = "Execute"', '2 = "Running"', "tags.StateCurrent.codes.2: 'Running' is none of"),
        ("b", '2 = "Execute"', "2 = 6", "tags.StateCurrent.codes.2: 6 is none of"),
        ("b", '2 = "Execute"', "2 = 0", "tags.StateCurrent.codes.2: 0 is none of"),
        ("b", '2 = "Execute"', "two = 6", "tags.StateCurrent.codes.two"),
        (
            "b",
            'type = "u16"\n[tags.StateCurrent.codes]',
            'type = "u32"\n[tags.StateCurrent.codes]',
            "tags.StateCurrent: ",
        ),
        ("b", "# minutes\nscale = 60", "# minutes\nscale = 0.5", "tags.TimeRemaining.scale"),
        ("b", "address = 1005\n", "address = 1005\nscale = 10\n", "tags.ErrorConditions.scale"),
        ("b", "scale = 0.001\n", "scale = 0\n", "tags.HeaterPower.scale: not above 0"),
        ("b", "scale = 0.001\n", "lost = 9999\n", "tags.HeaterPower.lost"),
        ("b", "high = 36000, scale = 60", "high = 36001, scale = 60", "verbs.decoct.hold_s: low and high are whole"),
        ("b", "high = 13000, scale = 10", "high = 13000, scale = 100", "verbs.decoct.boil_centi_c.scale: not finer"),
        ("b", "high = 10000 }", "high = 65536 }", "verbs.charge.herb_g: high does not fit u16"),
        ("b", '    ["verb", "u16"],\n', "", "command.fields: must have verb"),
        ("b", '    ["p1", "u16"],\n', '    ["p1", "text20"],\n', "verbs.charge.load_ml: high does not fit text20"),
        ("b", '    ["p1", "u16"],\n', '    ["power", "u16"],\n', "command.fields: each of"),
        (
            "b",
            '    ["commit", "u16"],\n]',
            '    ["commit", "u16"],\n    ["p4", "u16"],\n]',
            "command.fields: must have verb",
        ),
        ("b", 'handshake = "busy" ', 'handshake = "echo" ', "tags.Epoch: missing"),
        ("b", "tags.StateCurrent", "tags.Level2", "tags.StateCurrent: missing"),
        ("hopper", "default = 0", "default = 3601", "verbs.decoct.late_s: default is not between low and high"),
        ("c", '15 = "Aborted"', '16 = "Aborted"', "tags.StateCurrent.bits.16"),
        ("c", 'unset = "Stopped"', 'unset = "Off"', "tags.StateCurrent.unset: 'Off' is none of"),
        ("c", "15 = 99", "15 = 98", "tags.ErrorConditions.bits.15: [faults] has no 98"),
        (
            "c",
            "[tags.UnitModeCurrent.bits]\n3",
            "[tags.UnitModeCurrent.codes]\n3",
            "tags.UnitModeCurrent.address: inside",
        ),
        (
            "c",
            "[tags.StepCurrent.bits]",
            '[tags.StepCurrent.codes]\n0 = "None"\n[tags.StepCurrent.bits]',
            "tags.StepCurrent: codes or bits",
        ),
    ],
)
def test_a_wrong_word_in_the_language_of_a_maker_is_refused_and_the_place_is_named(
    tmp_path: Path, name: str, was: str, becomes: str, place: str
) -> None:
    text = _table(f"pot-modbus-{name}")
    assert was in text
    with pytest.raises(ProfileError) as error:
        _load(tmp_path, text.replace(was, becomes), f"pot-modbus-{name}")
    assert f"pot-modbus-{name}.toml: {place}" in str(error.value)


def test_codes_and_bits_are_words_of_registers_alone(tmp_path: Path) -> None:
    text = _table("pot-opcua").replace(
        "[tags.UnitModeCurrent]", '[tags.StateCurrent.codes]\n0 = "Idle"\n[tags.UnitModeCurrent]'
    )
    with pytest.raises(ProfileError, match=r"tags\.StateCurrent: codes or bits"):
        _load(tmp_path, text, "pot-opcua")


def test_a_machine_on_no_wire_has_nothing_to_read_or_write(tmp_path: Path) -> None:
    manual = load_profile("pot-manual")
    assert (manual.by_hand, manual.tags, manual.scanned, manual.command) == (True, {}, (), None)
    text = (resources.files("devices.profiles") / "pot-manual.toml").read_text(encoding="utf-8")
    path = tmp_path / "pot-manual.toml"
    path.write_text(
        text.replace('"none"        #', '"busy"        #') + '[tags.Level]\ntype = "u16"\n', encoding="utf-8"
    )
    with pytest.raises(ProfileError, match="on no wire has none") as caught:
        load_profile_file(path)
    assert "on no wire has 'none'" in str(caught.value)
