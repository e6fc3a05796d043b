"""The one statement that the two databases spell alike and SQLAlchemy does not: insert, or replace what has the same key."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.sql.dml import Insert

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@cache
def upsert(table: Table, dialect: str) -> Insert:
    """Return the statement for whole rows of a table."""
    insert = _INSERTS[dialect](table)
    key = list(table.primary_key)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=rest)


@cache
def insert_new(table: Table, dialect: str) -> Insert:
    """Return the statement that leaves alone what has the same key."""
    return _INSERTS[dialect](table).on_conflict_do_nothing()
