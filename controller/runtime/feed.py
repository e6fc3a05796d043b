"""Durable facts in order to whoever listens; one who falls behind is cut, comes back, and has missed nothing.

A subscription is a place in the journal, not a queue: it reads what it missed from the store, page by page, and from then on
the last facts in memory. So a listener costs the line no more than its wake-up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import dropwhile
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.store import StoredFact

MOST_FACTS: Final = 1_000
MOST_BYTES: Final = 1_000_000
_PAGE: Final = 200


class Feed:
    """The last facts and who listens. `read(seq, limit)` brings the facts after `seq` from the store; called in a thread."""

    def __init__(
        self,
        seq: int,
        read: Callable[[int, int], Sequence[StoredFact]],
        weigh: Callable[[StoredFact], int] = lambda fact: len(repr(fact.fact)),
    ) -> None:
        self.seq = seq
        self.read = read
        self._weigh = weigh
        self._last: deque[tuple[StoredFact, int]] = deque(maxlen=MOST_FACTS)
        self._listeners: set[Subscription] = set()

    def publish(self, facts: Sequence[StoredFact]) -> None:
        """Let durable facts go out. They follow on those published before."""
        listened = bool(self._listeners)
        weighed = [(fact, self._weigh(fact) if listened else 0) for fact in facts]
        self._last.extend(weighed)
        self.seq = facts[-1].seq
        for listener in tuple(self._listeners):
            listener.told(len(facts), sum(weight for _, weight in weighed))

    def subscribe(self, from_seq: int) -> Subscription:
        """Listen to every fact after number `from_seq`; one that has not happened yet counts as the last."""
        listener = Subscription(self, min(max(from_seq, 0), self.seq))
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """End every subscription: the process stops."""
        for listener in tuple(self._listeners):
            listener.close()

    def leave(self, listener: Subscription) -> None:
        """Tell this listener nothing any more."""
        self._listeners.discard(listener)

    def recent(self, seq: int) -> Sequence[tuple[StoredFact, int]] | None:
        """Return the facts after `seq`, with their weights, where memory has them all; else None."""
        if seq >= self.seq:
            return ()
        if seq < self.seq - len(self._last):
            return None
        return list(dropwhile(lambda entry: entry[0].seq <= seq, self._last))


class Subscription:
    """An asynchronous iterator of facts; it ends when it was closed, by its reader or because that one fell behind."""

    def __init__(self, feed: Feed, seq: int) -> None:
        self.seq = seq
        self.closed = False
        self._feed = feed
        self._page: deque[tuple[StoredFact, int]] = deque()
        self._live = False
        self._behind = self._bytes = 0
        self._woken = asyncio.Event()

    def told(self, facts: int, weight: int) -> None:
        """Something was published. A reader who was up to date once may not fall behind again; one who catches up may."""
        self._woken.set()
        if self._live:
            self._behind += facts
            self._bytes += weight
            if self._behind > MOST_FACTS or self._bytes > MOST_BYTES:
                self.close()

    def close(self) -> None:
        """End the iteration."""
        self.closed = True
        self._woken.set()
        self._feed.leave(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StoredFact:
        while not self.closed:
            if self._page:
                fact, weight = self._page.popleft()
                self.seq = fact.seq
                if self._live:
                    self._behind -= 1
                    self._bytes -= weight
                return fact
            await self._turn_page()
        raise StopAsyncIteration

    async def _turn_page(self) -> None:
        self._woken.clear()
        recent = self._feed.recent(self.seq)
        if recent is None:
            missed = await asyncio.to_thread(self._feed.read, self.seq, _PAGE)
            self._page.extend((fact, 0) for fact in missed)
        elif recent:
            self._page.extend(recent)
            if not self._live:
                self._live, self._behind, self._bytes = True, len(recent), sum(weight for _, weight in recent)
        else:
            self._live = True
            await self._woken.wait()
