"""No epoch is given twice, not even by another database: a new book and a restored one begin with the second of their making.

A machine keeps the highest epoch that ever asked it for anything, also one of a book that is gone, and refuses every lower one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from controller.store import journal
from controller.store.journal import Head
from controller.store.tables import lines

if TYPE_CHECKING:
    from sqlalchemy import Connection


def of_now() -> int:
    """Return what no book that was begun before can have reached by being opened again and again: uint32."""
    return int(time.time())


def raised(connection: Connection, line: str) -> tuple[int, Head]:
    """Raise the epoch of a line, which is begun where it is not there; return it and where the line stands."""
    query = select(lines.c.epoch, lines.c.seq, lines.c.head).where(lines.c.id == line).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        head, epoch = Head(0, journal.genesis(line)), of_now()
        connection.execute(lines.insert(), {"id": line, "seq": head.seq, "head": head.hash, "epoch": epoch})
        return epoch, head
    connection.execute(update(lines).where(lines.c.id == line).values(epoch=row.epoch + 1))
    return row.epoch + 1, Head(row.seq, row.head)
