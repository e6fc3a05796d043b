"""An SQLite file is opened so that it keeps its promises, or not at all."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from controller.store import MasteryTaken, NotThere, Store, StoreError, Unsafe, WrongVersion, migrations
from controller.store.database import open_database
from controller.store.errors import Corrupt
from controller.store.tables import metadata
from tests.remembered import Remembering, alarm_raised, received

if TYPE_CHECKING:
    from pathlib import Path

DURABLE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0}


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_the_writer_is_durable_and_checks_keys(tmp_path: Path) -> None:
    database = open_database(url_of(tmp_path / "line.db"), line="A", writing=True, create=True)
    with database.writing() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in DURABLE}
    database.close()
    assert found == DURABLE


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    Store.open(url).close()
    reader = Store.open_readonly(url)
    with pytest.raises(StoreError, match="reading"):
        reader.take_mastery()
    reader.close()
    database = open_database(url, line="A", writing=False)
    with database.readers.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1
        with pytest.raises(Exception, match="readonly"):
            connection.exec_driver_sql("DELETE FROM keys")
    database.close()


def test_a_setting_that_does_not_hold_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.store.sqlite._SETTINGS", {"synchronous": 77})
    with pytest.raises(Unsafe, match="synchronous"):
        Store.open(url_of(tmp_path / "line.db"))


def test_nobody_but_the_owner_reads_what_is_stored(tmp_path: Path) -> None:
    store = Store.open(url_of(tmp_path / "new" / "line.db"))
    store.take_mastery()
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    store.close()
    assert set(files) == {"line.db", "line.db-wal", "line.db-shm", "line.db.lock"}
    assert set(files.values()) == {0o600}


def test_a_second_opener_is_told_who_is_master(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    first = Store.open(url)
    with pytest.raises(MasteryTaken, match=str(os.getpid())):
        Store.open(url)
    first.close()
    Store.open(url).close()


def test_another_process_cannot_become_master_until_the_first_one_is_gone(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    script = (
        "import sys; from controller.store import Store;"
        f"store = Store.open({url!r}); print(store.take_mastery(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        began = int(other.stdout.readline())
        with pytest.raises(MasteryTaken, match=str(other.pid)):
            Store.open(url)
        beside = Store.open_readonly(url)
        assert beside.load().seq == 0
        beside.close()
        other.kill()
        other.wait(5)
    store = Store.open(url)
    assert store.take_mastery() == began + 1
    store.close()


def test_the_lock_does_not_pass_to_child_processes(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    store = Store.open(url)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        store.close()
        Store.open(url).close()
        child.kill()


def test_a_database_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        Store.open_readonly(url_of(tmp_path / "line.db"))
    with pytest.raises(NotThere):
        Store.open(url_of(tmp_path / "line.db"), create=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///x.db?mode=memory", "mysql://a/b", "nonsense", ""]
)
def test_a_url_that_is_not_a_file_or_a_server_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///PATH"):
        Store.open(url)


def test_a_file_that_is_no_database_is_corrupt_and_gives_its_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "line.db"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 100)
    for _ in range(2):
        with pytest.raises(Corrupt):
            Store.open(url_of(path))


def test_a_schema_of_another_version_is_not_touched(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    Store.open(url).close()
    with sqlite3.connect(tmp_path / "line.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(WrongVersion, match="9999"):
        Store.open(url)
    with pytest.raises(WrongVersion, match="9999"):
        Store.open_readonly(url)


def test_the_steps_lead_to_the_tables_of_this_program(tmp_path: Path) -> None:
    database = open_database(url_of(tmp_path / "line.db"), line="A", writing=True, create=True)
    with database.writing() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []


def test_head_is_the_last_step() -> None:
    assert ScriptDirectory(str(migrations.__path__[0])).get_current_head() == migrations.HEAD


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    url = url_of(tmp_path / "line.db")
    Store.open(url).close()
    script = (
        "import sys; from controller.store import Store;"
        f"Store.open({url!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_read_walks_through_history(tmp_path: Path) -> None:
    store = Store.open(url_of(tmp_path / "line.db"))
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(store._database.readers, "before_cursor_execute", note)
    store.load()
    (load,) = (statement for statement, _ in asked if "state" in statement)
    store.facts_after(5, 10)
    store.timeline("C1")
    store.row("case", "C1")
    store.closed_cases(status="delivered", cursor="WzEsIjEiXQ==")
    store.subject("S1")
    store.intake("RS", "1")
    store.scan_answer("n")
    store.curve("B1", "T")
    store.join_readings("B1")
    store.pin_hash("A1")
    with store._database.readers.connect() as connection:
        plans = {
            statement: [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in asked[:]
        }
    store.close()
    assert plans[load] == ["SEARCH state USING INDEX state_open (line=?)"]
    assert len(plans) >= 12
    assert not [
        statement for statement, plan in plans.items() if any("SCAN" in step or "SORT" in step for step in plan)
    ]


def test_a_checkpoint_moves_the_log_into_the_file(tmp_path: Path) -> None:
    store = Store.open(url_of(tmp_path / "line.db"))
    store.take_mastery()
    Remembering(store).commit(*(received(number) for number in range(20)))
    before = (tmp_path / "line.db").stat().st_size
    store.checkpoint()
    assert (tmp_path / "line.db").stat().st_size > before
    assert store.integrity() == []
    store.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE facts SET at = 0", "DELETE FROM facts", "REPLACE INTO facts SELECT * FROM facts"]
)
def test_facts_are_neither_changed_nor_deleted(tmp_path: Path, statement: str) -> None:
    store = Store.open(url_of(tmp_path / "line.db"))
    store.take_mastery()
    Remembering(store).commit(alarm_raised("a"), alarm_raised("b"))
    store.close()
    raw: Any = sqlite3.connect(tmp_path / "line.db")
    raw.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="for ever"):
        raw.execute(statement)
    raw.close()


def test_no_patient_is_named_in_the_failure_of_a_write(tmp_path: Path) -> None:
    store = Store.open(url_of(tmp_path / "line.db"))
    store.take_mastery()
    line = Remembering(store)
    line.commit(received(7))
    with pytest.raises(StoreError) as told:
        line.commit(received(7))
    store.close()
    error: BaseException | None = told.value
    while error is not None:
        assert "测试患者" not in str(error)
        assert "测试患者" not in repr(error)
        error = error.__cause__
