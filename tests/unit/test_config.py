"""The site file: what is right becomes a Config, what is wrong is named all at once, each by its place."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from controller.config import ConfigError, load_config, read_config
from controller.model.codes import PAIL, VESSEL, make_code
from controller.model.people import Station, StationKind
from controller.model.stock import Zone

ROOT = Path(__file__).resolve().parents[2]
POT, PAIL_1 = make_code(VESSEL, "POT1234567ABCDEF"), make_code(PAIL, "PAIL234567ABCDEF")
GOOD = f"""
    [site]
    name = "测试煎药中心"
    [clock]
    speed = 20
    [line]
    id = "B"
    [api]
    port = 8081
    requests_per_minute = 600
    [paths]
    state = "state"
    [staff]
    transit_minutes = 60
    [staff.script.T-0001]
    act = "cancel"
    [[hospital]]
    code = "RS-TCM"
    name = "测试医院"
    [[courier]]
    id = "courier-1"
    name = "测试快递"
    [[station]]
    id = "review-1"
    kind = "review"
    name_zh = "审方台"
    name_en = "review desk"
    [[zone]]
    id = "room"
    name_zh = "常温区"
    name_en = "room"
    celsius = [10, 30]
    humidity = [35, 75.5]
    sensor = "store-1"
    [pails]
    codes = ["{PAIL_1}"]
    [[machine]]
    id = "pot-01"
    kind = "decoction"
    profile = "pot-modbus"
    url = "modbus://127.0.0.1:15001/1"
    code = "{POT}"
    volume_ml = [800, 6000]
    use = "internal"
    [[machine]]
    id = "store-1"
    kind = "storage"
    profile = "storage-modbus"
    url = "modbus://127.0.0.1:15002/1"
    zone = "room"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as error:
        load_config(written(folder, text))
    return error.value.problems


