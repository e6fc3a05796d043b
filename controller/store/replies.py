"""What was answered to whom, so that a repeated call gets the same bytes: prescriptions by version, scans by nonce.

A version of a prescription is taken once over all lines: the table's key makes it so. Scan answers may be forgotten when no
network repeats them any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from controller.store.rows import IntakeRow, ScanRow
from controller.store.statements import write
from controller.store.tables import intake, scans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from controller.store.rows import Write

# Built once: every post and every scan asks one of these first, and building a query costs more than answering it.
# Two lists rather than one of pairs, since only so SQLite goes by the key; what is asked by nobody falls away afterwards.
_VERSIONS: Final = select(
    intake.c.hospital,
    intake.c.prescription_no,
    intake.c.version,
    intake.c.digest,
    intake.c.case_id,
    intake.c.body,
    intake.c.answer,
).where(
    intake.c.hospital.in_(bindparam("hospitals", expanding=True)),
    intake.c.prescription_no.in_(bindparam("numbers", expanding=True)),
)
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
    """Return every version seen of each prescription (hospital, number), lowest first, with one query."""
    found: dict[tuple[str, str], list[IntakeRow]] = {number: [] for number in numbers}
    asked = {"hospitals": sorted({one for one, _ in numbers}), "numbers": sorted({one for _, one in numbers})}
    for row in connection.execute(_VERSIONS, asked):
        if (row[0], row[1]) in found:
            found[row[0], row[1]].append(IntakeRow(*row))
    return [sorted(found[number], key=lambda row: row.version) for number in numbers]


def scan_answer(connection: Connection, nonce: str) -> bytes | None:
    """Return what a scan was answered, None where its nonce is new."""
    return connection.scalar(_SCAN_ANSWER, {"nonce": nonce})


def forget_scans(connection: Connection, before: int) -> int:
    """Delete the answers of scans before an instant, ms; return how many."""
    return connection.execute(delete(scans).where(scans.c.at < before)).rowcount
