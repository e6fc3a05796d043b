"""Writes many rows of one table at the price of the driver's own `executemany`: SQLAlchemy spells each statement once.

Three spellings: `insert` (a key that is there already is an error), `replace` (the new row wins), `keep` (the old row wins).
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Dialect, Table


class OnConflict(Enum):
    """What happens to a row whose key is there already."""

    ERROR = "error"
    REPLACE = "replace"
    KEEP = "keep"


_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def write(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    on_conflict: OnConflict = OnConflict.ERROR,
) -> None:
    """Write whole rows, every column by name; nothing where there are none."""
    if rows:
        sql, ordered = _spelled(table, connection.dialect, on_conflict)
        connection.exec_driver_sql(sql, [ordered(row) for row in rows])


@cache
def _spelled(table: Table, dialect: Dialect, on_conflict: OnConflict) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    statement = _INSERTS[dialect.name](table)
    key = list(table.primary_key)
    if on_conflict is OnConflict.REPLACE:
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column not in key}
        statement = statement.on_conflict_do_update(index_elements=key, set_=rest)
    elif on_conflict is OnConflict.KEEP:
        statement = statement.on_conflict_do_nothing()
    compiled: Any = statement.compile(dialect=dialect)
    # SQLite's driver takes tuples in the order of the question marks, PostgreSQL's takes the names.
    return str(compiled), itemgetter(*compiled.positiontup) if compiled.positional else dict
