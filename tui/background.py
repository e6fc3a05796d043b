"""Everything that waits, behind the screen: reading, acting, each part started again when it fails; HTTP is imported only here.

The app starts it after its first paint, since the import takes as long as the rest of the terminal.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from tui.bench import Bench
    from tui.board import Board
    from tui.freshness import Need
    from tui.sync import Sync

RESTART_S = 1.0


class NotConnected(Exception):
    """The terminal has only just started."""


class Background:
    """Sync and bench of a board, once `run` has begun."""

    def __init__(self, board: Board, url: str, key_file: Path) -> None:
        self._board = board
        self._url = url
        self._key_file = key_file
        self.sync: Sync | None = None
        self._bench: Bench | None = None

    @property
    def bench(self) -> Bench:
        """Where acts are carried out. Raise `NotConnected` before `run` has begun."""
        if self._bench is None:
            raise NotConnected(self._board.words("link.connecting"))
        return self._bench

    async def run(self) -> None:
        """Import what takes long, then read and act until cancelled."""
        await asyncio.to_thread(import_module, "tui.client")
        from tui.bench import Bench  # noqa: PLC0415 - brings httpx, which must not delay the first paint
        from tui.sync import Sync  # noqa: PLC0415 - the same

        self.sync = sync = Sync(self._board, self._key_file, self._url)
        self._bench = bench = Bench(self._board, sync)
        async with asyncio.TaskGroup() as group:
            for work in (sync.follow, sync.refresh, bench.run):
                group.create_task(self._for_ever(work))

    def look(self, *needs: Need, anew: bool = False) -> None:
        """Fetch these soon, or at once."""
        if self.sync is not None:
            self.sync.look(*needs, anew=anew)

    def move(self, place: str) -> None:
        """Stand for another station from now on."""
        if self.sync is not None:
            self.sync.move(place)

    async def guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a piece of work; say its failure in one line instead of raising it."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a bug in one part must not take the screen from the floor
            self._board.tell(self._board.words("notice.crashed", why=f"{type(error).__name__} {error}"))

    async def aclose(self) -> None:
        """Close the connection."""
        if self.sync is not None:
            await self.sync.aclose()

    async def _for_ever(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await self.guarded(work())
            await asyncio.sleep(RESTART_S)
