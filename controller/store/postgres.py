"""Opens PostgreSQL so that it keeps its promises: one master a line, and every commit is on disk.

Mastery is an advisory lock of the session that commits facts: when the session ends, however it ends, mastery and the means
to commit are lost together. Dead peers are found by TCP within seconds on both sides; every statement has a deadline. A process
that was stopped still answers TCP: so mastery is a lease, and the server ends a master's session that was silent for `LEASE_S`.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from controller.store.errors import MasteryTaken, NotThere, StoreError, Unsafe

if TYPE_CHECKING:
    from collections.abc import Generator

WAIT_S: Final = 10
"""Longest wait for a connection, a lock or a free reader, wall seconds."""

LEASE_S: Final = 15
"""Wall seconds, by the server's clock, that a master may be silent."""

READERS: Final = 4

_OPTIONS: Final = {
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_KEEPALIVE: Final = {
    "connect_timeout": WAIT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": WAIT_S * 1000,
}
_OLDEST: Final = (14,)
_PROMISES: Final = {"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}


class PostgresDatabase:
    """One PostgreSQL database, opened for one line of one process."""

    lease_s = LEASE_S

    def __init__(self, url: URL, line: str, *, writing: bool) -> None:
        self._turn = Lock()
        self._writer: Connection | None = None
        self._others = _engine(url, READERS, {})
        self.readers = _engine(url, READERS, {"default_transaction_read_only": "on"}, isolation_level="REPEATABLE READ")
        try:
            with self.readers.connect() as reader:
                _keep_promises(reader)
            if writing:
                self._writer = self._others.connect()
                self._take(self._writer, line)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, url: URL, line: str, *, writing: bool) -> Self:
        """Connect; NotThere, MasteryTaken or Unsafe where that cannot be."""
        try:
            return cls(url.set(drivername="postgresql+psycopg"), line, writing=writing)
        except SQLAlchemyError as error:
            raise NotThere(f"{url.render_as_string(hide_password=True)} cannot be reached") from error

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Lend the master's own session."""
        if self._writer is None:
            raise StoreError("this database was opened for reading, or is closed")
        with self._turn:
            yield self._writer

    @contextmanager
    def aside(self) -> Generator[Connection]:
        """Lend a session for writes that facts need not wait for."""
        if self._writer is None:
            raise StoreError("this database was opened for reading, or is closed")
        with self._others.connect() as connection:
            yield connection

    def lease(self, session: Connection) -> None:
        """From the end of this transaction on, end the master's session and its mastery when it is silent too long."""
        for name in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
            session.execute(
                text("SELECT set_config(:name, :value, false)"), {"name": name, "value": f"{self.lease_s}s"}
            )

    def close(self) -> None:
        """End every session, and mastery with them."""
        if self._writer is not None:
            with self._turn:
                self._writer.close()
                self._writer = None
        self._others.dispose()
        self.readers.dispose()

    def _take(self, session: Connection, line: str) -> None:
        with session.begin():
            if (session.dialect.server_version_info or ()) < _OLDEST:
                raise Unsafe("a line needs PostgreSQL 14 or later, which ends sessions that are silent")
            _keep_promises(session)
            taken = session.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": lock_key(line)})
        if not taken:
            raise MasteryTaken(f"line {line} has a master already")


def lock_key(name: str) -> int:
    """Return the advisory lock of a line, or of the schema, as PostgreSQL's signed 64 bits."""
    return int.from_bytes(hashlib.sha256(f"decoction {name}".encode()).digest()[:8], signed=True)


def _engine(url: URL, size: int, options: dict[str, str], isolation_level: str = "READ COMMITTED") -> Engine:
    settings = " ".join(f"-c {name}={value}" for name, value in (_OPTIONS | options).items())
    return create_engine(
        url,
        hide_parameters=True,
        isolation_level=isolation_level,  # pyright: ignore[reportArgumentType] the parameter lists the levels by name
        connect_args={**_KEEPALIVE, "options": settings, "application_name": "decoction"},
        pool_size=size,
        max_overflow=0,
        pool_timeout=WAIT_S,
        pool_pre_ping=True,
    )


def _keep_promises(session: Connection) -> None:
    for name, wanted in _PROMISES.items():
        found = session.scalar(text("SELECT current_setting(:name)"), {"name": name})
        if found != wanted:
            raise Unsafe(f"{name} is {found}, not {wanted}")
