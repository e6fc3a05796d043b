"""One life of a prescription, copied under fresh codes as often as asked, and written as the store would have written it.

`Life` is a prescription as the store knows it; `Pen` chains facts, writes rows and copies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from controller.model.codes import make_code
from controller.pipeline import is_open
from controller.store.codec import encode
from controller.store.journal import FACT_VERSION, genesis, link
from controller.store.state import ended_of
from controller.store.statements import write
from controller.store.tables import ended_cases, facts, intake, lines, state, subjects
from tests.bench.centre import HOSPITAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

_CODES = r"[RBGPKS]-[0-9A-Z]{17}"
_END = "\x1e"
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Life:
    """One prescription as the store knows it: its facts as (at, kind, about, body), its rows, its subject and its intake."""

    facts: list[tuple[int, str, str, str]]
    rows: list[tuple[str, str, Any]]
    subject: dict[str, str]
    post: dict[str, Any]

    def copies(self, how_many: int, fresh: Iterator[int]) -> Iterator[Copy]:
        """Give the same life again and again under other codes."""
        texts = [text for _, _, about, body_ in self.facts for text in (about, body_)]
        texts += [text for _, id_, row in self.rows for text in (id_, encode(row))]
        texts += [self.subject["id"], self.post["number"], self.post["case"], self.post["body"]]
        names = f"({_CODES}|{self.subject['id']}|{self.post['number']})"
        pieces = re.split(names, _END.join(texts))
        # In order, so that what is stored in order is in order again.
        codes = sorted({piece for piece in pieces[1::2] if re.fullmatch(_CODES, piece)})
        for number in (next(fresh) for _ in range(how_many)):
            renamed = {code: make_code(code[0], f"C{number:09}{place:06}") for place, code in enumerate(codes)}
            renamed[self.subject["id"]] = f"{number:032x}"
            renamed[self.post["number"]] = f"COPY-{number:08}"
            yield Copy(self, "".join(renamed.get(piece, piece) for piece in pieces).split(_END), renamed)


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: the texts of a life, renamed."""

    life: Life
    texts: list[str]
    renamed: dict[str, str]

    def facts(self) -> Iterator[tuple[int, str, str, str]]:
        """Give the facts as `Life` has them."""
        for place, (at, kind, _, _) in enumerate(self.life.facts):
            yield at, kind, self.texts[2 * place], self.texts[2 * place + 1]

    def rows(self, line: str, seq: int) -> list[dict[str, Any]]:
        """Return the state rows."""
        start = 2 * len(self.life.facts)
        return [
            {"line": line, "kind": kind, "id": self.texts[start + 2 * place], "open": is_open(row), "seq": seq,
             "body": self.texts[start + 2 * place + 1]}
            for place, (kind, _, row) in enumerate(self.life.rows)
        ]  # fmt: skip

    def ended(self, line: str) -> list[dict[str, Any]]:
        """Return the row of the listing of ended cases."""
        rows = ended_of(line, [row for _, _, row in self.life.rows])
        return [
            {**row, "id": self.renamed[row["id"]], "prescription_no": self.renamed[row["prescription_no"]]}
            for row in rows
        ]

    def beside(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return subject and intake."""
        subject, number, case, body_ = self.texts[-4:]
        return {**self.life.subject, "id": subject}, {**self.life.post, "number": number, "case": case, "body": body_}


class Pen:
    """Writes rows as the store does, many groups at once."""

    def __init__(self, connection: Connection, line: str) -> None:
        self._connection, self._line = connection, line
        self._seq, self._head = 0, genesis(line)
        self._fresh = count(1)
        self._waiting: dict[Any, list[dict[str, Any]]] = {}

    def facts(self, told: Iterable[tuple[int, str, str, str]]) -> None:
        """Chain facts to what is there."""
        rows = self._waiting.setdefault(facts, [])
        for at, kind, about, text in told:
            self._seq += 1
            row: dict[str, Any] = {
                "seq": self._seq,
                "at": at,
                "kind": kind,
                "v": FACT_VERSION,
                "about": about,
                "body": text,
            }
            self._head = link(self._head, **row)
            rows.append({"line": self._line, **row, "hash": self._head})
        if len(rows) >= _AT_ONCE:
            self._write()

    def life(self, life: Life, copies: int) -> None:
        """Write a life as it was led, but for its rows, and its copies."""
        self.facts(life.facts)
        self.beside(life.subject, life.post)
        for copy in life.copies(copies, self._fresh):
            self.facts(copy.facts())
            self.beside(*copy.beside())
            self._waiting.setdefault(state, []).extend(copy.rows(self._line, self._seq))
            self._waiting.setdefault(ended_cases, []).extend(copy.ended(self._line))

    def beside(self, subject: dict[str, str], posted: dict[str, Any]) -> None:
        """Write who it is for and what was posted."""
        self._waiting.setdefault(subjects, []).append(subject)
        row = {
            "hospital": HOSPITAL, "prescription_no": posted["number"], "version": 1, "line": self._line,
            "digest": posted["digest"], "case_id": posted["case"], "body": posted["body"], "answer": b"{}",
        }  # fmt: skip
        self._waiting.setdefault(intake, []).append(row)

    def rows(self, aggregates: Iterable[tuple[str, str, Any]]) -> None:
        """Write aggregates as they are now."""
        aggregates = list(aggregates)
        self._waiting.setdefault(state, []).extend(
            {"line": self._line, "kind": kind, "id": id_, "open": is_open(row), "seq": self._seq, "body": encode(row)}
            for kind, id_, row in aggregates
        )
        self._waiting.setdefault(ended_cases, []).extend(ended_of(self._line, [row for *_, row in aggregates]))

    def finish(self) -> None:
        """Write what waits."""
        self._write()

    def _write(self) -> None:
        with self._connection.begin():
            for table, rows in self._waiting.items():
                write(self._connection, table, rows)
            line = lines.update().where(lines.c.id == self._line)
            self._connection.execute(line.values(seq=self._seq, head=self._head))
        self._waiting = {}
