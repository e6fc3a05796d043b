"""Whatever ends a process, what was acknowledged is there, and what is there is whole."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from controller.store import CommitUnknown, Store, StoreFailed, verify
from tests.remembered import Remembering, alarm_raised, fold, received

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import itertools, resource, sys
from controller.store import Store
from tests.remembered import Remembering, fold, received

url, first, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
store = Store.open(url)
store.take_mastery()
line = Remembering(store)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in itertools.count(first, 3):
    try:
        seq = line.commit(*(received(number + one) for one in range(3)))
    except Exception as error:
        print("failed", type(error).__name__, flush=True)
        try:
            line.commit()
        except Exception as error:
            print("again", type(error).__name__, flush=True)
        break
    print("stored", seq, flush=True)
"""


def start(url: str, first: int, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, str(first), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    url, seed = f"sqlite:///{tmp_path / 'line.db'}", 20261122
    chance = random.Random(seed)
    store = Store.open(url)
    began = store.take_mastery()
    store.close()
    acknowledged = 0
    for _ in range(5):
        with start(url, first=acknowledged + 1000) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline().startswith("stored")
            time.sleep(chance.uniform(0.0, 0.15))
            writer.kill()
            told = [line for line in writer.stdout if line.endswith("\n")]
        acknowledged = max([acknowledged, *(int(line.split()[1]) for line in told)])
        report = verify(url, fold=fold)
        assert report.problems == [], f"seed {seed}"
        assert report.facts >= acknowledged, f"seed {seed}"
        assert report.facts % 3 == 0, "a group was torn"
        acknowledged = report.facts
    store = Store.open(url)
    assert store.take_mastery() == began + 6
    assert len(list(store.load().rows)) == acknowledged
    store.close()


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"
    Store.open(url).close()
    with start(url, first=0, limit=200_000) as writer:
        said, _ = writer.communicate(timeout=30)
    lines = said.splitlines()
    stored = [line for line in lines if line.startswith("stored")]
    assert stored, said
    assert lines[-2] in {"failed StoreFailed", "failed CommitUnknown"}
    assert lines[-1] == "again StoreFailed"
    report = verify(url, fold=fold)
    assert report.problems == []
    assert report.facts >= int(stored[-1].split()[1])


def test_a_full_database_is_a_write_that_did_not_happen_and_is_not_tried_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"
    store = Store.open(url)
    store.take_mastery()
    line = Remembering(store)
    line.commit(received(1))
    with store._database.writing() as connection, connection.begin():
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFailed, match="nothing was written"):
        line.commit(*(received(number) for number in range(100, 300)))
    with pytest.raises(StoreFailed, match="not used again"):
        line.commit(alarm_raised("small"))
    store.close()
    assert verify(url, fold=fold).facts == 1


def test_a_commit_whose_end_is_not_known_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'line.db'}")
    store.take_mastery()

    def fails(_dialect: object, _connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with store._database.writing() as connection:
        monkeypatch.setattr(connection.dialect, "do_commit", fails.__get__(connection.dialect))
    with pytest.raises(CommitUnknown):
        Remembering(store).commit(alarm_raised("a"))
    monkeypatch.undo()
    with pytest.raises(StoreFailed):
        Remembering(store).commit(alarm_raised("a"))
    store.close()


def test_a_fact_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"
    store = Store.open(url)
    store.take_mastery()
    with pytest.raises(StoreFailed):
        Remembering(store).commit(alarm_raised("a"), alarm_raised("b", at="never"))  # pyright: ignore[reportArgumentType] - on purpose
    store.close()
    assert verify(url, fold=fold).facts == 0
