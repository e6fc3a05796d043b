"""Opens whatever a URL names, with the schema this program needs: `sqlite:///PATH` or `postgresql://…`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from controller.store import migrations
from controller.store.errors import Corrupt, StoreError
from controller.store.postgres import PostgresDatabase
from controller.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from sqlalchemy import URL

Database = SqliteDatabase | PostgresDatabase


def parse(url: str) -> URL:
    """Return the parts of a URL; StoreError where it is none of ours."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("a database is named sqlite:///PATH or postgresql://…") from error
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"a database is named sqlite:///PATH or postgresql://…, not {parsed.drivername}")
    return parsed


def open_database(url: str, *, line: str, writing: bool, create: bool = False) -> Database:
    """Open for writing, as the one master, with the schema brought up to date; or for reading, as it is."""
    parsed = parse(url)
    database: Database
    if parsed.get_backend_name() == "sqlite":
        database = SqliteDatabase.open(parsed, writing=writing, create=create)
    else:
        database = PostgresDatabase.open(parsed, line, writing=writing)
    try:
        if writing:
            with database.writing() as connection, connection.begin():
                migrations.upgrade(connection)
        else:
            with database.readers.connect() as connection:
                migrations.require(connection)
    except SQLAlchemyError as error:
        database.close()
        raise Corrupt("the schema cannot be read") from error
    except BaseException:
        database.close()
        raise
    return database
