"""The rows of one prescription's life, copied under fresh codes as often as asked, and written as the store would write them.

`told`, `kept` and `taken` give rows; `copies` gives the same rows under other codes; `Pen` chains their facts and writes.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

from controller.model.codes import make_code
from controller.store.codec import encode
from controller.store.journal import FACT_VERSION, genesis, link
from controller.store.state import ended_of, rows_of
from controller.store.statements import write
from controller.store.tables import ended_cases, facts, intake, lines, state, subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from controller.api.posted import Posted
    from controller.model.facts import Fact

Rows = list[tuple["Table", dict[str, Any]]]

_CODE = r"[RBGPKS]-[0-9A-Z]{17}"
_END = "\x1e"
_AT_ONCE = 20_000


def told(line: str, what: Iterable[Fact]) -> Rows:
    """Return facts as rows; the pen numbers and chains them."""
    return [
        (facts, {"line": line, "at": fact.at, "kind": type(fact).__name__, "v": FACT_VERSION, "about": fact.about,
                 "body": encode(fact)})
        for fact in what
    ]  # fmt: skip


def kept(line: str, touched: Mapping[tuple[str, str], object]) -> Rows:
    """Return aggregates as they are now."""
    ended = ended_of(line, touched.values())
    return [(state, row) for row in rows_of(line, 0, touched)] + [(ended_cases, row) for row in ended]


def taken(line: str, case: str, posted: Posted) -> Rows:
    """Return who a prescription is for, and what was posted."""
    prescription, subject = posted.prescription, posted.subject
    return [
        (subjects, {"id": subject.id, "salt": subject.salt, "data": subject.data}),
        (intake, {"hospital": prescription.hospital, "prescription_no": prescription.prescription_no,
                  "version": prescription.version, "line": line, "digest": posted.digest, "case_id": case,
                  "body": posted.kept, "answer": b"{}"}),
    ]  # fmt: skip


def copies(life: Rows, numbers: Iterable[int]) -> Iterator[Rows]:
    """Give the life of one prescription again for each number, under codes, subject and prescription number of its own."""
    (subject,) = (row["id"] for table, row in life if table is subjects)
    (prescription_no,) = (row["prescription_no"] for table, row in life if table is intake)
    texts = [value for _, row in life for value in row.values() if isinstance(value, str)]
    pieces = re.split(f"({_CODE}|{subject}|{prescription_no})", _END.join(texts))
    # In order, so that what is stored in order is in order again.
    codes = sorted({piece for piece in pieces[1::2] if re.fullmatch(_CODE, piece)})
    for number in numbers:
        renamed = {code: make_code(code[0], f"C{number:09}{place:06}") for place, code in enumerate(codes)}
        renamed |= {subject: f"{number:032x}", prescription_no: f"COPY-{number:08}"}
        fresh = iter("".join(renamed.get(piece, piece) for piece in pieces).split(_END))
        yield [
            (table, {name: next(fresh) if isinstance(value, str) else value for name, value in row.items()})
            for table, row in life
        ]


class Pen:
    """Writes rows into an empty line, many groups at once."""

    def __init__(self, connection: Connection, line: str) -> None:
        self._connection, self._line = connection, line
        self._seq, self._head = 0, genesis(line)
        self._waiting: dict[Table, list[dict[str, Any]]] = {}
        self.fresh = count(1)
        """Numbers for copies."""

    def write(self, rows: Rows) -> None:
        """Write rows, facts in their order."""
        for table, row in rows:
            if table is facts:
                self._seq += 1
                row["seq"] = self._seq
                row["hash"] = self._head = link(self._head, **{name: row[name] for name in row if name != "line"})
            elif table is state:
                row["seq"] = self._seq
            self._waiting.setdefault(table, []).append(row)
        if len(self._waiting.get(facts, ())) >= _AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Make what was written durable."""
        with self._connection.begin():
            for table, rows in self._waiting.items():
                write(self._connection, table, rows)
            moved = lines.update().where(lines.c.id == self._line).values(seq=self._seq, head=self._head)
            self._connection.execute(moved)
        self._waiting.clear()
