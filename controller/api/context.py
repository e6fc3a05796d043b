"""What the API is given and uses of the rest of the program; nothing here knows how any of it is made.

`Context` is put together by whoever starts the process, and by tests from small fakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from controller.model.floor import Floor
    from controller.model.intents import ExternalIntent
    from controller.model.world import Book
    from controller.pipeline import Outcome
    from controller.runtime.line import Answer
    from controller.store import ClosedPage, IntakeRow, KeyRow, StoredFact, Write
    from controller.texts import Texts
    from devices.model import LinkState, Snapshot
    from devices.profile import Profile


class Clock(Protocol):
    """The plant clock."""

    @property
    def speed(self) -> int:
        """How many times as fast as the wall."""
        ...

    def now(self) -> int:
        """Return plant time, ms."""
        ...


class Line(Protocol):
    """The one place where decisions are made. `floor` and `seq` are durable."""

    @property
    def floor(self) -> Floor: ...  # noqa: D102 - see the class
    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def book(self) -> Book: ...  # noqa: D102
    @property
    def clock(self) -> Clock: ...  # noqa: D102

    async def submit(
        self, intent: ExternalIntent, *, attach: Callable[[Outcome], Sequence[Write]] | None = None
    ) -> Answer:
        """Have an intent decided; return once it is durable. Raises LineBusy, LineStopped."""
        ...


class Store(Protocol):
    """What the API reads of the store, from threads, and the two things that are no facts: keys and PINs."""

    def timeline(self, about: str) -> list[StoredFact]: ...  # noqa: D102 - see controller.store
    def row(self, kind: str, id_: str) -> object | None: ...  # noqa: D102
    def closed_cases(self, *, hospital: str | None, status: str | None, limit: int, cursor: str | None) -> ClosedPage: ...  # noqa: D102
    def subject(self, id_: str) -> dict[str, Any] | None: ...  # noqa: D102
    def intake(self, hospital: str, prescription_no: str) -> list[IntakeRow]: ...  # noqa: D102
    def scan_answer(self, nonce: str) -> bytes | None: ...  # noqa: D102
    def curve(self, batch: str, tag: str) -> Sequence[tuple[int, float | None, str]]: ...  # noqa: D102
    def keys(self) -> list[KeyRow]: ...  # noqa: D102
    def add_key(self, id_: str, role: str, scope: str, digest: str) -> None: ...  # noqa: D102
    def revoke_key(self, id_: str) -> None: ...  # noqa: D102
    def pin_hash(self, badge: str) -> str | None: ...  # noqa: D102
    def set_pin(self, badge: str, hash_: str) -> None: ...  # noqa: D102


class Subscription(Protocol):
    """Durable facts in order; ends when its reader fell behind."""

    def __aiter__(self) -> AsyncIterator[StoredFact]: ...
    def close(self) -> None: ...  # noqa: D102


class Feed(Protocol):
    """Where durable facts come from."""

    def subscribe(self, from_seq: int) -> Subscription: ...  # noqa: D102 - facts after `from_seq`


class Fleet(Protocol):
    """The machines as last read."""

    def latest(self, machine: str) -> Snapshot | None: ...  # noqa: D102
    def link_state(self, machine: str) -> LinkState: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the API needs.

    `profiles`: by machine id. `hospitals`: name by code. `requests_per_minute`: per hospital, 0 without limit. `ready`: the epoch
    is taken, the floor loaded and every reachable machine read once. `metrics`: Prometheus text.
    """

    line: Line
    store: Store
    feed: Feed
    fleet: Fleet
    profiles: Mapping[str, Profile]
    texts: Texts
    line_id: str
    site_name: str
    hospitals: Mapping[str, str]
    requests_per_minute: int
    ready: Callable[[], bool]
    metrics: Callable[[], bytes]