def test_a_good_file_becomes_a_config(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    assert (config.line, config.host, config.port, config.requests_per_minute) == ("B", "127.0.0.1", 8081, 600)
    assert (dict(config.hospitals), dict(config.couriers)) == ({"RS-TCM": "测试医院"}, {"courier-1": "测试快递"})
    assert config.stations == (Station("review-1", StationKind.REVIEW, "审方台", "review desk"),)
    assert config.zones == (Zone("room", "常温区", "room", (10.0, 30.0), (35.0, 75.5), "store-1"),)
    assert config.pails == {PAIL_1}
    assert config.site.speed == 20
    assert config.staff["script"] == {"T-0001": {"act": "cancel"}}
    assert config.timezone.key == "Asia/Shanghai"


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    assert config.stock == tmp_path / "stock.toml"
    assert config.people == tmp_path / "people.toml"
    assert config.site.state == tmp_path / "state"
    assert config.sqlite == tmp_path / "state" / "line.db"
    assert config.database == f"sqlite:///{tmp_path}/state/line.db"
    given = load_config(written(tmp_path, GOOD + '[database]\nurl = "sqlite:///other/x.db"\n'))
    assert given.sqlite == tmp_path / "other" / "x.db"


def test_a_server_is_a_database_without_a_file(tmp_path: Path) -> None:
    url = "postgresql+psycopg://line@db/line"
    config = load_config(written(tmp_path, GOOD + f'[database]\nurl = "{url}"\n'))
    assert (config.database, config.sqlite) == (url, None)


def test_the_example_at_the_root_is_a_good_file() -> None:
    config = load_config(ROOT / "config.toml")
    assert len([machine for machine in config.site.machines.values() if machine.kind == "decoction"]) == 18


def test_every_problem_is_named_at_once_with_its_place(tmp_path: Path) -> None:
    wrong = GOOD.replace('kind = "review"', 'kind = "revue"').replace("port = 8081", "port = 80000")
    wrong = wrong.replace("[10, 30]", "[10]").replace("requests_per_minute", "requests_per_second")
    found = "\n".join(problems(tmp_path, wrong))
    for place in ("station[0].kind", "api.port", "zone[0].celsius", "api.requests_per_second"):
        assert f"config.toml: {place}" in found


def test_a_wrong_shape_hides_no_contradiction_and_no_wrong_machine(tmp_path: Path) -> None:
    wrong = GOOD.replace("port = 8081", 'port = "x"').replace("speed = 20", "speed = 2000")
    wrong = wrong.replace('name = "测试医院"', 'name = ""\n[[hospital]]\ncode = "RS-TCM"\nname = "又一家"')
    wrong = wrong.replace('zone = "room"', 'zone = "cellar"').replace("[35, 75.5]", "[75.5, 35]")
    wrong = wrong.replace('sensor = "store-1"', 'sensor = "pot-01"').replace(PAIL_1, "T-1")
    found = problems(tmp_path, wrong)
    for place in (
        "clock.speed",
        "api.port",
        "hospital[0].name",
        "hospital: 'RS-TCM' is there twice",
        "machine store-1.zone: there is no zone 'cellar'",
        "zone[0].humidity: low is not below high",
        "zone[0].sensor: 'pot-01'",
        "pails.codes: 'T-1'",
    ):
        assert any(problem.startswith(f"config.toml: {place}") for problem in found), (place, found)
    assert len(found) == 8


@pytest.mark.parametrize("rows", ["3", "[3]", '[{id = 3, sensor = ["x"], celsius = "warm"}]', '"x"'])
@pytest.mark.parametrize("key", ["machine", "station", "courier", "zone", "hospital", "pails", "site", "line", "staff"])
def test_a_table_of_any_shape_is_only_ever_a_problem(tmp_path: Path, key: str, rows: str) -> None:
    assert any(key in problem for problem in problems(tmp_path, f"{key} = {rows}\n"))


def test_what_is_right_can_be_read_beside_what_is_wrong(tmp_path: Path) -> None:
    wrong = GOOD.replace("celsius = [10, 30]", "celsius = 20").replace("[api]", "[api]\nhost = 3")
    wrong = wrong.replace('name = "测试煎药中心"', 'timezone = "Asia/Nowhere"')
    config, found = read_config(written(tmp_path, wrong))
    assert len(found) == 3
    assert (config.line, config.port, config.timezone.key) == ("B", 8080, "UTC")
    assert ([zone.id for zone in config.zones], len(config.site.machines)) == (["room"], 2)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (POT, POT[:-1] + ("A" if POT[-1] != "A" else "B"), "machine pot-01.code"),
        (POT, "pot-01", "machine pot-01.code"),
        (PAIL_1, POT, "machine.code, pails.codes"),
        ('zone = "room"', 'zone = "cellar"', "machine store-1.zone"),
        ('sensor = "store-1"', 'sensor = "pot-01"', "zone[0].sensor"),
        ("celsius = [10, 30]", "celsius = [30, 10]", "zone[0].celsius"),
        ('id = "courier-1"', 'id = "review-1"', "station, courier: 'review-1' is there twice"),
        ("volume_ml", "volume", "machine[0].volume: not a key"),
        ('kind = "decoction"', 'kind = "kettle"', "machine[0].kind"),
        ("speed = 20", "speed = 2000", "clock.speed"),
        ('name = "测试煎药中心"', 'timezone = "Asia/Nowhere"', "site.timezone"),
        ("[line]", "[lines]", "lines"),
    ],
)
def test_a_contradiction_is_named_by_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(told in problem for problem in found), found


def test_a_file_that_is_no_toml_or_not_there_is_one_problem(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[site\n")) == 1
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(ConfigError) as error:
        load_config(missing)
    assert error.value.problems == (f"{missing}: 没有这个文件 (no such file)",)
    with pytest.raises(ConfigError, match="Is a directory") as error:
        load_config(tmp_path)
    assert str(error.value).count(str(tmp_path)) == 1
