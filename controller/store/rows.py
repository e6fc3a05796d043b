"""What goes into the store and comes out of it, beside facts and aggregates: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from controller.model.case import Case
    from controller.model.facts import Fact
    from controller.model.floor import Row


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """Who a prescription is for. `data`: canonical JSON text; facts carry `subject_digest(salt, data)`."""

    id: str
    salt: str
    data: str


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """One version of a prescription as it was posted. `body`: canonical JSON text; `answer`: the bytes of the first answer."""

    hospital: str
    prescription_no: str
    version: int
    digest: str
    case: str
    body: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class ScanRow:
    """The answer to one scan, for when the network repeats it. `at`: ms."""

    nonce: str
    answer: bytes
    at: int


Write = SubjectRow | IntakeRow | ScanRow


@dataclass(frozen=True, slots=True)
class Group:
    """What one transaction makes durable: facts in order, the aggregates they touched, and what hangs on them.

    `texts`: the facts as `encode` gives them, where that is done already.
    """

    facts: Sequence[Fact]
    rows: Mapping[Row, object]
    writes: Sequence[Write] = ()
    texts: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A durable fact. `seq` rises by one along the line, from 1."""

    seq: int
    at: int
    kind: str
    about: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where a line stands. `rows`: open aggregates as (kind, id, aggregate); `last_at`: ms of the last fact, 0 before any."""

    rows: Iterable[tuple[str, str, object]]
    seq: int
    head: str
    last_at: int


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """Ended cases, newest first. `cursor`: asks for the next page; empty on the last."""

    cases: tuple[Case, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class ReadingBlock:
    """Consecutive samples of one tag as (ms, value, quality). `gap_ms`: silence longer than this is a gap; 0 knows no limit."""

    machine: str
    tag: str
    batch: str
    first_at: int
    points: Sequence[tuple[int, float, str]]
    gap_ms: int = 0


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of the HTTP API. `digest`: sha256 of the key, hex. Instants are ms of wall time; `revoked_at` 0 while good."""

    id: str
    role: str
    scope: str
    digest: str
    created_at: int
    revoked_at: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` found. `ends`: prescriptions by status of their end; `erased`: subjects whose data was erased."""

    problems: list[str]
    notes: list[str]
    facts: int
    head: str
    anchored: bool
    received: int = 0
    open: int = 0
    erased: int = 0
    ends: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
