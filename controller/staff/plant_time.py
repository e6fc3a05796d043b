"""Staff have no clock of their own: plant time is what the line says, carried on between two answers.

Speed is known from the line too, so that a person's minutes are plant minutes at any speed.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.wire import LineView


class PlantTime:
    """Plant time as last heard."""

    def __init__(self) -> None:
        self.speed = 1
        self._heard = 0
        self._at_s = time.monotonic()

    def hear(self, line: LineView, asked_s: float) -> None:
        """Take over the line's time. `asked_s`: monotonic time of the question; the answer was made half-way to now."""
        self.speed = line["speed"]
        self._heard = line["now"]
        self._at_s = (asked_s + time.monotonic()) / 2

    def now(self) -> int:
        """Return plant time, ms."""
        return self._heard + int((time.monotonic() - self._at_s) * 1000 * self.speed)

    def stamp(self) -> str:
        """Return plant time as bodies carry it."""
        return datetime.fromtimestamp(self.now() / 1000, UTC).isoformat(timespec="milliseconds")

    async def spend(self, minutes: float) -> None:
        """Let plant minutes pass."""
        await asyncio.sleep(minutes * 60 / self.speed)

    async def until(self, at: int) -> None:
        """Wait until plant time `at`, ms."""
        await asyncio.sleep(max(0, at - self.now()) / 1000 / self.speed)
