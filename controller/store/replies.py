"""What was answered to whom, so that a repeated call gets the same bytes: prescriptions by version, scans by nonce.

A version of a prescription is taken once over all lines: the table's key makes it so. Scan answers may be forgotten when no
network repeats them any more.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, or_, select

from controller.store.rows import IntakeRow, ScanRow
from controller.store.statements import write
from controller.store.tables import intake, scans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Dialect

    from controller.store.rows import Write

_AT_ONCE: Final = 64
# Built once: every post and every scan asks one of these first, and building a query costs more than answering it.
_SCAN_ANSWER: Final = select(scans.c.answer).where(scans.c.nonce == bindparam("nonce"))


def put(connection: Connection, line: str, writes: Sequence[Write]) -> None:
    """Write the answers among what a group brings; a version or nonce that is there already is refused by the database."""
    taken = [
        {
            "hospital": one.hospital,
            "prescription_no": one.prescription_no,
            "version": one.version,
            "line": line,
            "digest": one.digest,
            "case_id": one.case,
            "body": one.body,
            "answer": one.answer,
        }
        for one in writes
        if isinstance(one, IntakeRow)
    ]
    scanned = [{"nonce": one.nonce, "answer": one.answer, "at": one.at} for one in writes if isinstance(one, ScanRow)]
    write(connection, intake, taken)
    write(connection, scans, scanned)


def versions(connection: Connection, numbers: Sequence[tuple[str, str]]) -> list[list[IntakeRow]]:
    """Return every version seen of each prescription (hospital, number), lowest first; many with one query."""
    found: dict[tuple[str, str], list[IntakeRow]] = {number: [] for number in numbers}
    asked = list(found)
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        text, order = _versions(connection.dialect, len(some))
        named = {
            f"{part}{place}": value
            for place, one in enumerate(some)
            for part, value in zip(("hospital", "number"), one, strict=True)
        }
        for row in connection.exec_driver_sql(text, tuple(named[name] for name in order) if order else named):
            found[row[0], row[1]].append(IntakeRow(*row))
    return [sorted(found[number], key=lambda row: row.version) for number in numbers]


@cache
def _versions(dialect: Dialect, many: int) -> tuple[str, Sequence[str] | None]:
    """Return the query for so many prescriptions, and the order of its parameters: None where they have names."""
    columns = intake.c
    query = select(
        columns.hospital,
        columns.prescription_no,
        columns.version,
        columns.digest,
        columns.case_id,
        columns.body,
        columns.answer,
    )
    # One term for each, since only so SQLite goes by the key.
    terms = [
        and_(columns.hospital == bindparam(f"hospital{n}"), columns.prescription_no == bindparam(f"number{n}"))
        for n in range(many)
    ]
    compiled: Any = query.where(or_(*terms)).compile(dialect=dialect)
    return str(compiled), compiled.positiontup if compiled.positional else None


def scan_answer(connection: Connection, nonce: str) -> bytes | None:
    """Return what a scan was answered, None where its nonce is new."""
    return connection.scalar(_SCAN_ANSWER, {"nonce": nonce})


def forget_scans(connection: Connection, before: int) -> int:
    """Delete the answers of scans before an instant, ms; return how many."""
    return connection.execute(delete(scans).where(scans.c.at < before)).rowcount
