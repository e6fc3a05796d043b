"""A chore that fails and a database that is damaged are alarms, until the chore is done and the damage is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from controller.config import load_config
from controller.formulary import load_alarms
from controller.model.alarm import Ailment, AlarmState
from controller.model.intents import AcknowledgeAlarm
from controller.runtime import housekeeping, last_words
from controller.runtime.ailments import Ailments
from controller.runtime.housekeeping import BACKUP_FOLDER, Chores, back_up, look_through, verified
from controller.runtime.reasons import words_of
from controller.store import CommitUnknown, Group, MasteryLost, Store, StoreError, StoreFailed
from tests.pure_line import PureLine, badge
from tests.unit.test_config import GOOD, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.config import Config

RULES = load_alarms().rules


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(written(tmp_path, GOOD))


@pytest.fixture
def store(config: Config, line: PureLine) -> Iterator[Store]:
    """The line's past in a database."""
    store = Store.open(config.database, line=config.line)
    store.take_mastery()
    store.commit(Group(facts=line.facts, rows=line.floor.touched))
    yield store
    store.close()


def ailments_of(line: PureLine) -> Ailments:
    """Of a process that starts on the floor as it is, and tells it."""
    return Ailments(lambda intent: line.must(intent) and None, RULES, line.floor)


def state_of(line: PureLine, alarm: str) -> AlarmState:
    found = line.floor.alarms.get(alarm)
    return AlarmState.NORMAL if found is None else found.state


def rewrite_fact_3(config: Config, old: str, new: str) -> None:
    """Do what somebody with the file and a shell can do."""
    assert config.sqlite is not None
    with closing(sqlite3.connect(config.sqlite, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE facts SET body = replace(body, ?, ?) WHERE seq = 3", (old, new))


async def backing_up(config: Config) -> str:
    back_up(config)
    return ""


async def test_a_backup_that_cannot_be_made_is_an_alarm_until_one_is_made(
    config: Config, store: Store, line: PureLine
) -> None:
    in_the_way = config.site.state / BACKUP_FOLDER
    in_the_way.write_bytes(b"not a folder")
    chores = Chores({"backup": lambda: backing_up(config)}, ailments_of(line))
    for _ in range(3):
        await chores.do("backup")
    alarm = line.floor.alarms["chore-failed:backup"]
    assert (alarm.state, alarm.recurrences) == (AlarmState.UNACK, 0), "it is said once"
    assert alarm.detail == f"File exists: {in_the_way}"
    await chores.do_again()
    assert state_of(line, alarm.id) is AlarmState.UNACK
    in_the_way.unlink()
    await chores.do_again()
    assert state_of(line, alarm.id) is AlarmState.RTNUN
    assert len(list(in_the_way.glob("*.db"))) == 1
    await chores.do_again()
    assert len(list(in_the_way.glob("*.db"))) == 1, "what is done is left in peace"


async def test_what_a_former_process_left_undone_is_done_again_by_the_next(
    config: Config, store: Store, line: PureLine
) -> None:
    ailments_of(line).chore("backup", "Permission denied")
    chores = Chores({"backup": lambda: backing_up(config)}, ailments_of(line))
    await chores.do_again()
    assert state_of(line, "chore-failed:backup") is AlarmState.RTNUN


async def test_a_broken_chain_is_found_by_a_check_of_the_whole_and_is_an_alarm_to_be_seen(
    config: Config, store: Store, line: PureLine
) -> None:
    chores = Chores({"verify": lambda: verified(config.path, config.site.state / "anchor.jsonl")}, ailments_of(line))
    await chores.do("verify")
    assert not line.floor.alarms
    rewrite_fact_3(config, "pot-03", "pot-02")
    await chores.do("verify")
    alarm = line.floor.alarms["database-damaged:verify"]
    assert (alarm.state, alarm.priority) == (AlarmState.UNACK, "high")
    assert "事实 3 的散列不符" in alarm.detail
    rewrite_fact_3(config, "pot-02", "pot-03")
    await chores.do_again()
    assert state_of(line, alarm.id) is AlarmState.LATCH, "somebody must still look what was read meanwhile"
    line.must(AcknowledgeAlarm(alarm.id, badge("reviewer"), "st"))
    assert not line.floor.alarms


async def test_pages_that_were_overwritten_are_found_and_are_an_alarm(
    config: Config, store: Store, line: PureLine
) -> None:
    store.checkpoint()
    store.close()
    assert config.sqlite is not None
    size = config.sqlite.stat().st_size
    with config.sqlite.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    damaged = Store.open_readonly(config.database, line=config.line)
    try:
        assert look_through(damaged)
    finally:
        damaged.close()


async def test_a_check_that_could_not_be_made_is_no_damage_and_no_soundness(tmp_path: Path, line: PureLine) -> None:
    site = written(tmp_path, GOOD)
    chores = Chores({"verify": lambda: verified(site, tmp_path / "anchor.jsonl")}, ailments_of(line))
    await chores.do("verify")
    assert set(line.floor.alarms) == {"chore-failed:verify"}, "there is no database at all"


async def test_a_check_that_takes_too_long_is_ended(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_VERIFY_S", 0.01)
    with pytest.raises(TimeoutError):
        await verified(config.path, config.site.state / "anchor.jsonl")


def test_why_something_failed_is_told_without_the_words_of_libraries() -> None:
    full = StoreFailed("nothing was written: OperationalError")
    full.__cause__ = sqlite3.OperationalError("database or disk is full")
    assert words_of(full) == "database or disk is full"
    assert words_of(OSError(28, "No space left on device")) == "No space left on device"
    assert words_of(StoreError("no backup\x1b[2J was made")) == "no backup[2J was made"
    assert words_of(KeyError("测试患者001")) == "KeyError"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (StoreFailed("disk full"), "disk full"),
        (CommitUnknown("nobody knows"), "nobody knows"),
        (MasteryLost("another is master"), ""),
        (RuntimeError("a defect"), ""),
    ],
)
def test_last_words_are_about_a_database_that_could_not_be_written(
    tmp_path: Path, failure: Exception, said: str
) -> None:
    assert last_words.heard(tmp_path) == ""
    last_words.make_room(tmp_path)
    assert last_words.heard(tmp_path) == ""
    room = (tmp_path / last_words.FILE).stat().st_size
    last_words.say(tmp_path, ExceptionGroup("line", [ExceptionGroup("write", [failure])]))
    assert last_words.heard(tmp_path) == said
    assert (tmp_path / last_words.FILE).stat().st_size == room, "what takes no new room can be said on a full disk"
    last_words.make_room(tmp_path)
    assert last_words.heard(tmp_path) == ""


def test_last_words_without_a_place_harm_nobody(tmp_path: Path) -> None:
    last_words.make_room(tmp_path / "gone")
    last_words.say(tmp_path / "gone", ExceptionGroup("line", [StoreFailed("disk full")]))
    assert last_words.heard(tmp_path / "gone") == ""


def test_an_ailment_that_is_over_and_unseen_can_come_again(line: PureLine) -> None:
    for why in ("full", "", "full"):
        ailments_of(line).chore("backup", why)
    alarm = line.floor.alarms[f"{Ailment.CHORE_FAILED}:backup"]
    assert (alarm.state, alarm.recurrences) == (AlarmState.UNACK, 1)
