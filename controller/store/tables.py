"""The tables, once, for both databases; `migrations` makes them and a test holds the two together.

A line is one chain of facts. `facts` only grows: triggers refuse UPDATE and DELETE. `state` holds each aggregate as it is now.
`intake`, `subjects`, `scans`, `keys` and `pins` are shared by all lines of one database.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata: Final = MetaData()

lines: Final = Table(
    "line",
    metadata,
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("head", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("seq >= 0", name="line_seq"),
    CheckConstraint("length(head) = 64", name="line_head"),
    CheckConstraint("epoch BETWEEN 0 AND 4294967295", name="line_epoch"),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("line", Text, ForeignKey("line.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("v", Integer, nullable=False),
    Column("about", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("seq >= 1", name="facts_seq"),
    CheckConstraint("length(hash) = 64", name="facts_hash"),
)
Index("facts_about", facts.c.line, facts.c.about, facts.c.seq)
ABOUT_ALARMS: Final = "kind >= 'Alarm' AND kind < 'Alarn'"
"""Facts of alarms among all others; said in the same words where they are asked for, or no database finds their index."""
Index(
    "facts_alarms",
    *(facts.c.line, facts.c.at, facts.c.seq),
    sqlite_where=text(ABOUT_ALARMS),
    postgresql_where=text(ABOUT_ALARMS),
)

state: Final = Table(
    "state",
    metadata,
    Column("line", Text, ForeignKey("line.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("open", Boolean, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
# SQLite takes a partial index only for a condition spelled as in the query: SQLAlchemy spells it `open = 1` there.
Index(
    "state_open",
    *(state.c.line, state.c.kind, state.c.id),
    sqlite_where=text("open = 1"),
    postgresql_where=text("open"),
)

ended_cases: Final = Table(
    "ended_cases",
    metadata,
    Column("line", Text, ForeignKey("line.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("hospital", Text, nullable=False),
    Column("prescription_no", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("promised_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
)
Index("ended_cases_at", ended_cases.c.line, ended_cases.c.ended_at, ended_cases.c.id)

subjects: Final = Table(
    "subjects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
)

intake: Final = Table(
    "intake",
    metadata,
    Column("hospital", Text, primary_key=True),
    Column("prescription_no", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("line", Text, ForeignKey("line.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

scans: Final = Table(
    "scans",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("answer", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("scans_at", scans.c.at)

readings: Final = Table(
    "readings",
    metadata,
    Column("line", Text, ForeignKey("line.id"), primary_key=True),
    Column("batch", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("machine", Text, primary_key=True),
    Column("first_at", BigInteger, primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("block", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

keys: Final = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
)

pins: Final = Table(
    "pins",
    metadata,
    Column("badge", Text, primary_key=True),
    Column("hash", Text, nullable=False),
)
