"""What simulated staff are told: a site file that lacks something says so in words, everything at once, before anybody works."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from controller.demo.layout import MINUTES, toml_value
from controller.staff.settings import ACTS, SettingsError, load_keys, load_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.toml").read_text(encoding="utf-8")
WITHOUT_STAFF = EXAMPLE.partition("[staff]")[0] + "[[hospital]]" + EXAMPLE.partition("[[hospital]]")[2]


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load_settings(written(folder, text))
    return str(error.value).splitlines()


def test_the_example_has_everything_and_every_act_has_its_minutes() -> None:
    settings = load_settings(ROOT / "config.toml")
    assert settings.minutes.keys() == MINUTES.keys() == set(ACTS)
    assert len(settings.pails) == 60


def test_a_site_without_staff_is_told_as_that(tmp_path: Path) -> None:
    (line,) = told(tmp_path, WITHOUT_STAFF)
    assert line.startswith(f"{tmp_path / 'config.toml'}: 缺少 [staff] 表")
    assert "there is no table [staff]" in line


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    text = (
        EXAMPLE.replace("review = 2.0\n", "").replace("draw = 0.4", 'draw = "soon"').replace("hold = 3.0", "hold = -1")
    )
    text = text.replace("transit_minutes = 60\n", "").replace('kind = "release"', 'kind = "dispatch"')
    lines = told(tmp_path, text)
    for place in (
        "staff.minutes.review",
        "staff.minutes.draw",
        "staff.minutes.hold",
        "staff.transit_minutes",
        "kind release",
    ):
        assert sum(place in line for line in lines) == 1, lines
    assert len(lines) == 5


@pytest.mark.parametrize("key", ["staff", "station", "pails"])
@pytest.mark.parametrize("value", [3, [3], {"a": 1}, [{"kind": "review"}]])
def test_tables_of_any_shape_are_only_told(tmp_path: Path, key: str, value: object) -> None:
    raw = tomllib.loads(EXAMPLE) | {key: value}
    assert told(tmp_path, "".join(f"{name} = {toml_value(part)}\n" for name, part in raw.items()))


def test_what_check_would_find_is_sent_there(tmp_path: Path) -> None:
    (line,) = told(tmp_path, EXAMPLE.replace('id = "review-1"', ""))
    assert "decoction check" in line


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(tmp_path / "config.toml")
    assert str(error.value) == f"{tmp_path / 'config.toml'}: 没有这个文件 (no such file)"
    with pytest.raises(SettingsError) as error:
        load_keys(tmp_path / "keys.json")
    assert str(error.value).count("keys.json") == 1


@pytest.mark.parametrize("text", [None, WITHOUT_STAFF])
def test_the_command_says_it_on_standard_error_and_exits_with_1(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        written(tmp_path, text)
    done = subprocess.run(
        [sys.executable, "-m", "controller", "staff"],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("config.toml: ")
