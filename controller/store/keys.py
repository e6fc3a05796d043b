"""Keys of the HTTP API and PINs of people; only what cannot be turned back: sha256 of a random key, argon2id of a PIN."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from controller.store.errors import Duplicate, NotThere
from controller.store.rows import KeyRow
from controller.store.statements import OnConflict, write
from controller.store.tables import keys, pins

if TYPE_CHECKING:
    from sqlalchemy import Connection


def every(connection: Connection) -> list[KeyRow]:
    """Return every key, revoked ones too, by id."""
    return [KeyRow(*row) for row in connection.execute(select(keys).order_by(keys.c.id))]


def add(connection: Connection, id_: str, role: str, scope: str, digest: str) -> None:
    """Write a key; Duplicate where its id or digest is there already."""
    row = {"id": id_, "role": role, "scope": scope, "digest": digest, "created_at": _now(), "revoked_at": 0}
    try:
        connection.execute(insert(keys).values(row))
    except IntegrityError as error:
        raise Duplicate(f"there is a key {id_} already, or one of the same digest") from error


def revoke(connection: Connection, id_: str) -> None:
    """End a key's life; a second time changes nothing. NotThere where there is none of this id."""
    if connection.scalar(select(keys.c.id).where(keys.c.id == id_)) is None:
        raise NotThere(f"there is no key {id_}")
    connection.execute(update(keys).where(keys.c.id == id_, keys.c.revoked_at == 0).values(revoked_at=_now()))


def pin_hash(connection: Connection, badge: str) -> str | None:
    """Return the hash of a person's PIN, None where none was set."""
    return connection.scalar(select(pins.c.hash).where(pins.c.badge == badge))


def set_pin(connection: Connection, badge: str, hash_: str) -> None:
    """Write the hash of a person's PIN over any former one."""
    write(connection, pins, [{"badge": badge, "hash": hash_}], OnConflict.REPLACE)


def _now() -> int:
    return time.time_ns() // 1_000_000
