"""A backup is one checked file; a restored line never falls back behind what machines have seen."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from controller.store import (
    Corrupt,
    MasteryTaken,
    NotEmpty,
    NotThere,
    Store,
    StoreError,
    StoreFailed,
    WrongVersion,
    backup,
    restore,
    verify,
)
from tests.remembered import Remembering, fold, received

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'line.db'}"


def remember(url: str, *numbers: int) -> None:
    store = Store.open(url)
    store.take_mastery()
    line = Remembering(store)
    for number in numbers:
        line.commit(received(number))
    store.close()


def test_a_backup_holds_everything_and_stands_alone(url: str, tmp_path: Path) -> None:
    remember(url, 1, 2, 3)
    file = tmp_path / "kept" / "copy.db"
    file.parent.mkdir()
    backup(url, file)
    assert [path.name for path in file.parent.iterdir()] == ["copy.db"]
    assert file.stat().st_mode & 0o777 == 0o600
    report = verify(f"sqlite:///{file}", fold=fold)
    assert (report.problems, report.facts) == ([], 3)
    assert [path.name for path in file.parent.iterdir()] == ["copy.db"]


def test_a_backup_of_a_line_that_runs_is_whole(url: str, tmp_path: Path) -> None:
    store = Store.open(url)
    store.take_mastery()
    line = Remembering(store)
    running = True

    def write() -> None:
        for number in range(100_000):
            if not running:
                return
            line.commit(*(received(3 * number + one) for one in range(3)))

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            time.sleep(0.05)
            backup(url, tmp_path / f"copy-{number}.db")
    finally:
        running = False
        writer.join(10)
        store.close()
    for number in range(3):
        report = verify(f"sqlite:///{tmp_path / f'copy-{number}.db'}", fold=fold)
        assert report.problems == []
        assert report.facts % 3 == 0


def test_a_backup_does_not_replace_a_file(url: str, tmp_path: Path) -> None:
    remember(url, 1)
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(NotEmpty):
        backup(url, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_backup_that_cannot_be_written_leaves_nothing(url: str, tmp_path: Path) -> None:
    remember(url, 1)
    with pytest.raises(StoreFailed):
        backup(url, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(NotThere):
        backup(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".backup*"))


def test_restoring_brings_back_what_was_kept_and_moves_the_old_aside(url: str, tmp_path: Path) -> None:
    remember(url, 1, 2)
    backup(url, tmp_path / "copy.db")
    remember(url, *range(10, 20))
    old = restore(url, tmp_path / "copy.db")
    assert old == tmp_path / "line.db.old-1"
    assert verify(url, fold=fold).facts == 2
    assert verify(f"sqlite:///{old}", fold=fold).facts == 12
    assert restore(url, tmp_path / "copy.db") == tmp_path / "line.db.old-2"
    assert not list(tmp_path.glob(".restore*"))


def test_a_log_left_by_a_killed_line_goes_aside_with_it_and_is_not_played_into_the_copy(
    url: str, tmp_path: Path
) -> None:
    remember(url, 1)
    backup(url, tmp_path / "copy.db")
    script = (
        "import os; from controller.store import Store; from tests.remembered import *;"
        f"store = Store.open({url!r}); store.take_mastery();"
        "Remembering(store).commit(*(received(n) for n in range(5, 9))); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert (tmp_path / "line.db-wal").stat().st_size > 0
    old = restore(url, tmp_path / "copy.db")
    assert verify(url, fold=fold).facts == 1
    assert verify(f"sqlite:///{old}", fold=fold).facts == 5


def test_restoring_into_nothing_makes_the_database(url: str, tmp_path: Path) -> None:
    remember(url, 1)
    store = Store.open(url)
    store.add_key("K", "admin", "", "d" * 64)
    store.close()
    backup(url, tmp_path / "copy.db")
    fresh = f"sqlite:///{tmp_path / 'new' / 'line.db'}"
    assert restore(fresh, tmp_path / "copy.db") is None
    assert verify(fresh, fold=fold).facts == 1
    store = Store.open(fresh)
    (key,) = store.keys()
    store.close()
    assert key.id == "K"


def start(url: str) -> int:
    store = Store.open(url)
    epoch = store.take_mastery()
    store.close()
    return epoch


def test_epochs_never_come_again_after_a_restore(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1, 100, 100, 105])
    monkeypatch.setattr("controller.store.epochs.of_now", lambda: next(clock))
    remember(url, 1)
    backup(url, tmp_path / "copy.db")
    given = [start(url), start(url)]
    restore(url, tmp_path / "copy.db")
    given += [start(url), start(url)]
    restore(url, tmp_path / "copy.db")
    given += [start(url)]
    (tmp_path / "line.db").unlink()
    restore(url, tmp_path / "copy.db")
    given += [start(url)]
    assert given == [2, 3, 101, 102, 103, 106]


def test_a_restored_line_goes_on_from_the_present_time(url: str, tmp_path: Path) -> None:
    remember(url, 1)
    backup(url, tmp_path / "copy.db")
    (tmp_path / "line.db").unlink()
    restore(url, tmp_path / "copy.db")
    assert time.time() - 60 < start(url) < 2**32


def test_nothing_is_restored_under_a_running_line(url: str, tmp_path: Path) -> None:
    remember(url, 1)
    backup(url, tmp_path / "copy.db")
    store = Store.open(url)
    with pytest.raises(MasteryTaken):
        restore(url, tmp_path / "copy.db")
    assert store.load().seq == 1
    store.close()


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER facts_no_update")
        raw.execute("UPDATE facts SET body = replace(body, 'C1', 'C7')")


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 100)


def age(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (damage, Corrupt),
        (overwrite, StoreError),
        (age, WrongVersion),
        (lambda path: path.write_bytes(b"x" * 9000), StoreError),
        (lambda path: path.unlink(), NotThere),
    ],
    ids=["a changed fact", "a damaged page", "another version", "no database", "no file"],
)
def test_an_unsound_backup_is_not_restored(url: str, tmp_path: Path, spoil: object, error: type[Exception]) -> None:
    remember(url, 1)
    backup(url, tmp_path / "copy.db")
    spoil(tmp_path / "copy.db")  # pyright: ignore[reportCallIssue] - one of the functions above
    with pytest.raises(error):
        restore(url, tmp_path / "copy.db")
    assert verify(url, fold=fold).facts == 1
    assert not list(tmp_path.glob("line.db.old*"))
