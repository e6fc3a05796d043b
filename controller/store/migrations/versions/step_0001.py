"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER facts_no_{verb.lower()} BEFORE {verb} ON facts BEGIN SELECT RAISE(ABORT, 'facts are for ever'); END"
    for verb in ("UPDATE", "DELETE")
)
_POSTGRES_GUARDS = (
    "CREATE FUNCTION facts_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'facts are for ever'; END $$",
    "CREATE TRIGGER facts_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON facts "
    "FOR EACH STATEMENT EXECUTE FUNCTION facts_are_for_ever()",
)


def upgrade() -> None:
    """Make every table, its indexes, and the triggers that keep facts as they are."""
    _the_line()
    _the_people_around_it()
    for guard in _SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else _POSTGRES_GUARDS:
        op.execute(guard)


def _the_line() -> None:
    op.create_table(
        "line",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.CheckConstraint("seq >= 0", name="line_seq"),
        sa.CheckConstraint("length(head) = 64", name="line_head"),
        sa.CheckConstraint("epoch BETWEEN 0 AND 4294967295", name="line_epoch"),
    )
    op.create_table(
        "facts",
        sa.Column("line", sa.Text, sa.ForeignKey("line.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("v", sa.Integer, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.CheckConstraint("seq >= 1", name="facts_seq"),
        sa.CheckConstraint("length(hash) = 64", name="facts_hash"),
    )
    op.create_index("facts_about", "facts", ["line", "about", "seq"])
    op.create_table(
        "state",
        sa.Column("line", sa.Text, sa.ForeignKey("line.id"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index(
        "state_open",
        "state",
        ["line", "kind", "id"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
    op.create_table(
        "ended_cases",
        sa.Column("line", sa.Text, sa.ForeignKey("line.id"), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hospital", sa.Text, nullable=False),
        sa.Column("prescription_no", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("promised_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ended_cases_at", "ended_cases", ["line", "ended_at", "id"])
    op.create_table(
        "readings",
        sa.Column("line", sa.Text, sa.ForeignKey("line.id"), primary_key=True),
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("machine", sa.Text, primary_key=True),
        sa.Column("first_at", sa.BigInteger, primary_key=True),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("block", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _the_people_around_it() -> None:
    op.create_table(
        "subjects",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intake",
        sa.Column("hospital", sa.Text, primary_key=True),
        sa.Column("prescription_no", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("line", sa.Text, sa.ForeignKey("line.id"), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "scans",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("scans_at", "scans", ["at"])
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pins",
        sa.Column("badge", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
    )
