"""What was answered to whom, so that a repeated call gets the same bytes: prescriptions by version, scans by nonce.

A version of a prescription is taken once over all lines: the table's key makes it so. Scan answers may be forgotten when no
network repeats them any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from controller.store.rows import IntakeRow, ScanRow
from controller.store.statements import write
from controller.store.tables import intake, scans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from controller.store.rows import Write


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


def versions(connection: Connection, hospital: str, prescription_no: str) -> list[IntakeRow]:
    """Return every version seen of one prescription, lowest first."""
    seen = intake.c
    query = (
        select(seen.version, seen.digest, seen.case_id, seen.body, seen.answer)
        .where(seen.hospital == hospital, seen.prescription_no == prescription_no)
        .order_by(seen.version)
    )
    return [IntakeRow(hospital, prescription_no, *row) for row in connection.execute(query)]


def scan_answer(connection: Connection, nonce: str) -> bytes | None:
    """Return what a scan was answered, None where its nonce is new."""
    return connection.scalar(select(scans.c.answer).where(scans.c.nonce == nonce))


def forget_scans(connection: Connection, before: int) -> int:
    """Delete the answers of scans before an instant, ms; return how many."""
    return connection.execute(delete(scans).where(scans.c.at < before)).rowcount
