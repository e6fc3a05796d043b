from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from devices.errors import SiteError
from devices.site import load_site, read_site

POT = """
[[machine]]
id = "pot-03"
kind = "decoction"
profile = "pot-modbus"
url = "modbus://127.0.0.1:15003/1"
volume_ml = [2500, 20000]
use = "internal"
packer = "pack-1"
"""
PACKER = """
[[machine]]
id = "pack-1"
kind = "packing"
profile = "packer-opcua"
url = "opc.tcp://127.0.0.1:4840"
waiver = "opcua-none"
code = "P-1"
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_is_read_with_its_machines_in_order(tmp_path: Path) -> None:
    text = '[site]\nname = "玉里"\npressure_kpa = 62.5\n[clock]\nspeed = 60\n[paths]\nstate = "state"\n' + POT + PACKER
    site = load_site(_file(tmp_path, text))
    assert (site.name, site.pressure_kpa, site.speed, site.timezone) == ("玉里", 62.5, 60, "Asia/Shanghai")
    assert site.state == tmp_path / "state"
    assert list(site.machines) == ["pot-03", "pack-1"]
    pot, packer = site.machines.values()
    assert (pot.volume_ml, pot.packer, pot.code, pot.waiver) == ((2500, 20000), "pack-1", "pot-03", "")
    assert (packer.code, packer.waiver, packer.volume_ml) == ("P-1", "opcua-none", (0, 0))


def test_an_empty_file_is_a_site_without_machines_at_sea_level_in_real_time(tmp_path: Path) -> None:
    site = load_site(_file(tmp_path, ""))
    assert (site.pressure_kpa, site.pressure_cooking, site.speed, dict(site.machines)) == (101.3, False, 1, {})
    assert site.state == tmp_path / "var"


def test_tables_of_the_controller_are_none_of_our_business(tmp_path: Path) -> None:
    load_site(_file(tmp_path, '[api]\nport = "x"\n[[hospital]]\ncode = 1'))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[clock]\nspeed = 0", "clock.speed"),
        ("[clock]\nspeed = 241", "clock.speed"),
        ("[clock]\nspeed = true", "clock.speed"),
        ("[site]\npressure_kpa = 20", "site.pressure_kpa"),
        ("[site]\npressure_kpa = nan", "site.pressure_kpa"),
        ("[site]\npressure_cooking = 1", "site.pressure_cooking"),
        ("[site]\nname = 3", "site.name"),
        ("site = 3", "config.site"),
        ("machine = 3", "config.machine"),
        (PACKER.replace('id = "pack-1"', 'id = ""'), "machine[0].id"),
        (PACKER.replace('"packing"', '"kettle"'), "machine[0].kind"),
        (PACKER.replace("opc.tcp://", "http://"), "machine[0].url"),
        (PACKER + PACKER, "machine[1].id: 'pack-1' is there twice"),
        (POT, "pot-03: packer 'pack-1'"),
        (POT.replace("[2500, 20000]", "[20000, 2500]") + PACKER, "machine[0].volume_ml"),
        (POT.replace("[2500, 20000]", "[2500]") + PACKER, "machine[0].volume_ml"),
        ("[site", "config.toml"),
    ],
)
def test_a_wrong_place_is_named(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(SiteError) as error:
        load_site(_file(tmp_path, text))
    assert place in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"nowhere\.toml"):
        load_site(tmp_path / "nowhere.toml")


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    wrong = POT.replace('"decoction"', '"kettle"').replace("modbus://", "http://") + "colour = 1\n"
    text = "[site]\nname = 3\npressure_kpa = 20\n[clock]\nspeed = 1.5\n" + wrong + PACKER.replace("waiver", "weaver")
    with pytest.raises(SiteError) as error:
        load_site(_file(tmp_path, text))
    places = [line.partition(":")[0] for line in str(error.value).splitlines()]
    assert sorted(places) == [
        "clock.speed", "machine[0].colour", "machine[0].kind", "machine[0].url", "machine[1].weaver", "site.name",
        "site.pressure_kpa",
    ]  # fmt: skip


def test_what_is_right_beside_what_is_wrong_can_be_read() -> None:
    raw = tomllib.loads(
        "[clock]\nspeed = 0\n" + POT + PACKER + PACKER.replace("pack-1", "pack-2").replace("url", "uri")
    )
    site, problems = read_site(raw, base=Path())
    assert (site.speed, list(site.machines)) == (1, ["pot-03", "pack-1"])
    assert len(problems) == 3
