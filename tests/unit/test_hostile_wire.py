"""A wire that keeps a request and delivers it when nobody waits any more: real driver, real carrier, a machine in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from immutables import Map

from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.runtime import orders as orders_module
from controller.runtime.orders import Orders
from devices.errors import LinkTimeout
from devices.links.memory import MemoryLink, MemoryMachine
from devices.machine import ProfiledMachine
from devices.model import Accepted, Expired, Order, Receipt, Refused, RefusedReason, State, Unknown
from tests.contract.words import order, place
from tests.runtime_fakes import HandClock, until
from tests.unit.test_device_machine import HASTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.model.intents import ReportOrder


class Pot(MemoryMachine):
    """A machine that has done with a stop at once, as machines have."""

    def obey(self, values: Sequence[int | str]) -> None:
        """Act, and rest after a stop."""
        before = len(self.effects)
        super().obey(values)
        if len(self.effects) > before and self.effects[-1][1] == "stop":
            self.finish(0)


class KeepingLink(MemoryLink):
    """A wire that keeps the first order it is given. `copies`: it delivers that too."""

    def __init__(self, machine: Pot) -> None:
        super().__init__(machine)
        self.pot = machine
        self.kept: list[Sequence[int | str]] = []
        self._full = False
        self.copies = False

    async def command(self, values: Sequence[int | str]) -> None:
        if self._full:
            await super().command(values)
            return
        self._full = True
        self.kept.append(values)
        if self.copies:
            await super().command(values)
            return
        await self.close()
        raise LinkTimeout("no answer in time")

    def deliver(self) -> None:
        """Give the machine what was kept."""
        self.pot.obey(self.kept.pop())


@dataclass
class Site:
    """One pot behind a wire that keeps things, and the carrier of its orders."""

    clock: HandClock = field(default_factory=HandClock)
    reports: list[ReportOrder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pot = Pot(HASTY)
        self.wire = KeepingLink(self.pot)
        self.machine = ProfiledMachine(place(), HASTY, self.wire)
        self.orders = Orders(self, epoch=1, clock=self.clock, report=self.reports.append)

    async def order(self, order: Order, epoch: int) -> Receipt:
        return await self.machine.order(order, epoch, self.clock.now)

    async def settle(self, order: Order, since: int, *, taken: bool = False) -> Receipt | None:
        return await self.machine.settle(order, since, taken=taken)

    def asked(self, number: int) -> Order:
        return replace(order(number, "charge"), not_after=self.clock.at + 5_000)

    @property
    def charged(self) -> list[int]:
        return [number for number, verb, _ in self.pot.effects if verb == "charge"]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(orders_module, "_READ_AGAIN_S", 0.01)
    monkeypatch.setattr(orders_module, "_STANDSTILL_S", 0.02)
    return Site()


async def in_doubt(site: Site) -> tuple[Order, asyncio.Task[None]]:
    """Have an order kept by the wire while the machine's clock stands still: nobody can say what became of it."""
    first, task = site.asked(17), asyncio.create_task(site.orders.run())
    site.pot.at = site.clock.at - 1
    site.orders.carry([first])
    await until(lambda: len(site.reports) == 1)
    assert isinstance(site.reports[0].receipt, Unknown)
    site.clock.at += 60_000
    site.pot.at = site.clock.at
    return first, task


async def test_what_a_wire_delivers_after_a_retry_finds_its_number_used_up(site: Site) -> None:
    first, task = await in_doubt(site)
    site.orders.carry([first])  # a person saw that it was not done
    await until(lambda: len(site.reports) == 2)
    assert site.reports[1].receipt == Expired(17)
    site.wire.deliver()
    site.orders.carry([site.asked(18)])
    await until(lambda: len(site.reports) == 3)
    assert site.reports[2].receipt == Accepted(18)
    assert site.charged == [18]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_a_wire_delivers_before_the_retry_is_followed(site: Site) -> None:
    first, task = await in_doubt(site)
    site.wire.deliver()
    site.orders.carry([first])
    await until(lambda: len(site.reports) == 2)
    assert site.reports[1].receipt == Accepted(17)
    assert site.charged == [17]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def refused_with_a_copy(site: Site) -> tuple[Order, asyncio.Task[None]]:
    """Have a pot refuse an order of which the wire keeps a copy, and rest again."""
    site.wire.copies = True
    site.pot.values["StateCurrent"] = State.HOLDING  # read at rest a moment before
    first, task = site.asked(17), asyncio.create_task(site.orders.run())
    site.pot.at = site.clock.at
    site.orders.carry([first])
    await until(lambda: len(site.reports) == 1)
    assert site.reports[0].receipt == Refused(17, RefusedReason.BUSY)
    site.clock.at += 60_000
    site.pot.at = site.clock.at
    site.pot.values["StateCurrent"] = State.IDLE
    return first, task


@pytest.mark.parametrize("late", [False, True])
async def test_a_copy_of_a_refused_order_finds_its_number_used_up_or_is_followed(site: Site, late: bool) -> None:
    first, task = await refused_with_a_copy(site)
    if not late:
        site.wire.deliver()
    site.orders.carry([first])  # a person lets the batch go on
    await until(lambda: len(site.reports) == 2)
    assert site.reports[1].receipt == (Expired(17) if late else Accepted(17))
    if late:
        site.wire.deliver()
        site.orders.carry([site.asked(18)])
        await until(lambda: len(site.reports) == 3)
    assert site.charged == [18 if late else 17]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_a_restart_a_recalled_order_that_was_refused_has_its_number_used_up(site: Site) -> None:
    first, task = await refused_with_a_copy(site)
    row = Equipment(first.machine, "decoction", pending=first, recalled=True)
    site.orders.resume(Floor(machines=Map({first.machine: row})))
    await until(lambda: len(site.reports) == 2)
    assert site.reports[1].receipt == Expired(17)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
