"""Who a prescription is for, kept apart from everything else so that it can be erased without breaking the chain.

Facts carry the subject's random id and `subject_digest(salt, data)`. An erased subject keeps its id; `salt` and `data` are empty.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from controller.store.rows import SubjectRow
from controller.store.statements import write
from controller.store.tables import subjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from controller.store.rows import Write


def subject_digest(salt: str, data: str) -> str:
    """Return what facts say about a subject: sha256 of salt and canonical JSON, hex."""
    return hashlib.sha256((salt + data).encode()).hexdigest()


def put(connection: Connection, writes: Iterable[Write]) -> None:
    """Write the subjects among what a group brings; an id that is there already is refused by the database."""
    rows = [{"id": one.id, "salt": one.salt, "data": one.data} for one in writes if isinstance(one, SubjectRow)]
    write(connection, subjects, rows)


def get(connection: Connection, id_: str) -> dict[str, Any] | None:
    """Return a subject's data, None where it is unknown or erased."""
    data = connection.scalar(select(subjects.c.data).where(subjects.c.id == id_))
    return json.loads(data) if data else None
