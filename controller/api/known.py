"""Was this prescription posted before? Many posts that ask at once are looked up together, by one thread in one go.

While one look is under way, those who ask wait for the next, and each look waits a moment for company; so the more come, the
less each costs.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.store import IntakeRow, Store

_GATHER_S: Final = 0.001
Number = tuple[str, str]
"""Hospital and prescription_no."""


class Known:
    """Reads from the store which versions of a prescription were taken."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="known")
        self._waiting: list[tuple[Number, asyncio.Future[list[IntakeRow]]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def versions(self, number: Number) -> list[IntakeRow]:
        """Return every version seen, lowest first. Raises what the store raises."""
        answer: asyncio.Future[list[IntakeRow]] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="api.known")
        return await answer

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False)

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            asked, self._waiting = self._waiting, []
            numbers = [number for number, _ in asked]
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, self._read, numbers)
            except Exception as error:  # noqa: BLE001 - it is whose business who asked
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for (_, answer), rows in zip(asked, found, strict=True):
                    if not answer.done():
                        answer.set_result(rows)
        self._looking = None

    def _read(self, numbers: Sequence[Number]) -> list[list[IntakeRow]]:
        return self._store.intakes(numbers)
