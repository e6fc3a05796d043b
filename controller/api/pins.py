"""A signature needs the badge's PIN; guessing one is slow, and after five misses it waits a minute of the wall.

argon2id with 19 MiB, two passes, one lane, in two threads of their own, so that signing never delays a read.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller.api.problems import Problematic

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.store import Store

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_MISSES = 5
_LOCK_S = 60.0
_BADGES_KEPT = 10_000


def hash_pin(pin: str) -> str:
    """Return what is stored of a PIN. Slow: call it in a thread."""
    return _HASHER.hash(pin)


@dataclass(slots=True)
class _Record:
    misses: int = 0
    locked_until_s: float = 0.0


class Pins:
    """Checks PINs. `now_s`: wall seconds that never go back."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now_s = now_s
        self._records: dict[str, _Record] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pin")

    async def check(self, badge: str, pin: str) -> None:
        """Return if `pin` is the badge's. Raises Problematic 403, or 429 while the badge is locked."""
        record = self._record(badge)
        if (left_s := record.locked_until_s - self._now_s()) > 0:
            raise Problematic(
                429, "pin-locked", {"actor": badge, "seconds": round(left_s)}, retry_after_s=round(left_s) + 1
            )
        # Counted before it is known, so that a hundred guesses at once are a hundred misses.
        record.misses += 1
        if record.misses >= _MISSES:
            record.misses, record.locked_until_s = 0, self._now_s() + _LOCK_S
        if not await asyncio.get_running_loop().run_in_executor(self._threads, self._fits, badge, pin):
            raise Problematic(403, "pin-wrong", {"actor": badge})
        self._records.pop(badge, None)

    async def set(self, badge: str, pin: str) -> None:
        """Give a badge a new PIN."""

        def keep() -> None:
            self._store.set_pin(badge, hash_pin(pin))

        await asyncio.get_running_loop().run_in_executor(self._threads, keep)
        self._records.pop(badge, None)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)

    def _record(self, badge: str) -> _Record:
        if len(self._records) >= _BADGES_KEPT:
            self._records.pop(next(iter(self._records)))
        return self._records.setdefault(badge, _Record())

    def _fits(self, badge: str, pin: str) -> bool:
        stored = self._store.pin_hash(badge)
        if stored is None:
            hash_pin(pin)  # as slow as a badge that has one, so that time does not tell which badges do
            return False
        try:
            return _HASHER.verify(stored, pin)
        except (VerificationError, InvalidHashError):
            return False
