"""Everything that wants to be decided stands here, people before machines, and never more than is bounded.

The machine lane never blocks or refuses a poller: when it is full, a newer report takes the place of the one of its kind
that still waits. A receipt is never dropped; there are as many as orders.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from controller.model.intents import ExternalIntent, ReportLink, ReportMachine, ReportZone, Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.model.refusal import Refusal
    from controller.pipeline import Outcome
    from controller.store import StoredFact, Write

PEOPLE_MOST: Final = 1_000
MACHINES_FULL: Final = 2_000


class Lane(Enum):
    """Who speaks. All of PEOPLE, who act for safety too, go before MACHINES."""

    PEOPLE = "people"
    MACHINES = "machines"


class LineStopped(Exception):
    """The line takes nothing any more; whether this intent was written down is known only after a restart."""


class LineBusy(Exception):
    """Too many people's intents wait already; nothing was done. Try again in a second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an intent, and is durable. Where `refusal` is set there are no facts."""

    facts: tuple[StoredFact, ...]
    refusal: Refusal | None = None


@dataclass(slots=True)
class Waiting:
    """One intent, and who waits for its answer: nobody where a machine reported."""

    intent: ExternalIntent
    answer: asyncio.Future[Answer] | None = None
    attach: Callable[[Outcome], Sequence[Write]] | None = None


class Inbox:
    """Two lanes. Used from the event loop alone."""

    def __init__(self, *, people_most: int = PEOPLE_MOST, machines_full: int = MACHINES_FULL) -> None:
        self._people_most = people_most
        self._machines_full = machines_full
        self._people: deque[Waiting] = deque()
        self._machines: deque[Waiting] = deque()
        self._last: dict[tuple[str, str], Waiting] = {}
        self._filled = asyncio.Event()
        self.closed = False
        self.coalesced = 0

    def ask(self, lane: Lane, waiting: Waiting) -> None:
        """Queue an intent whose answer is awaited. Raises LineBusy, LineStopped."""
        if self.closed:
            raise LineStopped
        if lane is Lane.PEOPLE:
            if len(self._people) >= self._people_most:
                raise LineBusy
            self._people.append(waiting)
        else:
            self._machines.append(waiting)
        self._filled.set()

    def post(self, intent: ExternalIntent) -> None:
        """Queue what a machine said. Nothing happens once the line has stopped."""
        if self.closed:
            return
        key = _kind(intent)
        older = None if key is None else self._last.get(key)
        if older is not None and len(self._machines) >= self._machines_full:
            older.intent = intent
            self.coalesced += 1
            return
        waiting = Waiting(intent)
        if key is not None:
            self._last[key] = waiting
        self._machines.append(waiting)
        self._filled.set()

    def take(self) -> Waiting | None:
        """Return the next in order, None where nobody waits."""
        if self._people:
            return self._people.popleft()
        if not self._machines:
            self._filled.clear()
            return None
        waiting = self._machines.popleft()
        key = _kind(waiting.intent)
        if key is not None and self._last.get(key) is waiting:
            del self._last[key]
        return waiting

    async def filled(self) -> None:
        """Wait until somebody stands here or the inbox was closed."""
        await self._filled.wait()

    def close(self) -> list[Waiting]:
        """Take nothing any more; return who waited."""
        self.closed = True
        self._filled.set()
        left = [*self._people, *self._machines]
        self._people.clear()
        self._machines.clear()
        self._last.clear()
        return left


def _kind(intent: ExternalIntent) -> tuple[str, str] | None:
    """Name what a newer report may take the place of; None: nothing may."""
    match intent:
        case ReportMachine() | ReportLink():
            return type(intent).__name__, intent.machine
        case ReportZone():
            return "ReportZone", intent.zone
        case Tick():
            return "Tick", ""
        case _:
            return None
