"""A process that cannot keep its promises says so, and one that hangs ends, so that whoever started it can start it again.

`watch_lag` measures how late the event loop is; a `Guard` thread ends a process whose loop stands still; `keep_mastery` ends one
that is master no more; `Supervisor` feeds the watchdog of systemd while every machine's loop goes on.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NoReturn, Self

import structlog

from controller.runtime import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from controller.store import Store

STANDSTILL_S: Final = 10.0
EXIT_HUNG: Final = 70
_BEAT_S: Final = 0.25
_LATE_S: Final = 1.0
_MACHINE_S: Final = 30.0
_BEATS_A_LEASE: Final = 5
_LOG = structlog.get_logger(__name__)


class Guard:
    """Ends the process when its event loop has not turned for `standstill_s`; use as a context around the loop's work."""

    def __init__(self, *, standstill_s: float = STANDSTILL_S, end: Callable[[], None] | None = None) -> None:
        self._standstill_s = standstill_s
        self._end = end or _end_hung
        self._beat_s = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def beat(self) -> None:
        """The loop has turned."""  # noqa: D401 - it is told, not asked
        self._beat_s = time.monotonic()

    def _watch(self) -> None:
        looked_s = time.monotonic()
        while not self._over.wait(_BEAT_S):
            now_s = time.monotonic()
            if now_s - looked_s > _LATE_S:
                # This thread was late too: the whole process was stopped, which is not the loop's fault.
                self._beat_s = now_s
            looked_s = now_s
            if now_s - self._beat_s > self._standstill_s:
                self._end()
                return


def _end_hung() -> None:
    _LOG.critical("loop-stands-still", seconds=STANDSTILL_S)
    faulthandler.dump_traceback()
    os._exit(EXIT_HUNG)


async def watch_lag(guard: Guard, late: Callable[[float], None]) -> NoReturn:
    """Measure the loop's lag four times a second and tell the guard and `late`, in wall seconds."""
    while True:
        due_s = time.monotonic() + _BEAT_S
        await asyncio.sleep(_BEAT_S)
        lag_s = time.monotonic() - due_s
        guard.beat()
        metrics.LOOP_LAG.set(lag_s)
        late(lag_s)
        if lag_s > _LATE_S:
            _LOG.error("loop-late", seconds=round(lag_s, 2))


async def keep_mastery(store: Store) -> None:
    """Let the database hear from its master well within the lease. Ends at once where there is none; raises StoreError."""
    if not store.lease_s:
        return
    # A thread of its own: those that everybody shares may all be busy with somebody's curves for longer than a lease.
    thread = ThreadPoolExecutor(1, thread_name_prefix="mastery")
    try:
        while True:
            await asyncio.sleep(store.lease_s / _BEATS_A_LEASE)
            await asyncio.get_running_loop().run_in_executor(thread, store.keep_mastery)
    finally:
        thread.shutdown(wait=False)  # a database that does not answer must not hold up the loop


class Supervisor:
    """Speaks to systemd over `address` (NOTIFY_SOCKET; empty: nobody listens).

    `interval_s`: wall seconds between two feeds, 0 where none are asked for. `turns`: how often each machine's loop has turned.
    """

    def __init__(self, address: str, interval_s: float, turns: Callable[[], Mapping[str, int]]) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval_s = interval_s
        self._turns = turns

    @classmethod
    def of_this_process(cls, turns: Callable[[], Mapping[str, int]]) -> Self:
        """Read from the environment who listens and how often it must hear from us."""
        wanted = os.environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        microseconds = int(os.environ.get("WATCHDOG_USEC", "0")) if wanted else 0
        return cls(os.environ.get("NOTIFY_SOCKET", ""), microseconds / 2e6, turns)

    def say(self, words: str) -> None:
        """Send one message; that nobody hears it is no failure of ours."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as road:
                road.sendto(words.encode(), self._address)
        except OSError as error:
            _LOG.warning("supervisor-deaf", exc_info=error)

    async def run(self) -> None:
        """Feed the watchdog while no machine's loop has stood still for half a minute. Ends at once where nobody asks."""
        turned: dict[str, tuple[int, float]] = {}
        while self._interval_s:
            now_s = time.monotonic()
            for machine, count in self._turns().items():
                if turned.get(machine, (-1, 0.0))[0] != count:
                    turned[machine] = (count, now_s)
            still = [machine for machine, (_, since_s) in turned.items() if now_s - since_s > _MACHINE_S]
            if still:
                _LOG.error("machines-unwatched", machines=still)
            else:
                self.say("WATCHDOG=1")
            await asyncio.sleep(self._interval_s)
