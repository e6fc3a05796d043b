"""One class drives every machine: what differs is in its profile, how it is reached in its link.

`order` reads the machine, writes one block, and believes only what the machine then says of the number; it may be
cancelled anywhere. Polls and orders share the link one transaction at a time, orders first.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from devices import codec, handshake
from devices.errors import CodecError, LinkDown, LinkError, LinkStale
from devices.model import Expired, Refused, Unknown
from devices.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from devices.model import Order, Receipt, Snapshot
    from devices.profile import Profile
    from devices.protocol import Link, Scan
    from devices.site import MachineSite

_T = TypeVar("_T")

SETTLE_S: Final = 0.05
"""Wall seconds between writing and reading, and between readings: machines work in cycles."""
RETRY_S: Final = 0.25
"""Wall seconds between two attempts to reach a machine for an order."""


class ProfiledMachine:
    """A machine of the site, driven by its profile's tables over its link."""

    def __init__(self, site: MachineSite, profile: Profile, link: Link) -> None:
        self.id = site.id
        self.site = site
        self.profile = profile
        self._link = link
        self._decoder = codec.Decoder(profile, site.id)
        self._turn = Turn()
        self._sent = 0

    async def connect(self, *, urgent: bool = False) -> None:
        """Make a connection where there is none. Raises LinkError."""
        if not self._link.connected:
            await self._transact(self._connect, urgent=urgent)

    async def read(self, *, urgent: bool = False) -> Snapshot:
        """Say what the machine says now. Raises LinkError, or CodecError where its words make no snapshot."""
        scan: Scan = await self._transact(self._link.read, urgent=urgent)
        return self._decoder.snapshot(scan, time.monotonic())

    async def beat(self, count: int) -> None:
        """Feed the machine's watchdog. `count`: uint16. Raises LinkError."""
        await self._transact(lambda: self._link.beat(count))

    async def settle(self, order: Order, since: int, *, taken: bool = False) -> Receipt | None:
        """Read the machine and say what became of an order of unknown outcome; None: it did not act.

        `since`: plant time in ms at which the order may last have left. Proof that it acted may be of any age, proof that it did
        not must be younger. `taken`: it was seen to take it. Raises as `read`, and LinkStale where the reading is too old to
        disprove anything.
        """
        await self.connect(urgent=True)
        snapshot = await self.read(urgent=True)
        receipt = handshake.settle(self.profile, order, snapshot, taken=taken)
        if receipt is None and snapshot.at <= since:
            raise LinkStale(
                "says only what was before the order", machine=self.id, advice="does its clock stand still?"
            )
        return receipt

    async def order(self, order: Order, epoch: int, now: Callable[[], int]) -> Receipt:
        """Ask for one thing, once. `now`: plant time in ms. Takes at most until `not_after`, then `accept_s` and some requests.

        Never sends past `not_after`, nor a number that was sent before and that no reading has disproved.
        """
        reason = handshake.objection(self.profile, order)
        if reason is not None:
            return Refused(order.number, reason)
        block = codec.command_values(self.profile, order, epoch)
        while True:
            before = await self._read_in_time(order, now)
            if before is None:
                return self._too_late(order)
            receipt = handshake.before_sending(self.profile, order, before, sent=order.number <= self._sent)
            if receipt is not None:
                return receipt
            try:
                if not await self._transact(lambda: self._send(order, block, now), urgent=True):
                    return self._too_late(order)
            except LinkDown:
                continue
            except LinkError as error:
                return await self._await_echo(order, epoch, before, error)
            return await self._await_echo(order, epoch, before, None)

    async def close(self) -> None:
        """Let go of the connection, after whatever is under way on it."""
        await self._transact(self._link.close)

    async def _read_in_time(self, order: Order, now: Callable[[], int]) -> Snapshot | None:
        """Reach the machine, as it was when the order was decided, before the order's time is over; None where that failed."""
        while now() <= order.not_after:
            with suppress(LinkError, CodecError):
                await self.connect(urgent=True)
                snapshot = await self.read(urgent=True)
                if order.boot in (0, snapshot.boot):
                    return snapshot
            await asyncio.sleep(RETRY_S)
        return None

    async def _send(self, order: Order, block: tuple[int | str, ...], now: Callable[[], int]) -> bool:
        """Write the block, unless the wait for our turn took too long. Raises LinkDown only where nothing was sent."""
        if now() > order.not_after:
            return False
        before, self._sent = self._sent, max(self._sent, order.number)
        try:
            await self._link.command(block)
        except LinkDown:
            self._sent = before
            raise
        return True

    async def _await_echo(self, order: Order, epoch: int, before: Snapshot, doubt: LinkError | None) -> Receipt:
        """Read until the machine says what it did, at most `accept_s` wall seconds, over as many connections as it takes."""
        assert self.profile.command is not None
        deadline = time.monotonic() + self.profile.command.accept_s
        last: Snapshot | None = None
        pause_s = SETTLE_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.connect(urgent=True)
                last = await self.read(urgent=True)
            except (LinkError, CodecError):
                pause_s = RETRY_S
            else:
                pause_s = SETTLE_S
                receipt = handshake.heard(self.profile, order, epoch, before, last, answered=doubt is None)
                if receipt is not None:
                    return receipt
            if time.monotonic() >= deadline:
                return handshake.lapsed(order, last, doubt)

    def _too_late(self, order: Order) -> Receipt:
        if order.number <= self._sent:
            return Unknown(order.number, "sent before its time was over; the machine has not been read since")
        return Expired(order.number)

    async def _connect(self) -> None:
        if not self._link.connected:
            await self._link.connect()

    async def _transact(self, call: Callable[[], Awaitable[_T]], *, urgent: bool = False) -> _T:
        """Use the link alone. A cancellation that a library swallowed (asyncio.wait_for before 3.12 does) is raised here."""
        task = asyncio.current_task()
        asked_to_stop = 0 if task is None else task.cancelling()
        await self._turn.take(urgent=urgent)
        try:
            result = await call()
        except Exception:
            if task is not None and task.cancelling() > asked_to_stop:
                raise asyncio.CancelledError from None
            raise
        finally:
            self._turn.hand_on()
        if task is not None and task.cancelling() > asked_to_stop:
            raise asyncio.CancelledError
        return result
