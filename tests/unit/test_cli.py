"""The command line: it answers at once, names everything that is wrong, and works with and without a controller."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from controller.api.server import listen
from controller.cli import COMMANDS, app, check
from controller.config import load_config
from controller.demo.folder import HOME
from controller.model.codes import make_code
from controller.store import Store
from devices.profile import Readiness

ROOT_FILES = ("config.toml", "stock.toml", "people.toml")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example site to stand in."""
    for name in ROOT_FILES:
        (tmp_path / name).write_bytes((HOME / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def decoction(*arguments: str, said: str = "") -> tuple[int, str]:
    """Call the command line; return exit code and everything it wrote."""
    result = CliRunner().invoke(app, list(arguments), input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_help_is_there_before_anything_heavy_was_imported() -> None:
    heavy = "{'sqlalchemy', 'pydantic', 'fastapi', 'pymodbus', 'asyncua', 'textual', 'httpx'}"
    code = (
        "import sys; from controller.cli import app; sys.argv = ['decoction', '--help']\n"
        f"try: app()\nexcept SystemExit: print(sorted({heavy} & sys.modules.keys()), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert result.stderr.strip() == "[]"
    assert all(name in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says_itself(name: str) -> None:
    module, words = COMMANDS[name]
    thing = getattr(import_module(f"controller.cli.{module}"), name)
    told = thing.info.help if isinstance(thing, typer.Typer) else thing.__doc__.splitlines()[0]
    assert told == words


def test_an_unknown_command_is_a_wrong_question() -> None:
    code, said = decoction("brew")
    assert code == 2
    assert "brew" in said


def test_check_finds_nothing_wrong_with_the_example() -> None:
    assert decoction("check", "--config", str(HOME / "config.toml"))[0] == 0


def test_check_names_everything_that_is_wrong_at_once(site: Path) -> None:
    config = (site / "config.toml").read_text(encoding="utf-8")
    config = config.replace('profile = "scale-modbus"', 'profile = "scale-x"', 1)
    (site / "config.toml").write_text(config, encoding="utf-8")
    stock = (site / "stock.toml").read_text(encoding="utf-8")
    stock = stock.replace('herb = "艾叶"', 'herb = "艾草叶"', 1).replace('zone = "toxic"', 'zone = "attic"', 1)
    (site / "stock.toml").write_text(stock, encoding="utf-8")
    (site / "people.toml").write_text('[[person]]\nbadge = "A-1"\nname = "测试"\nroles = ["cook"]\n', encoding="utf-8")
    code, said = decoction("check")
    assert code == 1
    for place in ("scale-x", "lot[0].herb: '艾草叶'", "'attic'", "person[0].roles"):
        assert place in said


def test_check_says_which_check_character_a_label_of_ones_own_needs(site: Path) -> None:
    config = (site / "config.toml").read_text(encoding="utf-8")
    own = make_code("V", "HANDPOT1")
    known = re.search(r'^code = "(V-[0-9A-Z]+)"$', config, re.MULTILINE)
    assert known
    (site / "config.toml").write_text(config.replace(known[1], own[:-1]), encoding="utf-8")
    code, said = decoction("check")
    assert code == 1
    assert f"which makes it {own}" in said
    (site / "config.toml").write_text(config.replace(known[1], own), encoding="utf-8")
    assert decoction("check")[0] == 0


def test_a_controller_whose_port_is_taken_says_which(site: Path) -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = (site / "config.toml").read_text(encoding="utf-8")
        (site / "config.toml").write_text(
            re.sub(r"^port = \d+$", f"port = {port}", config, flags=re.MULTILINE), "utf-8"
        )
        command = [sys.executable, "-m", "controller", "run"]
        ended = subprocess.run(command, cwd=site, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.usefixtures("site")
def test_check_goes_on_to_every_file_behind_a_wrong_one() -> None:
    text = Path("config.toml").read_text(encoding="utf-8")
    text = text.replace("port = 8080", "port = 0").replace("celsius = [", "celsius = [90, ", 1)
    text = text.replace('stock = "stock.toml"', 'stock = "stock.toml"\nrecipes = "recipes.toml"')
    text = text.replace('profile = "scale-modbus"', 'profile = "scale-x"').replace(
        'timezone = "Asia', 'timezone = "Azia'
    )
    Path("config.toml").write_text(text, encoding="utf-8")
    Path("stock.toml").write_text(
        Path("stock.toml").read_text(encoding="utf-8").replace('herb = "艾叶"', 'herb = "艾草叶"', 1), encoding="utf-8"
    )
    Path("people.toml").write_text('[[person]]\nbadge = "A-1"\nname = "测试"\nroles = ["packer"]\n', encoding="utf-8")
    Path("recipes.toml").write_text("of_nothing = 3\n", encoding="utf-8")
    code, said = decoction("check")
    assert code == 1
    for place in (
        "config.toml: api.port",
        "config.toml: zone[0].celsius",
        "config.toml: site.timezone",
        "config.toml: machine scale-1: profile 'scale-x'",
        "config.toml: machine scale-2: profile 'scale-x'",
        "stock.toml: lot[0].herb: '艾草叶'",
        "people.toml: person[0].badge: 'A-1'",
        "recipes.toml: of_nothing",
    ):
        assert place in said, said
    assert "there is no zone" not in said


@pytest.mark.usefixtures("site")
def test_a_row_that_does_not_fit_its_shape_hides_nothing_else_of_itself_or_of_others() -> None:
    Path("stock.toml").write_text(
        """
        [[lot]]
        id = "L-1"
        herb = "艾草叶"
        inspection = "maybe"
        zone = "attic"
        drawer = "D-1"
        [[lot]]
        id = "L-1"
        herb = 3
        inspection = "passed"
        drawer = "D-1"
        """,
        encoding="utf-8",
    )
    Path("people.toml").write_text(
        """
        person = [
            {badge = "A-1", roles = ["cook"]},
            {badge = "A-1", name = "", roles = []},
            {badge = 3, name = "测试", roles = ["packer"]},
        ]
        """,
        encoding="utf-8",
    )
    code, said = decoction("check")
    assert code == 1
    for place in (
        "stock.toml: lot[0].inspection: ",
        "stock.toml: lot[0].producer",
        "stock.toml: lot[0].herb: '艾草叶'",
        "stock.toml: lot[0].zone: there is no zone 'attic'",
        "stock.toml: lot[0].drawer: 'D-1'",
        "stock.toml: lot.id: 'L-1' is there twice",
        "stock.toml: lot[1].herb: Input",
        "stock.toml: lot[1].drawer: 'D-1'",
        "stock.toml: no lot of 桂枝",
        "people.toml: person[0].name",
        "people.toml: person[0].roles[0]",
        "people.toml: person[0].badge: 'A-1'",
        "people.toml: person[1].name",
        "people.toml: person[1].roles",
        "people.toml: person[1].badge: 'A-1' is person[0]'s",
        "people.toml: person[2].badge: Input",
    ):
        assert said.count(place) == 1, (place, said)


def test_a_recipe_file_that_is_not_there_is_named_once(site: Path) -> None:
    text = (site / "config.toml").read_text(encoding="utf-8")
    text = text.replace('stock = "stock.toml"', 'stock = "stock.toml"\nrecipes = "mine.toml"')
    (site / "config.toml").write_text(text, encoding="utf-8")
    code, said = decoction("check")
    assert (code, said.count("mine.toml")) == (1, 1)
    assert "mine.toml: 没有这个文件 (no such file)" in said


def test_a_machine_that_is_monitor_only_is_a_warning_and_no_error(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, _ = check._profiles(None)
    untried = Readiness(link="done", monitor="done", command="todo")
    changed = {
        name: replace(sound[name], readiness=untried) for name in ("pot-modbus", "packer-opcua") if name in sound
    }
    monkeypatch.setattr(check, "_profiles", lambda _own: ({**sound, **changed}, {}))
    code, said = decoction("check")
    assert code == 0, said
    assert said.count("只监不控 / monitor only: profile 'pot-modbus' has not passed level command") == 12
    assert "machine pack-1: 只监不控 / monitor only" in said
    assert "machine pot-03: 不排产 / no work: its packer pack-3 is monitor only" in said
    assert "没有错误 / no errors" in said


def test_a_profile_that_is_broken_hides_no_other_machine(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = (site / "config.toml").read_text(encoding="utf-8")
    (site / "config.toml").write_text(
        config.replace('profile = "scale-modbus"', 'profile = "scale-x"', 1), encoding="utf-8"
    )
    sound, _ = check._profiles(None)
    broken = {"pot-modbus": "pot-modbus.toml: tags.SourceTime: missing"}
    left = {name: profile for name, profile in sound.items() if name not in broken}
    monkeypatch.setattr(check, "_profiles", lambda _own: (left, broken))
    code, said = decoction("check")
    assert (code, "tags.SourceTime: missing" in said, "profile 'scale-x'" in said) == (1, True, True)
    assert "'pot-modbus' is not one" not in said, "the file is wrong, not the machines"


def test_check_says_which_herb_no_lot_can_give(site: Path) -> None:
    rows = [row for row in (site / "stock.toml").read_text(encoding="utf-8").splitlines() if '"桂枝"' not in row]
    (site / "stock.toml").write_text("\n".join(rows), encoding="utf-8")
    code, said = decoction("check")
    assert (code, "no lot of 桂枝 that passed inspection" in said) == (1, True)


def test_a_missing_site_file_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("check", "verify", "run"):
        code, said = decoction(command)
        assert (code, said.splitlines()[0]) == (1, "config.toml: 没有这个文件 (no such file)")
        assert "Traceback" not in said


@pytest.mark.usefixtures("site")
def test_people_are_entered_changed_and_disabled_without_a_controller() -> None:
    code, said = decoction("user", "add", "测试药师07", "--role", "pharmacist", "--role", "checker", said="482913\n")
    assert code == 0, said
    badge = said.split()[0]
    assert decoction("user", "add", "测试药师08", "--role", "pharmacist", "--badge", badge, said="\n")[0] == 0
    assert "测试药师08" in decoction("user", "list")[1]
    assert decoction("user", "disable", badge)[0] == 0
    assert "disabled" in decoction("user", "list")[1]
    store = Store.open_readonly(load_config(Path("config.toml")).database)
    assert (store.pin_hash(badge) or "").startswith("$argon2id$")
    store.close()
    assert decoction("verify")[0] == 0


@pytest.mark.usefixtures("site")
def test_a_role_that_nobody_has_is_refused_without_a_controller() -> None:
    code, said = decoction("user", "add", "测试", "--role", "cook", said="\n")
    assert (code, "pharmacist" in said) == (1, True)


@pytest.mark.usefixtures("site")
def test_keys_are_made_listed_and_revoked_without_a_controller() -> None:
    code, said = decoction("key", "add", "hospital", "RS-TCM")
    key_id, key = said.split()
    assert (code, len(key) > 40) == (0, True)
    assert key_id in decoction("key", "list")[1]
    assert decoction("key", "revoke", key_id)[0] == 0
    assert "revoked" in decoction("key", "list")[1]
    assert decoction("key", "add", "hospital", "RS-NOWHERE")[0] == 1
    assert decoction("key", "revoke", "nobody")[0] == 1


@pytest.mark.usefixtures("site")
def test_nothing_is_changed_behind_a_master() -> None:
    store = Store.open(load_config(Path("config.toml")).database)
    try:
        code, said = decoction("key", "add", "floor")
    finally:
        store.close()
    assert (code, "in the hands of process" in said) == (1, True)


@pytest.mark.usefixtures("site")
def test_a_backup_is_restored_and_verified(tmp_path: Path) -> None:
    assert decoction("user", "add", "测试药师07", "--role", "pharmacist", said="\n")[0] == 0
    copy = tmp_path / "copy.db"
    assert decoction("backup", str(copy))[0] == 0
    assert decoction("backup", str(copy))[0] == 1
    assert decoction("user", "add", "测试药师08", "--role", "pharmacist", said="\n")[0] == 0
    assert decoction("restore", str(copy))[0] == 0
    people = decoction("user", "list")[1]
    assert ("测试药师07" in people, "测试药师08" in people) == (True, False)
    assert decoction("verify")[0] == 0


@pytest.mark.usefixtures("site")
def test_verify_without_an_anchor_says_what_it_cannot_find() -> None:
    decoction("user", "add", "测试药师07", "--role", "pharmacist", said="\n")
    assert "anchor" in decoction("verify")[1]


@pytest.mark.usefixtures("site")
def test_a_record_needs_a_controller_and_says_so() -> None:
    code, said = decoction("record", "20261122-0001")
    assert (code, "Traceback" in said) == (1, False)
