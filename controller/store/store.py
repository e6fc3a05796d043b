"""The store of one line: one object, opened once a process, over SQLite or PostgreSQL.

Writing: `Store.open` (mastery by lock) -> `take_mastery` (epoch) -> `load` -> `commit` for ever. One thread commits; readings and
keys may come from others. After any failed commit the store refuses to go on: the process must exit and start again.
Reading is safe from any thread, during commits too, and sees only what is durable.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from controller.store import anchor, epochs, journal, keys, readings, replies, state, subjects
from controller.store.database import open_database
from controller.store.errors import CommitUnknown, MasteryLost, ReadFailed, StoreError, StoreFailed
from controller.store.journal import Head
from controller.store.overview import Curve, overview
from controller.store.rows import Loaded
from controller.store.tables import facts, pins
from controller.store.tables import keys as keys_table
from controller.store.transaction import transact

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from controller.store.database import Database
    from controller.store.overview import Overview
    from controller.store.rows import ClosedPage, Group, IntakeRow, KeyRow, ReadingBlock, StoredFact

T = TypeVar("T")

BLOCKS_AT_ONCE: Final = 200
"""Blocks of readings in one transaction: few enough that a commit of facts behind it does not notice."""


class Store:
    """Everything one line remembers. Make it with `open` or `open_readonly`."""

    def __init__(self, database: Database, line: str) -> None:
        self._database = database
        self._line = line
        self._epoch = 0
        self._head = Head(0, journal.genesis(line))
        self._spent = ""

    @classmethod
    def open(cls, url: str, *, line: str = "A", create: bool = True) -> Self:
        """Open for writing; MasteryTaken where another process has it open, NotThere, WrongVersion, Unsafe, Corrupt."""
        return cls(open_database(url, line=line, writing=True, create=create), line)

    @classmethod
    def open_readonly(cls, url: str, *, line: str = "A") -> Self:
        """Open for reading beside a running controller or alone; NotThere, WrongVersion, Corrupt."""
        return cls(open_database(url, line=line, writing=False), line)

    def close(self) -> None:
        """Close every connection and give mastery back."""
        self._database.close()

    # --- the one road by which facts get in ---

    def take_mastery(self) -> int:
        """Raise the line's epoch, durably, and return it: uint32, never given twice."""
        with self._database.writing() as connection:
            self._epoch, self._head = self._once(connection, self._take)
        return self._epoch

    @property
    def lease_s(self) -> int:
        """Wall seconds after which a master that is not heard of loses its mastery; 0: never."""
        return self._database.lease_s

    def keep_mastery(self) -> None:
        """Let the database hear from its master; MasteryLost, StoreFailed or CommitUnknown where it is that no more."""
        with self._database.writing() as connection:
            self._once(connection, lambda at: journal.require_epoch(at, self._line, self._epoch))

    def load(self) -> Loaded:
        """Read where the line stands; Corrupt where the chain's last facts do not bear its head out."""
        with self._reading() as connection:
            last_at = journal.last_at(connection, self._line)
            seq, head = journal.head_of(connection, self._line) or Head(0, journal.genesis(self._line))
            return Loaded(state.open_rows(connection, self._line), seq, head, last_at)

    def commit(self, group: Group) -> int:
        """Make one group durable and return the number of its last fact.

        StoreFailed: it is known not to be; CommitUnknown: nobody can say; MasteryLost: the line has another master.
        After any of them every further commit is StoreFailed.
        """
        with self._database.writing() as connection:
            if not self._epoch:
                raise StoreError("take mastery before committing")
            self._head = self._once(connection, lambda at: self._write(at, group))
        return self._head.seq

    def _take(self, connection: Connection) -> tuple[int, Head]:
        self._database.lease(connection)
        return epochs.raised(connection, self._line)

    def _write(self, connection: Connection, group: Group) -> Head:
        rows, head = journal.forge(self._line, self._head, group.facts, group.texts)
        touched = state.rows_of(self._line, head.seq, group.rows)
        ended = state.ended_of(self._line, group.rows.values())
        journal.append(connection, self._line, self._epoch, self._head, rows, head)
        state.put(connection, touched, ended)
        subjects.put(connection, group.writes)
        replies.put(connection, self._line, group.writes)
        return head

    def _once(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        if self._spent:
            raise StoreFailed(f"the store is not used again after: {self._spent}")
        try:
            return transact(connection, work)
        except (StoreFailed, CommitUnknown, MasteryLost) as error:
            self._spent = str(error)
            raise

    # --- reads ---

    def facts_after(self, seq: int, limit: int) -> list[StoredFact]:
        """Return the facts that follow `seq`, at most `limit`."""
        with self._reading() as connection:
            return journal.after(connection, self._line, seq, limit)

    def timeline(self, about: str) -> list[StoredFact]:
        """Return every fact about one case, machine, lot, zone, alarm or person."""
        with self._reading() as connection:
            return journal.about(connection, self._line, about)

    def alarm_facts(self, between: tuple[int, int], limit: int) -> list[StoredFact]:
        """Return the facts about alarms from one instant, ms, up to before another, in order, at most `limit`."""
        with self._reading() as connection:
            return journal.of_alarms(connection, self._line, between, limit)

    def row(self, kind: str, id_: str) -> object | None:
        """Return one aggregate, open or ended, or None."""
        with self._reading() as connection:
            return state.one(connection, self._line, kind, id_)

    def closed_cases(
        self, *, hospital: str | None = None, status: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> ClosedPage:
        """Return ended cases, newest first; a filter left out asks for all. StoreError for a cursor that is not ours."""
        with self._reading() as connection:
            return state.ended_page(
                connection, self._line, hospital=hospital, status=status, limit=limit, cursor=cursor
            )

    def subject(self, id_: str) -> dict[str, Any] | None:
        """Return a subject's data, None where it is unknown or erased."""
        with self._reading() as connection:
            return subjects.get(connection, id_)

    def intake(self, hospital: str, prescription_no: str) -> list[IntakeRow]:
        """Return every version seen of one prescription, lowest first, over all lines."""
        return self.intakes([(hospital, prescription_no)])[0]

    def intakes(self, numbers: Sequence[tuple[str, str]]) -> list[list[IntakeRow]]:
        """Return the same for many prescriptions (hospital, number) at once: one look costs hardly more than another."""
        with self._reading() as connection:
            return replies.versions(connection, numbers)

    def scan_answer(self, nonce: str) -> bytes | None:
        """Return what a scan was answered, None where its nonce is new."""
        with self._reading() as connection:
            return replies.scan_answer(connection, nonce)

    def curve(self, batch: str, tag: str) -> list[tuple[int, float | None, str]]:
        """Return the samples of a batch in order of time as (ms, value, quality), value None where a gap begins."""
        with self._reading() as connection:
            return readings.curve(connection, self._line, batch, tag)

    def overview(
        self, machine: str, batch: str, tag: str, silence_ms: int, waiting: Sequence[ReadingBlock] = ()
    ) -> Overview:
        """Return a bounded number of good samples of one machine's curve, and its silences of more than `silence_ms`.

        `waiting`: blocks of it that may not be written yet.
        """
        with self._reading() as connection:
            curve = Curve(self._line, machine, batch, tag)
            return overview(connection, curve, silence_ms=silence_ms, waiting=waiting)

    def keys(self) -> list[KeyRow]:
        """Return every key, revoked ones too, by id."""
        with self._reading() as connection:
            return keys.every(connection)

    def pin_hash(self, badge: str) -> str | None:
        """Return the hash of a person's PIN, None where none was set."""
        with self._reading() as connection:
            return keys.pin_hash(connection, badge)

    def is_empty(self) -> bool:
        """Whether nothing was ever written here, by any line."""
        with self._reading() as connection:
            return all(
                connection.execute(select(table).limit(1)).first() is None for table in (facts, keys_table, pins)
            )

    def integrity(self) -> list[str]:
        """Let SQLite look at every page; return what it found wrong. PostgreSQL does this by itself: always empty."""
        with self._reading() as connection:
            if connection.dialect.name != "sqlite":
                return []
            found = [str(line) for (line,) in connection.execute(text("PRAGMA integrity_check"))]
        return [] if found == ["ok"] else found

    def append_anchor(self, path: Path) -> None:
        """Add where the line stands to a file outside the database, so that a cut tail can be found later."""
        with self._reading() as connection:
            at = journal.last_at(connection, self._line)
            head = journal.head_of(connection, self._line) or Head(0, journal.genesis(self._line))
        anchor.append(path, self._line, head, at)

    # --- writes beside the facts ---

    def append_readings(self, blocks: Sequence[ReadingBlock]) -> None:
        """Write blocks of readings, a few at a time; StoreFailed loses the rest and harms nothing else."""
        rows = [readings.row_of(self._line, block) for block in blocks if block.points]
        for start in range(0, len(rows), BLOCKS_AT_ONCE):
            with self._database.aside() as connection:
                transact(connection, lambda at, start=start: readings.append(at, rows[start : start + BLOCKS_AT_ONCE]))

    def join_readings(self, batch: str) -> None:
        """Put the blocks of a batch, or with "" those of no batch, into few long ones; every curve stays as it is.

        StoreFailed, ReadFailed or Corrupt leave what is not joined yet as it was.
        """
        with self._reading() as connection:
            rows = readings.with_room(connection, self._line, batch)
        for old, new in readings.joined(rows):
            self._aside(lambda connection, old=old, new=new: readings.swap(connection, old, new))

    def add_key(self, id_: str, role: str, scope: str, digest: str) -> None:
        """Write a key; Duplicate where its id or digest is there already."""
        self._aside(lambda connection: keys.add(connection, id_, role, scope, digest))

    def revoke_key(self, id_: str) -> None:
        """End a key's life; NotThere where there is none of this id."""
        self._aside(lambda connection: keys.revoke(connection, id_))

    def set_pin(self, badge: str, hash_: str) -> None:
        """Write the hash of a person's PIN over any former one."""
        self._aside(lambda connection: keys.set_pin(connection, badge, hash_))

    def forget_scans(self, before: int) -> int:
        """Delete the answers of scans before an instant, ms; return how many."""
        return self._aside(lambda connection: replies.forget_scans(connection, before))

    def checkpoint(self) -> None:
        """Move what SQLite's log holds into its file as far as readers allow, without waiting; nothing on PostgreSQL."""
        with self._database.aside() as connection:
            if connection.dialect.name == "sqlite":
                # Past SQLAlchemy, which would begin a transaction, and inside one SQLite refuses.
                cast("sqlite3.Connection", connection.connection.driver_connection).execute(
                    "PRAGMA wal_checkpoint(PASSIVE)"
                )

    def _aside(self, work: Callable[[Connection], T]) -> T:
        with self._database.aside() as connection:
            return transact(connection, work)

    @contextmanager
    def _reading(self) -> Generator[Connection]:
        try:
            with self._database.readers.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise ReadFailed(f"a read came to nothing: {type(error).__name__}") from error
