"""Opens an SQLite file so that it keeps its promises: one process writes, through one connection, and every commit is on disk.

The SQLite that Python brings may lose pages when two connections write or checkpoint at once, so all writing goes through one
connection, handed to one thread at a time; readers are read-only to SQLite itself. Settings are read back at every open,
since SQLite ignores what it does not know.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, Self
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, StaticPool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from controller.store.errors import Corrupt, MasteryTaken, NotThere, StoreError, Unsafe
from controller.store.statements import ROWS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Generator

WAIT_S: Final = 10.0
"""Longest wait for a lock or a free reader, wall seconds."""

READERS: Final = 4
_STATEMENTS: Final = 8 * ROWS_AT_ONCE
"""Statements that a connection keeps prepared: every table's, for every number of rows."""

MODES: Final = Literal["ro", "rw", "rwc"]

_KEPT_KIB: Final = 32 * 1024
"""What the writer keeps of the file in memory: each new prescription touches pages anywhere in the indexes."""
_SETTINGS: Final = {"foreign_keys": 1, "synchronous": 2, "mmap_size": 0}
_LOG_PAGES: Final = 8_000
"""Pages that may stand in the log before they move into the file: most are written over many times before that."""
_WRITING: Final = {"journal_mode": "wal", "cache_size": -_KEPT_KIB, "wal_autocheckpoint": _LOG_PAGES}
_READING: Final = {"query_only": 1}


class SqliteDatabase:
    """One SQLite file, opened for one process. Its lock ends with the process and not before: a lease of 0 s is none."""

    lease_s = 0

    def __init__(self, path: Path, *, writing: bool) -> None:
        self._lock = FileLock(path) if writing else None
        self._turn = Lock()
        self._writer: Connection | None = None
        self.readers = _engine(path, writing=False)
        try:
            if writing:
                if not path.exists():
                    make_private(path)
                self._writer = _engine(path, writing=True).connect()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, url: URL, *, writing: bool, create: bool) -> Self:
        """Open the file of a URL; NotThere, MasteryTaken, Unsafe or Corrupt where that cannot be."""
        path = path_of(url)
        if not path.exists():
            if not (writing and create):
                raise NotThere(f"there is no database {path}")
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return cls(path, writing=writing)
        except SQLAlchemyError as error:
            raise Corrupt(f"{path} cannot be opened as a database: {error}") from error

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Lend the one writing connection."""
        if self._writer is None:
            raise StoreError("this database was opened for reading, or is closed")
        with self._turn:
            yield self._writer

    aside = writing

    def lease(self, connection: Connection) -> None:
        """Ask for nothing."""

    def close(self) -> None:
        """Close every connection, then give the lock back."""
        self.readers.dispose()
        if self._writer is not None:
            with self._turn:
                self._writer.close()
                self._writer.engine.dispose()
                self._writer = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class FileLock:
    """The mastery of one SQLite file: held from construction until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace")
            os.close(self._file)
            raise MasteryTaken(f"{path} is in the hands of process {holder or 'unknown'}") from error
        os.truncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Let others take it. The file stays: removing it would let two processes lock two files of one name."""
        os.close(self._file)


def path_of(url: URL) -> Path:
    """Return the file a URL names; StoreError where it names memory or asks for options."""
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreError("the line is remembered in a file: sqlite:///PATH, without options")
    return Path(url.database)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read: the files that SQLite adds to it take after it."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    sync_directory(path)


def sync_directory(path: Path) -> None:
    """Make the file's name as durable as what is in it."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def connect(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """Connect to a file, transactions left to the caller."""
    where = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(
        where,
        uri=True,
        timeout=WAIT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
    )


def _engine(path: Path, *, writing: bool) -> Engine:
    def connected() -> sqlite3.Connection:
        raw = connect(path, "rw" if writing else "ro")
        try:
            _settle(raw, writing=writing)
        except BaseException:
            raw.close()
            raise
        return raw

    if writing:
        engine = create_engine("sqlite+pysqlite://", hide_parameters=True, creator=connected, poolclass=StaticPool)
    else:
        engine = create_engine(
            "sqlite+pysqlite://",
            hide_parameters=True,
            creator=connected,
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=0,
            pool_timeout=WAIT_S,
        )
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", began)
    return engine


def _settle(raw: sqlite3.Connection, *, writing: bool) -> None:
    wanted: dict[str, int | str] = {**_SETTINGS, **(_WRITING if writing else _READING)}
    for name, value in wanted.items():
        raw.execute(f"PRAGMA {name} = {value}")
        (found,) = raw.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise Unsafe(f"PRAGMA {name} is {found}, not {value}")
