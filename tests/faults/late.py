"""Requests that come late, twice or after newer ones, as from a gateway that had them in store after their connection was closed.

Orders leave as in the controller, by its own `Orders`; for each machine somebody wants batch after batch and decides anew where
an order was given up. Judged by the machines' own logs: no batch starts twice, and no order that was given up starts anything.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import uvloop

from controller.runtime.orders import Orders
from devices.model import Accepted, Failed, Finished, Order, OrderStatus
from tests.faults.floor import Floor, is_order
from tests.faults.orders import VERBS
from tests.faults.verdict import Row, plant_events, quietly
from tests.faults.wires import LOSSY_TIMEOUT_S, PACKERS, SOAKS, judged, reached, working

if TYPE_CHECKING:
    from pathlib import Path

    from controller.model.intents import ReportOrder
    from devices.fleet import Fleet
    from devices.model import Receipt
    from devices.profile import Profile
    from tests.contract.proxy import Delivery, Proxy
    from tests.faults.verdict import Tell

SHARE = 0.4
_LATE_S = (0.05, 3.0)
_ACCEPT_S = 0.5
"""Wall seconds until the echo must be there: in the profiles it is longer than most of these delays."""
_WANTED_S = 1.0
"""Wall seconds in which an order is to leave: less than a delay may be."""
_LOST_AFTER_S = 120.0
_SETTLE_S = 4.0


class Gateway:
    """Keeps some orders of one wire for a while. `kept`: how often it did what."""

    def __init__(self, wire: Proxy, random: Random, share: float = SHARE) -> None:
        self._random, self._share = random, share
        self.kept: Counter[str] = Counter()
        wire.divert = self._divert

    def _divert(self, request: bytes) -> Delivery:
        if not is_order(request) or self._random.random() >= self._share:
            return [(0.0, request)]
        wait_s = self._random.uniform(*_LATE_S)
        kind = self._random.choice(("late", "twice", "late and twice"))
        self.kept[kind] += 1
        match kind:
            case "late":
                return [(wait_s, request)]
            case "twice":
                return [(0.0, request), (wait_s, request)]
            case _:
                return [(wait_s, request), (self._random.uniform(*_LATE_S), request)]


class Wants:
    """Somebody who wants each batch of one machine done once. `given_up`: numbers of orders that were dropped."""

    def __init__(self, fleet: Fleet, name: str, orders: Orders, floor: Floor) -> None:
        self._fleet, self._name, self._orders, self._floor = fleet, name, orders, floor
        self._answers: asyncio.Queue[Receipt] = asyncio.Queue()
        self._verb, self._parameters = VERBS[floor.site.machines[name].kind]
        self._number = self.batches = 0
        self.given_up: set[int] = set()

    def hear(self, receipt: Receipt) -> None:
        """Take what became of the order."""
        self._answers.put_nowait(receipt)

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self.batches += 1
            while not isinstance(await self._ask(), (Accepted, Finished, Failed)):
                self.given_up.add(self._number)
            while not self._is_done():  # noqa: ASYNC110  the pollers tell nobody of a single machine
                await asyncio.sleep(0.02)

    async def _ask(self) -> Receipt:
        self._number += 1
        until = self._floor.clock.now() + round(_WANTED_S * 1000 * self._floor.clock.speed)
        batch = f"{self._name}-{self.batches}"
        self._orders.carry([Order(self._number, self._name, self._verb, batch, self._verb, self._parameters, until)])
        return await self._answers.get()

    def _is_done(self) -> bool:
        seen = self._fleet.latest(self._name)
        return seen is not None and seen.order == self._number and seen.order_status is not OrderStatus.RUNNING


def keep_requests(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Keep `n` orders in the wire for longer than anybody waits for them, deliver them twice, or both."""
    return uvloop.run(_keep_requests(folder, n, seed, tell))


async def _keep_requests(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("requests late, twice, overtaken", n, seed)
    async with Floor(folder, soaks=SOAKS, packers=PACKERS, timeout_s=LOSSY_TIMEOUT_S) as floor:
        floor.profiles = {name: _impatient(profile) for name, profile in floor.profiles.items()}
        fleet = floor.fleet()
        orders = Orders(fleet, epoch=1, clock=floor.clock, report=lambda report: _hear(wants, report))
        wants = {name: Wants(fleet, name, orders, floor) for name in floor.names}
        gateways = [Gateway(wire, Random(f"{seed} {name}")) for name, wire in floor.proxies.items()]
        async with working(fleet.run(), orders.run(), *(one.run() for one in wants.values())):
            await reached(lambda: sum(gate.kept.total() for gate in gateways), n, _LOST_AFTER_S + n, tell)
            for wire in floor.proxies.values():
                wire.divert = None
            await asyncio.sleep(_SETTLE_S)
        row.n = sum(gate.kept.total() for gate in gateways)
    kinds = sum((gate.kept for gate in gateways), Counter[str]())
    given_up = {(name, number) for name, one in wants.items() for number in one.given_up}
    log = [event for events in plant_events(folder).values() for event in events]
    started = sum(1 for event in log if event["event"] == "start" and (event["machine"], event["order"]) in given_up)
    row.also = {"started_after_it_was_given_up": started}
    refused = sum(1 for event in log if event["event"] == "refused-duplicate")
    return judged(row, folder, given_up=len(given_up), refused_duplicates=refused, **kinds)


def _hear(wants: dict[str, Wants], report: ReportOrder) -> None:
    wants[report.machine].hear(report.receipt)


def _impatient(profile: Profile) -> Profile:
    command = profile.command and replace(profile.command, accept_s=_ACCEPT_S)
    return replace(profile, command=command)
