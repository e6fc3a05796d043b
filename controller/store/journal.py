"""The journal: facts in one chain per line, each bound to all before it by its hash; it only ever grows.

hash = sha256(previous hash + canonical fact), both as UTF-8 text, a hash as 64 hex digits; the first follows `genesis(line)`.
The canonical fact is `{"about":…,"at":…,"body":…,"kind":…,"seq":…,"v":…}` without spaces, `body` being the stored text as it is,
so that a chain can be checked without knowing what any fact means.
"""

from __future__ import annotations

import hashlib
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, select, text, update

from controller.store.codec import decode, encode
from controller.store.errors import Corrupt, MasteryLost, WrongVersion
from controller.store.rows import StoredFact
from controller.store.statements import write
from controller.store.tables import ABOUT_ALARMS, facts, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Select

    from controller.model.facts import Fact

FACT_VERSION: Final = 1
"""Version of the form in which facts are written; a reader of an older form would be chosen by the stored one."""

_COLUMNS: Final = (facts.c.seq, facts.c.at, facts.c.kind, facts.c.v, facts.c.about, facts.c.body, facts.c.hash)


_MOVE: Final = (
    update(lines)
    .where(lines.c.id == bindparam("line"), lines.c.epoch == bindparam("under"), lines.c.seq == bindparam("old_seq"))
    .values(seq=bindparam("new_seq"), head=bindparam("new_head"))
)


class Head(NamedTuple):
    """The end of a chain: how many facts, and the hash of the last."""

    seq: int
    hash: str


def genesis(line: str) -> str:
    """Return what the first fact of a line is chained to: the line's own name."""
    return hashlib.sha256(f"line {line}".encode()).hexdigest()


def link(previous: str, *, seq: int, at: int, kind: str, v: int, about: str, body: str) -> str:
    """Return the hash of one fact after another."""
    about, kind = encode_basestring(about), encode_basestring(kind)
    canonical = f'{{"about":{about},"at":{at},"body":{body},"kind":{kind},"seq":{seq},"v":{v}}}'
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def forge(line: str, head: Head, new: Sequence[Fact], texts: Sequence[str] | None) -> tuple[list[dict[str, Any]], Head]:
    """Return the rows of facts that follow a head, and the head after them. `texts`: the facts as `encode` gives them."""
    rows: list[dict[str, Any]] = []
    seq, last = head
    for fact, body in zip(new, map(encode, new) if texts is None else texts, strict=True):
        seq += 1
        named: dict[str, Any] = {
            "seq": seq,
            "at": fact.at,
            "kind": type(fact).__name__,
            "v": FACT_VERSION,
            "about": fact.about,
            "body": body,
        }
        last = link(last, **named)
        rows.append({"line": line, **named, "hash": last})
    return rows, Head(seq, last)


def append(connection: Connection, line: str, epoch: int, old: Head, rows: Sequence[dict[str, Any]], new: Head) -> None:
    """Move the line from one head to the next and add the facts between; MasteryLost where the line is not ours to move."""
    moved = connection.execute(
        _MOVE, {"line": line, "under": epoch, "old_seq": old.seq, "new_seq": new.seq, "new_head": new.hash}
    )
    if moved.rowcount != 1:
        raise MasteryLost(f"line {line} is not at fact {old.seq} under epoch {epoch} any more")
    write(connection, facts, rows)


def require_epoch(connection: Connection, line: str, epoch: int) -> None:
    """Raise MasteryLost where the line has gone on to another epoch."""
    found = connection.scalar(select(lines.c.epoch).where(lines.c.id == line))
    if found != epoch:
        raise MasteryLost(f"line {line} is under epoch {found}, not {epoch}")


def head_of(connection: Connection, line: str) -> Head | None:
    """Return where the line says it stands, None for a line that never began."""
    row = connection.execute(select(lines.c.seq, lines.c.head).where(lines.c.id == line)).one_or_none()
    return None if row is None else Head(row.seq, row.head)


def last_at(connection: Connection, line: str) -> int:
    """Return the time of the last fact, 0 before any; Corrupt where the chain's end does not bear the line's head out."""
    head = head_of(connection, line) or Head(0, genesis(line))
    tail = connection.execute(_facts(line).order_by(facts.c.seq.desc()).limit(2)).all()
    if not tail:
        if head != (0, genesis(line)):
            raise Corrupt(f"line {line} says it has {head.seq} facts and has none")
        return 0
    last = tail[0]
    previous = genesis(line) if last.seq == 1 else tail[-1].hash
    if (last.seq, last.hash) != head or link_of(previous, last) != last.hash or tail[-1].seq != max(1, last.seq - 1):
        raise Corrupt(f"the last facts of line {line} do not bear out its head, fact {head.seq}")
    return last.at


def link_of(previous: str, row: Row[*tuple[Any, ...]]) -> str:
    """Return the hash that a stored fact should have."""
    return link(previous, seq=row.seq, at=row.at, kind=row.kind, v=row.v, about=row.about, body=row.body)


def after(connection: Connection, line: str, seq: int, limit: int) -> list[StoredFact]:
    """Return the facts that follow `seq`, at most `limit`."""
    found = connection.execute(_facts(line).where(facts.c.seq > seq).order_by(facts.c.seq).limit(limit))
    return [restored(row) for row in found]


def about(connection: Connection, line: str, whom: str) -> list[StoredFact]:
    """Return every fact of one timeline."""
    found = connection.execute(_facts(line).where(facts.c.about == whom).order_by(facts.c.seq))
    return [restored(row) for row in found]


def of_alarms(connection: Connection, line: str, between: tuple[int, int], limit: int) -> list[StoredFact]:
    """Return the facts about alarms from one instant, ms, up to before another, in order, at most `limit`."""
    wanted = _facts(line).where(facts.c.at >= between[0], facts.c.at < between[1], text(ABOUT_ALARMS))
    found = connection.execute(wanted.order_by(facts.c.at, facts.c.seq).limit(limit))
    return [restored(row) for row in found]


def everything(connection: Connection, line: str) -> Iterable[Row[*tuple[Any, ...]]]:
    """Give every stored fact in order, without holding them all."""
    return connection.execute(_facts(line).order_by(facts.c.seq).execution_options(yield_per=1000))


def restored(row: Row[*tuple[Any, ...]]) -> StoredFact:
    """Return a stored fact as it was; WrongVersion where it was written by a later program."""
    if row.v != FACT_VERSION:
        raise WrongVersion(f"fact {row.seq} is of version {row.v}, this program reads {FACT_VERSION}")
    return StoredFact(row.seq, row.at, row.kind, row.about, decode(row.kind, row.body))


def _facts(line: str) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(facts.c.line == line)
