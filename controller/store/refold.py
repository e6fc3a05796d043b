"""Folds the journal anew and compares what comes out with the stored rows; remembers of ended things only a hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from controller.model.case import Case
from controller.model.floor import Floor
from controller.store.codec import encode
from controller.store.state import ended_of, is_open
from controller.store.tables import ended_cases, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from controller.model.facts import Fact
    from controller.model.floor import Row


class _Expected(NamedTuple):
    """What a state row should hold. `seq`: the last fact that touched it, which its group may have outrun."""

    open: bool
    seq: int
    body: bytes


class Refold:
    """The state of a line, made from its facts alone."""

    def __init__(self, problems: list[str], fold: Callable[[Floor, Fact], Floor]) -> None:
        self._problems = problems
        self._fold = fold
        self._floor: Floor | None = Floor()
        self._open: dict[Row, tuple[object, int]] = {}
        self._ended: dict[Row, _Expected] = {}
        self._listed: dict[str, dict[str, object]] = {}
        self._seq = 0

    def follow(self, seq: int, fact: Fact) -> None:
        """Fold one fact."""
        if self._floor is None:
            return
        try:
            floor = self._fold(self._floor, fact)
        except Exception as error:  # noqa: BLE001 a journal that was tampered with may break the fold in any way
            self._problems.append(f"事实 {seq} 无法重放 (fact {seq} cannot be folded): {type(error).__name__}")
            self.give_up()
            return
        for key, aggregate in floor.touched.items():
            self._note(key, aggregate, seq)
        self._floor, self._seq = floor.stored(), seq

    def give_up(self) -> None:
        """Stop folding: a fact is missing, and nothing after it can be known."""
        self._floor = None

    def compare(self, connection: Connection, line: str) -> None:
        """Report every row that is not what the facts make it."""
        if self._floor is None:
            self._problems.append("状态未能重放，未作比较 (the state could not be folded anew and was not compared)")
            return
        self._compare_state(connection, line)
        self._compare_listing(connection, line)

    def _note(self, key: Row, aggregate: object, seq: int) -> None:
        self._open.pop(key, None)
        self._ended.pop(key, None)
        if is_open(aggregate):
            self._open[key] = (aggregate, seq)
            return
        self._ended[key] = _Expected(open=False, seq=seq, body=_digest(encode(aggregate)))
        if isinstance(aggregate, Case):
            self._listed[aggregate.id] = ended_of("", [aggregate])[0]

    def _compare_state(self, connection: Connection, line: str) -> None:
        expected = self._ended
        for key, (aggregate, seq) in self._open.items():
            expected[key] = _Expected(open=True, seq=seq, body=_digest(encode(aggregate)))
        query = select(state.c.kind, state.c.id, state.c.open, state.c.seq, state.c.body).where(state.c.line == line)
        for row in connection.execute(query.execution_options(yield_per=1000)):
            name = f"{row.kind} {row.id}"
            wanted = expected.pop((row.kind, row.id), None)
            if wanted is None:
                self._problems.append(f"状态行 {name} 没有事实依据 (state row {name} comes from no fact)")
            elif (row.open, _digest(row.body)) != (wanted.open, wanted.body):
                self._problems.append(f"状态行 {name} 与事实不符 (state row {name} is not what the facts make it)")
            elif not wanted.seq <= row.seq <= self._seq:
                self._problems.append(f"状态行 {name} 的序号不可能 (state row {name} has an impossible number)")
        self._problems.extend(f"缺少状态行 {kind} {id_} (state row {kind} {id_} is missing)" for kind, id_ in expected)

    def _compare_listing(self, connection: Connection, line: str) -> None:
        query = select(ended_cases).where(ended_cases.c.line == line)
        for row in connection.execute(query.execution_options(yield_per=1000)).mappings():
            if self._listed.pop(row["id"], None) != {**row, "line": ""}:
                self._problems.append(f"结束清单中 {row['id']} 不符 (ended case {row['id']} is listed wrongly)")
        self._problems.extend(f"结束清单中缺少 {id_} (ended case {id_} is not listed)" for id_ in self._listed)


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()
