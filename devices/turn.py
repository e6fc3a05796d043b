"""One transaction at a time on a link, and an order goes before a poll.

`await turn.take(urgent=True)`, then `turn.hand_on()` in a `finally`; a waiter that is cancelled neither keeps nor loses
the turn of another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress


class Turn:
    """A lock that is handed on, first to those in a hurry, else in order of arrival."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    async def take(self, *, urgent: bool = False) -> None:
        """Wait for the turn and hold it."""
        if not self._taken:
            self._taken = True
            return
        queue = self._urgent if urgent else self._patient
        ticket = asyncio.get_running_loop().create_future()
        queue.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.hand_on()
            else:
                with suppress(ValueError):
                    queue.remove(ticket)
            raise

    def hand_on(self) -> None:
        """Let the next one in."""
        for queue in (self._urgent, self._patient):
            while queue:
                ticket = queue.popleft()
                if not ticket.done():
                    ticket.set_result(None)
                    return
        self._taken = False
