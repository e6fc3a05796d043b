"""Each aggregate as it is now: one row, written with the facts that changed it; start reads the open ones and nothing else."""

from __future__ import annotations

import base64
import gc
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from controller.model.alarm import Alarm
from controller.model.batch import ENDED, Batch
from controller.model.case import ENDS, Case
from controller.store.codec import decode, encode
from controller.store.errors import StoreError
from controller.store.rows import ClosedPage
from controller.store.statements import OnConflict, write
from controller.store.tables import ended_cases, state

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from sqlalchemy import Connection

    from controller.model.floor import Row


def is_open(aggregate: object) -> bool:
    """Whether an aggregate belongs on the floor; machines, lots, zones and people always do."""
    match aggregate:
        case Case():
            return aggregate.status not in ENDS
        case Batch():
            return aggregate.stage not in ENDED
        case Alarm():
            return aggregate.is_open
        case _:
            return True


def rows_of(line: str, seq: int, touched: Mapping[Row, object]) -> list[dict[str, Any]]:
    """Return the state rows of what a group touched; `seq` is its last fact."""
    return [
        {"line": line, "kind": kind, "id": id_, "open": is_open(aggregate), "seq": seq, "body": encode(aggregate)}
        for (kind, id_), aggregate in touched.items()
    ]


def ended_of(line: str, touched: Iterable[object]) -> list[dict[str, Any]]:
    """Return the listing rows of the cases that have ended."""
    return [
        {
            "line": line,
            "id": case.id,
            "hospital": case.prescription.hospital,
            "prescription_no": case.prescription.prescription_no,
            "status": case.status.value,
            "promised_at": case.promised_at,
            "ended_at": case.ended_at,
        }
        for case in touched
        if isinstance(case, Case) and not is_open(case)
    ]


def put(connection: Connection, rows: list[dict[str, Any]], ended: list[dict[str, Any]]) -> None:
    """Write the rows over what was there."""
    write(connection, state, rows, OnConflict.REPLACE)
    write(connection, ended_cases, ended, OnConflict.REPLACE)


def open_rows(connection: Connection, line: str) -> list[tuple[str, str, object]]:
    """Return every open row, decoded."""
    query = select(state.c.kind, state.c.id, state.c.body).where(state.c.line == line, state.c.open)
    found = connection.execute(query.order_by(state.c.kind, state.c.id)).all()
    with _no_collection():
        return [(row.kind, row.id, decode(row.kind, row.body)) for row in found]


def one(connection: Connection, line: str, kind: str, id_: str) -> object | None:
    """Return one aggregate, open or ended, or None."""
    query = select(state.c.body).where(state.c.line == line, state.c.kind == kind, state.c.id == id_)
    body = connection.scalar(query)
    return None if body is None else decode(kind, body)


def ended_page(
    connection: Connection, line: str, *, hospital: str | None, status: str | None, limit: int, cursor: str | None
) -> ClosedPage:
    """Return ended cases, newest first; without hospital, status or cursor of all, of any, from the first."""
    listed = ended_cases.c
    query = (
        select(listed.ended_at, listed.id, state.c.body)
        .join(state, and_(state.c.line == listed.line, state.c.kind == "case", state.c.id == listed.id))
        .where(listed.line == line)
        .order_by(listed.ended_at.desc(), listed.id.desc())
        .limit(limit + 1)
    )
    if hospital:
        query = query.where(listed.hospital == hospital)
    if status:
        query = query.where(listed.status == status)
    if cursor:
        at, id_ = _place(cursor)
        query = query.where(or_(listed.ended_at < at, and_(listed.ended_at == at, listed.id < id_)))
    found = connection.execute(query).all()
    more = len(found) > limit
    cases = tuple(decode("case", row.body) for row in found[:limit])
    return ClosedPage(cases, _cursor(found[limit - 1].ended_at, found[limit - 1].id) if more else "")


@contextmanager
def _no_collection() -> Generator[None]:
    """Keep the collector from walking, again and again, millions of new objects that all stay: half of the time to start."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _cursor(at: int, id_: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at, id_]).encode()).decode()


def _place(cursor: str) -> tuple[int, str]:
    try:
        at, id_ = json.loads(base64.urlsafe_b64decode(cursor))
        return int(at), str(id_)
    except (ValueError, TypeError) as error:
        raise StoreError("this is no cursor of ours") from error
