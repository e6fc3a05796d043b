"""Somebody who wants every batch done once, whatever the wire does: asks, settles every doubt with the machine, then goes on.

The judge is the machine's own log: no batch may have started twice there.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from devices.errors import CodecError, LinkError
from devices.model import Accepted, Failed, Finished, Order, OrderStatus, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.machine import ProfiledMachine
    from devices.model import Receipt

VERBS = {"soaking": ("soak", {"water_ml": 60, "soak_s": 60}), "packing": ("flush", {"water_ml": 100})}
_SEND_MS = 3_600_000
_LOOK_S = 0.02


class Customer:
    """Asks one machine for batch after batch. `doubts_s`: how long each doubt about an order lasted, wall seconds."""

    def __init__(self, machine: ProfiledMachine, now: Callable[[], int]) -> None:
        self._machine, self._now = machine, now
        self._verb, self._parameters = VERBS[machine.site.kind]
        self._number = self.batches = 0
        self.doubts_s: list[float] = []

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self.batches += 1
            batch = f"{self._machine.id}-{self.batches}"
            receipt = await self._ask(batch)
            while not isinstance(receipt, (Accepted, Finished, Failed)):
                await asyncio.sleep(_LOOK_S)
                receipt = await self._ask(batch)
            await self._until_done()

    async def _ask(self, batch: str) -> Receipt | None:
        self._number += 1
        until = self._now() + _SEND_MS
        order = Order(self._number, self._machine.id, self._verb, batch, self._verb, self._parameters, until)
        began_s = time.monotonic()
        receipt: Receipt | None = await self._machine.order(order, 1, self._now)
        left = self._now()
        while isinstance(receipt, Unknown):
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
            if snapshot.order == self._number and snapshot.order_status is not OrderStatus.RUNNING:
                return
            await asyncio.sleep(_LOOK_S)
