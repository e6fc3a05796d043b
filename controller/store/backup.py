"""A backup is one SQLite file in the line's own schema, whatever the database is; it is opened and checked before it counts.

`backup` may run beside a controller. `restore` may not: it takes the lock. An SQLite file that is replaced is kept beside the
new one; a PostgreSQL database must be empty. What happened after the backup is gone: `verify` with an anchor says so.
Epochs, though, must never come again, since machines obey the highest they have seen: a restored line goes on from the
old file's, and at least from the seconds of the present time, which no line reaches by starting.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from controller.store import epochs, journal
from controller.store.database import open_database, parse
from controller.store.errors import Corrupt, NotEmpty, NotThere, ReadFailed, StoreFailed
from controller.store.sqlite import FileLock, connect, make_private, path_of, sync_directory
from controller.store.statements import write
from controller.store.tables import lines, metadata
from controller.store.transaction import transact

if TYPE_CHECKING:
    from sqlalchemy import Connection


def backup(url: str, file: Path) -> None:
    """Write a checked copy of everything to a new file.

    NotEmpty where the file exists; NotThere, ReadFailed, Corrupt where the database cannot be copied; StoreFailed where the
    file cannot be written.
    """
    if file.exists():
        raise NotEmpty(f"{file} exists already")
    try:
        with TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
            copy = Path(folder) / file.name
            if parse(url).get_backend_name() == "sqlite":
                _copy_file(path_of(parse(url)), copy)
            else:
                _pour_out(url, copy)
            check(copy)
            _settle(copy, file)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailed(f"no backup was made: {error}") from error


def restore(url: str, file: Path, *, line: str = "A") -> Path | None:
    """Put a backup in the place of a database; return where an old SQLite file was moved to, None where there was none.

    MasteryTaken while a controller runs; NotEmpty for a PostgreSQL database that holds anything; NotThere, Corrupt or
    WrongVersion for a file that is no sound backup; StoreFailed where the target cannot be written.
    """
    check(file)
    try:
        if parse(url).get_backend_name() == "sqlite":
            return _replace(path_of(parse(url)), file)
        _pour_in(url, line, file)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailed(f"nothing was restored: {error}") from error
    return None


def check(file: Path) -> None:
    """Open a backup as a line would; Corrupt, WrongVersion or NotThere where it is not sound."""
    copy = open_database(f"sqlite:///{file}", line="", writing=False)
    try:
        with copy.readers.connect() as connection:
            found = connection.scalar(text("PRAGMA integrity_check"))
            if found != "ok":
                raise Corrupt(f"{file} is damaged: {found}")
            for line in connection.scalars(select(lines.c.id)).all():
                journal.last_at(connection, line)
    except SQLAlchemyError as error:
        raise Corrupt(f"{file} is no backup: {error}") from error
    finally:
        copy.close()


def _copy_file(source: Path, copy: Path) -> None:
    if not source.exists():
        raise NotThere(f"there is no database {source}")
    make_private(copy)
    with closing(connect(source, "ro")) as old, closing(connect(copy, "rw")) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")


def _pour_out(url: str, copy: Path) -> None:
    target = open_database(f"sqlite:///{copy}", line="", writing=True, create=True)
    try:
        source = open_database(url, line="", writing=False)
        try:
            with source.readers.connect() as old, target.writing() as new:
                transact(new, lambda at: _pour(old, at))
        except SQLAlchemyError as error:
            raise ReadFailed(f"the database cannot be read to its end: {type(error).__name__}") from error
        finally:
            source.close()
    finally:
        target.close()
    with closing(connect(copy, "rw")) as new:
        new.execute("PRAGMA journal_mode = DELETE")


def _pour_in(url: str, line: str, file: Path) -> None:
    target = open_database(url, line=line, writing=True)
    try:
        source = open_database(f"sqlite:///{file}", line="", writing=False)
        try:
            with source.readers.connect() as old, target.writing() as new:
                transact(new, lambda at: _fill(old, at))
        finally:
            source.close()
    finally:
        target.close()


def _fill(old: Connection, new: Connection) -> None:
    for table in metadata.sorted_tables:
        if new.scalar(select(func.count()).select_from(table)):
            raise NotEmpty(f"the database holds {table.name} already")
    _pour(old, new)
    new.execute(update(lines).where(lines.c.epoch < epochs.of_now()).values(epoch=epochs.of_now()))
    for line in new.scalars(select(lines.c.id)).all():
        journal.last_at(new, line)


def _pour(old: Connection, new: Connection) -> None:
    for table in metadata.sorted_tables:
        rows = old.execute(select(table).execution_options(yield_per=500)).mappings()
        for some in rows.partitions():
            write(new, table, [dict(row) for row in some])


def _replace(path: Path, file: Path) -> Path | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".restore-") as folder:
            copy = Path(folder) / path.name
            _copy_file(file, copy)
            with closing(connect(copy, "rw")) as new:
                new.execute("UPDATE line SET epoch = max(epoch, ?, ?)", (epochs.of_now(), _last_epoch(path)))
            check(copy)
            old = _move_aside(path)
            _settle(copy, path)
            return old
    finally:
        lock.release()


def _last_epoch(path: Path) -> int:
    """Return the highest epoch given so far, 0 where the old file cannot tell."""
    try:
        with closing(connect(path, "ro")) as old:
            return int(old.execute("SELECT coalesce(max(epoch), 0) FROM line").fetchone()[0])
    except sqlite3.Error:
        return 0


def _move_aside(path: Path) -> Path | None:
    number = 1
    while (aside := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    there = path.exists()
    # A log that stayed behind would be played into the new file.
    for suffix in ("", "-wal", "-shm"):
        if (part := path.with_name(path.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside if there else None


def _settle(copy: Path, file: Path) -> None:
    with copy.open("rb") as written:
        os.fsync(written.fileno())
    copy.replace(file)
    sync_directory(file)
