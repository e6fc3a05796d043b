"""Chores and logs: copies that can be restored, an anchor at the end, failures told; and no word of a patient in a log."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from controller import logs
from controller.config import load_config
from controller.formulary import load_alarms
from controller.model.alarm import Ailment
from controller.model.floor import Floor
from controller.model.intents import ReportSelf
from controller.runtime import housekeeping as chores
from controller.runtime.ailments import Ailments
from controller.store import Store, restore
from devices.errors import LinkDown
from tests.runtime_fakes import HandClock
from tests.unit.test_config import GOOD, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(written(tmp_path, GOOD))


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    store = Store.open(config.database, line=config.line)
    store.take_mastery()
    yield store
    store.close()


def test_backups_are_made_while_the_line_runs_and_the_last_seven_are_kept(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store.add_key("admin", "admin", "", "0" * 64)
    folder = config.site.state / chores.BACKUP_FOLDER
    folder.mkdir()
    for day in range(1, 9):
        (folder / f"B-2026010{day}T030000.db").write_bytes(b"old")
    chores.back_up(config)
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == chores.BACKUPS_KEPT
    assert kept[0] == "B-20260103T030000.db"
    restore(f"sqlite:///{tmp_path / 'again.db'}", folder / kept[-1])
    again = Store.open_readonly(f"sqlite:///{tmp_path / 'again.db'}", line=config.line)
    assert [row.id for row in again.keys()] == ["admin"]  # noqa: SIM118 - not a mapping
    again.close()


async def test_where_the_journal_stands_is_written_down_at_the_end(config: Config, store: Store) -> None:
    with chores.housekeeping(config, store, HandClock(), Ailments(lambda _: None, load_alarms().rules, Floor())):
        assert not (config.site.state / chores.ANCHOR_FILE).exists()
    (line,) = (config.site.state / chores.ANCHOR_FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["line"] == config.line


async def test_a_chore_that_fails_is_told_and_harms_nobody() -> None:
    async def failing() -> str:
        raise OSError(28, "no space left")

    posted: list[ReportSelf] = []
    with structlog.testing.capture_logs() as told:
        await chores.Chores({"backup": failing}, Ailments(posted.append, load_alarms().rules, Floor())).do("backup")
    assert [(entry["event"], entry["chore"]) for entry in told] == [("chore-failed", "backup")]
    assert posted == [ReportSelf(Ailment.CHORE_FAILED, "no space left", "backup")]


def test_damage_is_told_loudly(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(store, "integrity", lambda: ["page 3 is lost"])
    with structlog.testing.capture_logs() as told:
        assert chores.look_through(store) == "page 3 is lost"
    assert [(entry["event"], entry["log_level"]) for entry in told] == [("database-damaged", "critical")]


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.set_up(tmp_path / "log" / "controller.jsonl")
    yield tmp_path / "log" / "controller.jsonl"
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def entries(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line_of_json_with_readable_chinese(log_file: Path) -> None:
    structlog.get_logger().info("link", machine="煎药机01\n{", link="stale")
    assert "煎药机01" in log_file.read_text(encoding="utf-8")
    (entry,) = entries(log_file)
    assert (entry["event"], entry["machine"], entry["level"]) == ("link", "煎药机01\n{", "info")


def test_an_exception_is_told_by_type_and_place_and_not_by_its_words(log_file: Path) -> None:
    try:
        raise ExceptionGroup("测试患者001", [KeyError("测试患者001"), ValueError("13800000000")])
    except ExceptionGroup as error:
        structlog.get_logger().error("intent-failed", exc_info=error)
        logging.getLogger("uvicorn.error").exception("it failed")
    ours, theirs = entries(log_file)
    assert ours["error"]["type"] == theirs["error"]["type"] == "ExceptionGroup"
    assert [inner["type"] for inner in ours["error"]["of"]] == ["KeyError", "ValueError"]
    assert any("test_runtime_housekeeping.py" in place for place in ours["error"]["at"])
    text = log_file.read_text(encoding="utf-8")
    assert "测试患者001" not in text
    assert "13800000000" not in text


def test_the_words_of_a_machine_failure_are_kept(log_file: Path) -> None:
    structlog.get_logger().error("machine-fault", exc_info=LinkDown("refused", machine="pot-01"))
    assert entries(log_file)[0]["error"]["message"] == "pot-01: refused"


def test_libraries_that_tell_of_every_attempt_are_quiet(log_file: Path) -> None:
    logging.getLogger("asyncua.client.ua_client").error("Publish iteration crashed")
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("devices.poller").error("listener failed")
    assert [entry["event"] for entry in entries(log_file)] == ["listener failed"]
