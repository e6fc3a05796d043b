"""Two requests about the same thing are answered one after the other, so that the second finds what the first left."""

from __future__ import annotations

import asyncio


class Turns:
    """Locks by name that exist only while somebody holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[str, _Shared] = {}

    def of(self, name: str) -> Turn:
        """Return the turn at `name`, to wait for and hold with `async with`."""
        return Turn(self._locks, name)


class _Shared(asyncio.Lock):
    """A lock that counts who holds or awaits it."""

    users = 0


class Turn:
    """One turn of one request."""

    def __init__(self, locks: dict[str, _Shared], name: str) -> None:
        self._locks = locks
        self._name = name

    async def __aenter__(self) -> None:
        lock = self._locks.get(self._name)
        if lock is None:
            lock = self._locks[self._name] = _Shared()
        lock.users += 1
        try:
            await lock.acquire()
        except BaseException:
            self._left(lock)
            raise

    async def __aexit__(self, *_: object) -> None:
        lock = self._locks[self._name]
        lock.release()
        self._left(lock)

    def _left(self, lock: _Shared) -> None:
        lock.users -= 1
        if not lock.users:
            del self._locks[self._name]
