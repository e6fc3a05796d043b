"""The line is woken when the earliest deadline of the floor has come, and at no other time.

Also keeps `seen` in the clock's anchor, and notices when this computer slept: then the time between two samples was not watched.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

import structlog

from controller.model.intents import Tick
from controller.runtime.inbox import Lane
from devices.errors import ClockError
from devices.site import boot_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.runtime.line import Line
    from devices.site import PlantClock

_LONGEST_S: Final = 60.0
_AGAIN_S: Final = 1.0
_SEEN_S: Final = 5.0
_LOOK_S: Final = 1.0
_SLEPT_S: Final = 0.5
_LOG = structlog.get_logger(__name__)


class Deadlines:
    """Submits a Tick when the first deadline of the durable floor has come. Call `moved` after every durable group."""

    def __init__(self, line: Line, clock: PlantClock) -> None:
        self._line = line
        self._clock = clock
        self._moved = asyncio.Event()

    def moved(self) -> None:
        """Look at the floor's deadlines again."""
        self._moved.set()

    async def run(self) -> NoReturn:
        """Tick until cancelled."""
        while True:
            self._moved.clear()
            first = self._line.floor.deadlines.first()
            wait_s = _LONGEST_S if first is None else self._clock.wall_seconds(first[0] - self._clock.now())
            if wait_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(wait_s, _LONGEST_S)):
                        await self._moved.wait()
                continue
            await self._line.submit(Tick(), lane=Lane.MACHINES)
            if self._line.floor.deadlines.first() == first:
                # The rules let it stand, or failed on it: asking again at once would only keep the line busy.
                await asyncio.sleep(_AGAIN_S)


async def keep_seen(clock: PlantClock) -> NoReturn:
    """Write the present plant time into the clock's anchor every 5 s wall, so that a new anchor goes on from it."""
    while True:
        try:
            await asyncio.to_thread(clock.keep_seen)
        except (OSError, ClockError) as error:
            _LOG.error("clock-not-kept", exc_info=error)
        await asyncio.sleep(_SEEN_S)


async def watch_sleep(slept: Callable[[], None]) -> NoReturn:
    """Call `slept` each time this computer was suspended."""
    apart_s = boot_seconds() - time.monotonic()
    while True:
        await asyncio.sleep(_LOOK_S)
        now_s = boot_seconds() - time.monotonic()
        if now_s - apart_s > _SLEPT_S:
            _LOG.error("suspended", seconds=round(now_s - apart_s, 1))
            slept()
        apart_s = now_s
