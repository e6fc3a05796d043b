"""Checks everything a line remembers against its journal, on a read-only snapshot, a running controller's too.

The chain is computed anew from the first fact; the state is folded anew and compared row by row; every prescription received
must be open or have come to exactly one end; what was posted and who it was for must fit the facts. Heads kept in an anchor
file tell whether the journal's end was cut off or the whole was written anew: without one, nobody can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from controller.store import anchor as anchors
from controller.store import journal
from controller.store.database import open_database
from controller.store.errors import ReadFailed, StoreError
from controller.store.journal import Head
from controller.store.ledger import Ledger
from controller.store.refold import Refold
from controller.store.rows import VerifyReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from controller.model.facts import Fact
    from controller.model.floor import Floor

NO_ANCHOR = "未给出锚文件：无法发现被截去的末尾 (without an anchor a cut tail cannot be found)"


def verify(
    url: str, anchor: Path | None = None, *, fold: Callable[[Floor, Fact], Floor], line: str = "A"
) -> VerifyReport:
    """Check one line of a database. `fold` is `pipeline.evolve`; NotThere, WrongVersion, ReadFailed where nothing can be read."""
    database = open_database(url, line=line, writing=False)
    try:
        with database.readers.connect() as connection:
            return _report(connection, line, fold, anchor)
    except SQLAlchemyError as error:
        raise ReadFailed(f"the database cannot be read to its end: {type(error).__name__}") from error
    finally:
        database.close()


def _linked(head: Head, row: Row[*tuple[Any, ...]], problems: list[str]) -> Head:
    if row.seq != head.seq + 1:
        problems.append(
            f"事实 {head.seq + 1} 至 {row.seq - 1} 缺失 (facts {head.seq + 1} to {row.seq - 1} are missing)"
        )
    if journal.link_of(head.hash, row) != row.hash:
        problems.append(f"事实 {row.seq} 的散列不符 (the hash of fact {row.seq} is not that of what is stored)")
    return Head(row.seq, row.hash)


def _report(
    connection: Connection, line: str, fold: Callable[[Floor, Fact], Floor], anchor: Path | None
) -> VerifyReport:
    problems: list[str] = []
    anchored = anchors.Anchored(problems, anchors.read(anchor, line, problems) if anchor else [])
    refold, ledger = Refold(problems, fold), Ledger(problems)
    head = Head(0, journal.genesis(line))
    anchored.pass_by(head)
    for row in journal.everything(connection, line):
        head = _linked(head, row, problems)
        anchored.pass_by(head)
        try:
            stored = journal.restored(row)
        except StoreError as error:
            problems.append(f"事实 {row.seq} 无法读取 (fact {row.seq} cannot be read): {error}")
            refold.give_up()
            continue
        if (stored.fact.at, stored.fact.about) != (row.at, row.about):
            problems.append(f"事实 {row.seq} 的列与内容不符 (the columns of fact {row.seq} are not those of its body)")
        ledger.enter(stored.fact)
        refold.follow(row.seq, stored.fact)
    said = journal.head_of(connection, line) or Head(0, journal.genesis(line))
    if said != head:
        problems.append(
            f"生产线记为 {said.seq} 条事实，日志有 {head.seq} 条，或散列不同"
            f" (the line says {said.seq} facts, the journal has {head.seq}, or the hashes differ)"
        )
    anchored.conclude(head)
    refold.compare(connection, line)
    ledger.compare(connection, line)
    return VerifyReport(
        problems=problems,
        notes=[] if anchor else [NO_ANCHOR],
        facts=head.seq,
        head=head.hash,
        anchored=anchored.any,
        received=len(ledger.received),
        open=ledger.open,
        erased=ledger.erased,
        ends=ledger.ends,
    )
