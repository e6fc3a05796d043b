"""One task keeps one machine in sight: it connects, polls on an absolute schedule, feeds the watchdog, and never dies.

What it learns leaves by three synchronous callbacks: every snapshot, every change of the link said once, every fault said once
until the machine is read again. A machine that is off, slow, silent or lying costs its own task time and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from devices.errors import LinkDown, LinkError, LinkRefused, LinkTimeout
from devices.model import LinkState
from devices.plausibility import Plausibility, stale_after_s
from devices.site import period_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.machine import ProfiledMachine
    from devices.model import Snapshot

    OnSnapshot = Callable[[Snapshot], None]
    OnLink = Callable[[str, LinkState, float], None]
    OnFault = Callable[[str, Exception], None]

_FIRST_ROUND_S: Final = 0.5
_FIRST_DELAY_S: Final = 0.25
_LAST_DELAY_S: Final = 10.0
TOOK_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Wall seconds up to which polls are counted together."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a poller has done. `late_s`: wall seconds by which the last poll began after its time.

    `took`: completed polls by what they took, the wait for the machine's turn included, one count for each of `TOOK_S` and one
    for those that took longer; `took_s`: what they took together.
    """

    polls: int = 0
    missed: int = 0
    faults: int = 0
    late_s: float = 0.0
    took_s: float = 0.0
    took: list[int] = field(default_factory=lambda: [0] * (len(TOOK_S) + 1))

    def count(self, took_s: float) -> None:
        """Count one completed poll."""
        self.polls += 1
        self.took_s += took_s
        self.took[bisect_left(TOOK_S, took_s)] += 1


class Poller:
    """Keeps `machine` in sight. `phase`: 0..1, where in the period its polls fall. All `_s` are monotonic wall seconds.

    `on_tried` is told the machine's id once it was read, and each time it could not be.
    """

    def __init__(
        self,
        machine: ProfiledMachine,
        *,
        speed: int,
        phase: float,
        on_snapshot: OnSnapshot,
        on_link: OnLink,
        on_fault: OnFault,
        on_tried: Callable[[str], None],
    ) -> None:
        self.tally = Tally()
        self.latest: Snapshot | None = None
        self.link = (LinkState.NEVER, time.monotonic())
        self._machine = machine
        self._period_s = period_s(machine.profile.period_s, speed)
        self._stale_s = stale_after_s(machine.profile, speed)
        self._phase_s = phase * self._period_s
        self._first_s = phase * min(self._period_s, _FIRST_ROUND_S)
        self._on_snapshot, self._on_link, self._on_fault, self._on_tried = on_snapshot, on_link, on_fault, on_tried
        self._plausibility = Plausibility(machine.profile, speed)
        dog = None if machine.profile.monitor_only else machine.profile.watchdog
        self._heartbeat_s = math.inf if dog is None else dog.heartbeat_s
        self._beats = 0
        self._fresh_s = -math.inf
        self._said = ""
        self._watch: asyncio.TimerHandle | None = None

    async def run(self) -> NoReturn:
        """Keep the machine in sight until cancelled."""
        origin_s = time.monotonic() + self._phase_s
        self._look_after(self._stale_s)
        delay_s = _FIRST_DELAY_S
        try:
            # Not at its place in the period yet: a start does not wait for the slowest of all periods.
            await asyncio.sleep(self._first_s)
            while True:
                polls = self.tally.polls
                try:
                    await self._machine.connect()
                    await self._poll_until_it_fails(origin_s)
                except LinkError as error:
                    self._report(error)
                except Exception as error:  # noqa: BLE001  whatever it is, the machine must stay in sight
                    self._report(error)
                    await self._machine.close()
                except asyncio.CancelledError:
                    if _is_asked_to_stop():
                        raise
                    self._report(RuntimeError("cancelled by a library and by nobody else"))
                    await self._machine.close()
                self._on_tried(self._machine.id)
                delay_s = _FIRST_DELAY_S if self.tally.polls > polls else min(2 * delay_s, _LAST_DELAY_S)
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311  jitter is no secret
        finally:
            if self._watch is not None:
                self._watch.cancel()
            await self._machine.close()

    async def _poll_until_it_fails(self, origin_s: float) -> NoReturn:
        """Poll at `origin_s` + n periods; a slot that passes while the machine is slow is missed, not made up for."""
        due_s = beat_s = time.monotonic()
        slot = round((due_s - origin_s) / self._period_s)
        while True:
            self.tally.late_s = time.monotonic() - due_s
            await self._poll()
            if time.monotonic() >= beat_s and self._heartbeat_s < math.inf:
                beat_s = time.monotonic() + self._heartbeat_s
                await self._beat()
            # A timer may fire a little early, and the slot that was just polled must not come again.
            last, slot = slot, max(slot, math.floor((time.monotonic() - origin_s) / self._period_s)) + 1
            self.tally.missed += slot - last - 1
            due_s = origin_s + slot * self._period_s
            await asyncio.sleep(due_s - time.monotonic())

    async def _poll(self) -> None:
        began_s = time.monotonic()
        try:
            snapshot = await self._machine.read()
        except LinkRefused as error:
            self._report(error)
            return
        snapshot, moved = self._plausibility.judge(snapshot)
        self.tally.count(time.monotonic() - began_s)
        self.latest = snapshot
        # What the machine says goes before the news that it is back: nothing may start on it that its new boot forbids.
        if self._tell(self._on_snapshot, snapshot):
            self._said = ""
        if moved:
            self._fresh_s = snapshot.received_s
            self._tell_link(LinkState.FRESH, snapshot.received_s)
        self._on_tried(self._machine.id)

    async def _beat(self) -> None:
        self._beats = (self._beats + 1) & 0xFFFF
        try:
            await self._machine.beat(self._beats)
        except LinkRefused as error:
            self._report(error)

    def _look_after(self, delay_s: float) -> None:
        self._watch = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        """Say that the values are old, on time even while a request is still waiting for its answer."""
        age_s = time.monotonic() - self._fresh_s
        if age_s >= self._stale_s and self.link[0] is LinkState.FRESH:
            self._tell_link(LinkState.STALE, self._fresh_s)
        self._look_after(self._stale_s - age_s if age_s < self._stale_s else self._stale_s)

    def _tell_link(self, state: LinkState, since_s: float) -> None:
        if self.link[0] is not state:
            self.link = (state, since_s)
            self._tell(self._on_link, self._machine.id, state, since_s)

    def _tell(self, listener: Callable[..., None], *news: object) -> bool:
        """Say whether the listener took it; a listener's mistake must not cost us the machine."""
        try:
            listener(*news)
        except Exception as error:  # noqa: BLE001  a listener may raise anything
            self._report(error)
            return False
        return True

    def _report(self, error: Exception) -> None:
        """Say what went wrong, once until all is well again. That nobody answers is for the link state to say."""
        self.tally.faults += 1
        text = f"{type(error).__name__}: {error}"
        if text == self._said or isinstance(error, (LinkDown, LinkTimeout)):
            return
        self._said = text
        try:
            self._on_fault(self._machine.id, error)
        except Exception:  # noqa: BLE001  a listener may raise anything
            _LOG.exception("fault listener failed", extra={"machine": self._machine.id})


def _is_asked_to_stop() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
