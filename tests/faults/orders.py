"""Somebody who wants every batch done once, whatever the wire does: asks, settles every doubt with the machine, then goes on.

The judge is the machine's own log: no batch may have started twice there. A doubt that a machine without order numbers leaves is
a person's, so its batch is given up, as the safest of what that person may sign.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from devices import handshake
from devices.errors import CodecError, LinkError
from devices.model import Accepted, Failed, Finished, Order, OrderStatus, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.machine import ProfiledMachine
    from devices.model import Receipt, Snapshot

VERBS = {
    "soaking": ("soak", {"water_ml": 60, "soak_s": 60}),
    "packing": ("flush", {"water_ml": 100}),
    "decoction": ("drain", {"to_packer": 0}),
}
_SEND_MS = 3_600_000
_LOOK_S = 0.02


class Customer:
    """Asks one machine for batch after batch. `doubts_s`: how long each doubt about an order lasted, wall seconds.

    `began`: when each batch was first asked for, ms plant time. `given_up`: batches of which only a person could have told.
    """

    def __init__(self, machine: ProfiledMachine, now: Callable[[], int]) -> None:
        self._machine, self._now = machine, now
        self._verb, self._parameters = VERBS[machine.site.kind]
        self._names_orders = machine.profile.handshake == "echo"
        self._number = self.batches = 0
        self.doubts_s: list[float] = []
        self.began: list[int] = []
        self.given_up = 0

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self.batches += 1
            self.began.append(self._now())
            batch = f"{self._machine.id}-{self.batches}"
            receipt = await self._ask(batch)
            while not isinstance(receipt, (Accepted, Finished, Failed, Unknown)):
                await asyncio.sleep(_LOOK_S)
                receipt = await self._ask(batch)
            self.given_up += isinstance(receipt, Unknown)
            await self._until_done()

    async def _ask(self, batch: str) -> Receipt | None:
        self._number += 1
        until = self._now() + _SEND_MS
        order = Order(self._number, self._machine.id, self._verb, batch, self._verb, self._parameters, until)
        began_s = time.monotonic()
        receipt: Receipt | None = await self._machine.order(order, 1, self._now)
        left = self._now()
        while isinstance(receipt, Unknown) and self._names_orders:
            try:
                receipt = await self._machine.settle(order, left)
            except (LinkError, CodecError):
                await asyncio.sleep(_LOOK_S)
        self.doubts_s.append(time.monotonic() - began_s)
        return receipt

    async def _until_done(self) -> None:
        while True:
            try:
                await self._machine.connect()
                snapshot = await self._machine.read()
            except (LinkError, CodecError):
                await asyncio.sleep(_LOOK_S)
                continue
            if self._is_done(snapshot):
                return
            await asyncio.sleep(_LOOK_S)

    def _is_done(self, snapshot: Snapshot) -> bool:
        if self._names_orders:
            return snapshot.order == self._number and snapshot.order_status is not OrderStatus.RUNNING
        order = Order(self._number, self._machine.id, self._verb, "", self._verb, self._parameters, 0, snapshot.boot)
        return handshake.standing(order, snapshot) is not OrderStatus.RUNNING
