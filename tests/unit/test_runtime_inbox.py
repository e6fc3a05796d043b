"""The inbox: people first, machines never refused and never lost where it matters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.model.intents import ReportLink, ReportMachine, ReportOrder, ReportZone, Tick
from controller.runtime.inbox import Inbox, Lane, LineBusy, LineStopped, Waiting
from devices.model import Accepted, LinkState, Mode, OrderStatus, RefusedReason, State, Step
from tests.runtime_fakes import cancel

if TYPE_CHECKING:
    from controller.model.intents import ExternalIntent

REPORT = ReportMachine(
    machine="pot-01", at=0, state=State.IDLE, step=Step.NONE, mode=Mode.PRODUCE, boot=1, fault=0, epoch=1, order=0,
    order_status=OrderStatus.NONE, order_value=0, refused_order=0, refused_reason=RefusedReason.NONE, batch="",
    boil_began_at=0,
)  # fmt: skip


def everything(inbox: Inbox) -> list[ExternalIntent]:
    intents: list[ExternalIntent] = []
    while (waiting := inbox.take()) is not None:
        intents.append(waiting.intent)
    return intents


def test_people_go_before_machines_and_each_lane_keeps_its_order() -> None:
    inbox = Inbox()
    inbox.post(REPORT)
    inbox.ask(Lane.MACHINES, Waiting(Tick()))
    inbox.ask(Lane.PEOPLE, Waiting(cancel("1")))
    inbox.ask(Lane.PEOPLE, Waiting(cancel("2")))
    assert everything(inbox) == [cancel("1"), cancel("2"), REPORT, Tick()]


def test_a_flood_of_reports_leaves_the_newest_of_each_machine_and_kind() -> None:
    inbox = Inbox(machines_full=4)
    for at in range(1000):
        for machine in ("pot-01", "pot-02"):
            inbox.post(replace(REPORT, machine=machine, at=at))
            inbox.post(ReportLink(machine, LinkState.FRESH if at % 2 else LinkState.STALE))
        inbox.post(ReportZone("room", float(at), 50.0))
    left = everything(inbox)
    assert len(left) == 5
    assert replace(REPORT, at=999) in left
    assert replace(REPORT, machine="pot-02", at=999) in left
    assert ReportZone("room", 999.0, 50.0) in left
    assert inbox.coalesced == 4995


def test_below_the_bound_every_report_is_kept() -> None:
    inbox = Inbox()
    reports = [replace(REPORT, at=at) for at in range(10)]
    for report in reports:
        inbox.post(report)
    assert everything(inbox) == reports


def test_no_receipt_is_ever_dropped() -> None:
    inbox = Inbox(machines_full=1)
    receipts = [ReportOrder("pot-01", Accepted(number)) for number in range(50)]
    for receipt in receipts:
        inbox.post(receipt)
    assert everything(inbox) == receipts


def test_a_report_that_was_taken_is_not_replaced_any_more() -> None:
    inbox = Inbox(machines_full=0)
    inbox.post(REPORT)
    taken = inbox.take()
    inbox.post(replace(REPORT, at=1))
    assert taken is not None
    assert taken.intent == REPORT
    assert everything(inbox) == [replace(REPORT, at=1)]


def test_a_full_lane_of_people_says_busy() -> None:
    inbox = Inbox(people_most=2)
    for case in ("1", "2"):
        inbox.ask(Lane.PEOPLE, Waiting(cancel(case)))
    with pytest.raises(LineBusy):
        inbox.ask(Lane.PEOPLE, Waiting(cancel("3")))


def test_a_closed_inbox_gives_back_who_waited_and_takes_nothing() -> None:
    inbox = Inbox()
    inbox.ask(Lane.PEOPLE, Waiting(cancel("1")))
    inbox.post(REPORT)
    assert [waiting.intent for waiting in inbox.close()] == [cancel("1"), REPORT]
    inbox.post(REPORT)
    with pytest.raises(LineStopped):
        inbox.ask(Lane.PEOPLE, Waiting(cancel("2")))
    assert inbox.take() is None
