"""Orders: after durability, in order of number, and nothing on a doubt before the machine was read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from immutables import Map

from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.model.intents import ReportOrder
from controller.runtime import orders as orders_module
from controller.runtime.orders import Orders
from devices.errors import LinkDown
from devices.model import Accepted, Expired, Finished, Order, Receipt, Refused, RefusedReason, Unknown
from tests.runtime_fakes import NOW, HandClock, an_order, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


@dataclass
class Machines:
    """Answers from a script; `said` is what was asked of which machine, in order. An exception in a script is raised."""

    orders: dict[int, list[Receipt | Exception]] = field(default_factory=dict)
    settles: dict[int, list[Receipt | Exception | None]] = field(default_factory=dict)
    said: list[tuple[str, str, int]] = field(default_factory=list)
    taken: list[bool] = field(default_factory=list)
    slow: asyncio.Event | None = None

    async def order(self, order: Order, epoch: int) -> Receipt:
        assert epoch == 7
        self.said.append(("stop" if order.verb == "stop" else "order", order.machine, order.number))
        if self.slow is not None and order.machine == "pot-01":
            await self.slow.wait()
        answer = self.orders.get(order.number, [Accepted(order.number)]).pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def settle(self, order: Order, since: int, *, taken: bool = False) -> Receipt | None:
        self.said.append(("settle", order.machine, order.number))
        self.taken.append(taken)
        answer = self.settles[order.number].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def carrying(
    machines: Machines, clock: HandClock | None = None
) -> AsyncIterator[tuple[Orders, list[ReportOrder]]]:
    reports: list[ReportOrder] = []
    orders = Orders(machines, epoch=7, clock=clock or HandClock(), report=reports.append)
    task = asyncio.create_task(orders.run())
    yield orders, reports
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def at_work(*pending: Order, accepted: bool = False) -> Floor:
    rows = {order.machine: Equipment(order.machine, "decoction", pending=order, accepted=accepted) for order in pending}
    return Floor(machines=Map(rows))


async def test_orders_of_one_machine_leave_one_after_the_other_by_number() -> None:
    machines = Machines(slow=asyncio.Event())
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1), an_order(2)])
        orders.carry([an_order(3), an_order(1, "pot-02")])
        await until(lambda: len(reports) == 1)
        assert machines.said == [("order", "pot-01", 1), ("order", "pot-02", 1)]
        assert machines.slow is not None
        machines.slow.set()
        await until(lambda: len(reports) == 4)
        assert [number for _, machine, number in machines.said if machine == "pot-01"] == [1, 2, 3]


async def test_what_became_of_an_order_is_reported() -> None:
    machines = Machines({1: [Refused(1, RefusedReason.BUSY)]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1)])
        await until(lambda: bool(reports))
        assert reports == [ReportOrder("pot-01", Refused(1, RefusedReason.BUSY))]


async def test_an_order_past_its_time_is_never_sent() -> None:
    machines = Machines()
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1, not_after=NOW - 1)])
        await until(lambda: bool(reports))
        assert reports == [ReportOrder("pot-01", Expired(1))]
        assert machines.said == []


async def test_a_doubt_is_settled_by_reading_before_anything_is_sent_again() -> None:
    machines = Machines({1: [Unknown(1, "time-out"), Accepted(1)]}, {1: [None]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1)])
        await until(lambda: bool(reports))
        assert [what for what, *_ in machines.said] == ["order", "settle", "order"]
        assert reports[0].receipt == Accepted(1)


async def test_a_doubt_that_the_machine_clears_up_sends_nothing_again() -> None:
    machines = Machines({1: [Unknown(1, "time-out")]}, {1: [Accepted(1)]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1)])
        await until(lambda: bool(reports))
        assert [what for what, *_ in machines.said] == ["order", "settle"]


async def test_a_machine_that_cannot_tell_is_left_to_a_person() -> None:
    machines = Machines({1: [Unknown(1, "time-out")]}, {1: [Unknown(1, "keeps no numbers")]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1)])
        await until(lambda: bool(reports))
        assert reports[0].receipt == Unknown(1, "keeps no numbers")


async def test_after_a_restart_the_machine_is_read_before_its_order_is_sent_again() -> None:
    machines = Machines({5: [Accepted(5)]}, {5: [None]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5)))
        orders.carry([an_order(6)])
        await until(lambda: len(reports) == 2)
        assert [(what, number) for what, _, number in machines.said] == [("settle", 5), ("order", 5), ("order", 6)]


async def test_after_a_restart_an_order_that_acted_is_not_sent_again() -> None:
    machines = Machines(settles={5: [Finished(5, 1800)]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5)))
        await until(lambda: bool(reports))
        assert machines.said == [("settle", "pot-01", 5)]
        assert reports[0].receipt == Finished(5, 1800)


async def test_after_a_restart_an_expired_order_is_read_never_sent_and_its_number_used_up_by_a_stop() -> None:
    machines = Machines({5: [Finished(5, 0)]}, {5: [None]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5, not_after=NOW - 1)))
        await until(lambda: bool(reports))
        assert machines.said == [("settle", "pot-01", 5), ("stop", "pot-01", 5)]
        assert reports[0].receipt == Expired(5)


async def test_an_order_that_comes_late_and_acts_is_followed_and_not_given_up() -> None:
    machines = Machines({5: [Refused(5, RefusedReason.DUPLICATE)]}, {5: [None, Accepted(5)]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5, not_after=NOW - 1)))
        await until(lambda: bool(reports))
        assert [what for what, *_ in machines.said] == ["settle", "stop", "settle"]
        assert reports[0].receipt == Accepted(5)


async def test_a_number_is_tried_to_be_used_up_until_the_machine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "_READ_AGAIN_S", 0.01)
    away = [Expired(5), Unknown(5, "time-out"), Refused(5, RefusedReason.MODE), Finished(5, 0)]
    machines = Machines({5: list(away)}, {5: [None]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5, not_after=NOW - 1)))
        await until(lambda: bool(reports))
        assert [what for what, *_ in machines.said] == ["settle"] + ["stop"] * 4
        assert reports[0].receipt == Expired(5)


async def test_an_order_that_comes_again_is_read_and_its_number_used_up_before_the_next_leaves() -> None:
    machines = Machines({5: [Unknown(5, "time-out"), Finished(5, 0)]}, {5: [Unknown(5, "stands still"), None]})
    clock = HandClock()
    async with carrying(machines, clock) as (orders, reports):
        orders.carry([an_order(5)])
        await until(lambda: bool(reports))
        clock.at = an_order(5).not_after + 1
        orders.carry([an_order(5), an_order(6, not_after=clock.at + 1)])
        await until(lambda: len(reports) == 3)
        assert [(what, number) for what, _, number in machines.said] == [
            *[("order", 5), ("settle", 5)],
            *[("settle", 5), ("stop", 5), ("order", 6)],
        ]
        assert reports[1].receipt == Expired(5)


async def test_an_order_that_comes_again_and_has_acted_meanwhile_is_followed() -> None:
    machines = Machines({5: [Unknown(5, "time-out")]}, {5: [Unknown(5, "stands still"), Accepted(5)]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(5)])
        await until(lambda: bool(reports))
        orders.carry([an_order(5)])
        await until(lambda: len(reports) == 2)
        assert [what for what, *_ in machines.said] == ["order", "settle", "settle"]
        assert reports[1].receipt == Accepted(5)


async def test_a_machine_that_knows_no_stop_and_one_with_another_master_end_it_too() -> None:
    for answer, receipt in (
        (Refused(5, RefusedReason.VERB), Expired(5)),
        (Refused(5, RefusedReason.EPOCH), Refused(5, RefusedReason.EPOCH)),
    ):
        machines = Machines({5: [answer]}, {5: [None]})
        async with carrying(machines) as (orders, reports):
            orders.resume(at_work(an_order(5, not_after=NOW - 1)))
            await until(lambda reports=reports: bool(reports))
            assert reports[0].receipt == receipt


async def test_an_order_once_accepted_is_never_sent_again_even_if_the_machine_forgot_it() -> None:
    machines = Machines(settles={5: [None]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5), accepted=True))
        await until(lambda: bool(reports))
        assert (machines.said, machines.taken) == ([("settle", "pot-01", 5)], [True])
        assert isinstance(reports[0].receipt, Unknown)


async def test_a_machine_out_of_reach_is_asked_until_it_answers_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orders_module, "_READ_AGAIN_S", 0.01)
    machines = Machines(settles={5: [LinkDown("off"), LinkDown("off"), Accepted(5)]})
    async with carrying(machines) as (orders, reports):
        orders.resume(at_work(an_order(5)))
        orders.carry([an_order(1, "pot-02")])
        await until(lambda: len(reports) == 2)
        assert [report.machine for report in reports] == ["pot-02", "pot-01"]
        assert [what for what, machine, _ in machines.said if machine == "pot-01"] == ["settle"] * 3


async def test_a_bug_in_a_driver_is_a_doubt_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "_AFTER_BUG_S", 0.01)
    machines = Machines({1: [KeyError("bug")]}, {1: [TypeError("bug"), Accepted(1)]})
    async with carrying(machines) as (orders, reports):
        orders.carry([an_order(1)])
        await until(lambda: bool(reports))
        assert reports[0].receipt == Accepted(1)
