"""Writes many rows of one table at the price of the driver alone: SQLAlchemy spells each statement once.

Three spellings: `insert` (a key that is there already is an error), `replace` (the new row wins), `keep` (the old row wins).

SQLite's driver gives the interpreter away at every step and must wait to get it back while the loop is busy: one step a row
makes a group of thirty-two prescriptions take ten times as long. So up to sixty-four rows go in one step.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Dialect, Table


class OnConflict(Enum):
    """What happens to a row whose key is there already."""

    ERROR = "error"
    REPLACE = "replace"
    KEEP = "keep"


_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
ROWS_AT_ONCE: Final = 64


def write(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    on_conflict: OnConflict = OnConflict.ERROR,
) -> None:
    """Write whole rows, every column by name; nothing where there are none."""
    if not rows:
        return
    text, ordered = _spelled(table, connection.dialect, on_conflict)
    if ordered is None:
        connection.exec_driver_sql(text, list(rows))
        return
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        values = tuple(chain.from_iterable(map(ordered, some)))
        # Past SQLAlchemy, inside its transaction: what it does around a statement costs as much as the statement.
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        driver.execute(_repeated(text, len(table.columns), len(some)), values)


@cache
def _repeated(text: str, columns: int, many: int) -> str:
    """Return the statement for so many rows."""
    row = f"({', '.join('?' * columns)})"
    return text.replace(row, ", ".join([row] * many), 1)


@cache
def _spelled(
    table: Table, dialect: Dialect, on_conflict: OnConflict
) -> tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]] | None]:
    """Return the statement for one row, and what puts a row in the order of its question marks: None where it has names."""
    statement = _INSERTS[dialect.name](table)
    key = list(table.primary_key)
    if on_conflict is OnConflict.REPLACE:
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column not in key}
        statement = statement.on_conflict_do_update(index_elements=key, set_=rest)
    elif on_conflict is OnConflict.KEEP:
        statement = statement.on_conflict_do_nothing()
    compiled: Any = statement.compile(dialect=dialect)
    return str(compiled), itemgetter(*compiled.positiontup) if compiled.positional else None
