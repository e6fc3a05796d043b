"""The schema's own history: each file in `versions` is one step and is never edited once released.

A new step: copy the newest file, name its predecessor in `down_revision`, raise `HEAD`. A test holds the steps and `tables` together.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

from controller.store.errors import WrongVersion
from controller.store.postgres import lock_key

HEAD: Final = "0002"


def upgrade(connection: Connection) -> None:
    """Bring the schema to HEAD inside the caller's transaction; WrongVersion where it is newer than this program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key("schema")})
    if revision(connection) == HEAD:
        return
    # Only here: alembic takes longer to import than an up-to-date database takes to open.
    from alembic import command, config, util  # noqa: PLC0415 see above

    steps = config.Config()
    steps.set_main_option("script_location", "controller.store:migrations")
    steps.attributes["connection"] = connection
    try:
        command.upgrade(steps, "head")
    except util.CommandError as error:
        raise WrongVersion(f"the schema is of version {revision(connection)}, this program knows {HEAD}") from error


def require(connection: Connection) -> None:
    """Raise WrongVersion unless the schema is at HEAD."""
    found = revision(connection)
    if found != HEAD:
        raise WrongVersion(f"the schema is of version {found}, this program needs {HEAD}")


def revision(connection: Connection) -> str | None:
    """Return the step the schema is at, None where there is no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))
