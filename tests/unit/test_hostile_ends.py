"""Dead ends that a hostile reviewer looked for: nothing waits for what never comes, and nobody waits for a dead machine."""

from __future__ import annotations

import pytest

from controller.model import intents as i
from controller.model.batch import Choice, Stage
from controller.model.facts import OrderIssued
from controller.model.prescription import Handling
from devices.model import Expired, LinkState, Mode, OrderStatus, Refused, RefusedReason, State
from tests.pure_line import MINUTE, Crew, PureLine, badge, prescription
from tests.unit.test_line_by_hand import HandLine
from tests.unit.test_line_by_hand import work_to as work_by_hand_to
from tests.unit.test_pipeline_life import batch_of, begin, items_with, line, work_to

__all__ = ["line"]
WHO = badge("reviewer")


def test_a_batch_that_gets_its_own_pot_back_has_it_rinsed_first() -> None:
    line = PureLine.ready(2)
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    pot = batch_of(line, case).pot
    machine = line.machines[pot]
    machine.boot, machine.status = 2, OrderStatus.FAILED
    line.report(pot)
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "怀疑锅漏"))
    others = [name for name, unit in line.book.machines.items() if unit.kind == "decoction" and name != pot]
    for other in others:  # somebody else had them before the pot was empty
        line.must(i.TakeOutOfService(other, WHO, "st", "坏"))
    (task,) = line.tasks("empty-pot")
    line.must_scan(task.codes[0], task.into, "operator")
    assert batch_of(line, case).pot == pot
    line.machines[pot].status, line.machines[pot].value = OrderStatus.FINISHED, 2000
    line.report(pot)  # the rinse was cold
    Crew(line).work()
    assert not line.floor.cases


def test_a_pail_that_has_soaked_long_enough_leaves_a_dead_soaking_position(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case, idle=frozenset({"charge"}))
    line.must(i.ReportLink(batch_of(line, case).soak_machine, LinkState.STALE))
    assert not batch_of(line, case).held
    work_to(line, Stage.BOILING, case)


@pytest.mark.parametrize("kind", ["soak", "pack", "pot"])
def test_a_batch_in_a_machine_that_never_comes_back_can_always_be_brought_to_an_end(line: PureLine, kind: str) -> None:
    case = begin(line)
    work_to(line, {"soak": Stage.SOAKING, "pack": Stage.PACKING, "pot": Stage.BOILED}[kind], case)
    while kind == "pot" and batch_of(line, case).present_boil.name == "boil.1":
        line.run(1)
    batch = batch_of(line, case)
    dead = {"soak": batch.soak_machine, "pack": batch.packer, "pot": batch.pot}[kind]
    line.must(i.ReportLink(dead, LinkState.STALE))
    assert [hold.choices for hold in batch_of(line, case).holds] == [(Choice.SCRAP,)]


def test_a_fault_between_two_orders_asks_a_person_who_can_end_it(line: PureLine) -> None:
    case = begin(line, items=items_with(("石膏", Handling.DECOCT_FIRST)))
    work_to(line, Stage.MAIN_WAITS, case, idle=frozenset({"add-main"}))
    batch = batch_of(line, case)
    line.report(batch.pot, fault=7)
    assert [(hold.reason, hold.choices[0]) for hold in batch_of(line, case).holds] == [("fault", Choice.CONTINUE)]
    line.must(i.Continue(batch.id, "fault", WHO, "st"))
    assert [fact.verb for fact in line.facts if isinstance(fact, OrderIssued)][-1] == "stop"


def test_nobody_begins_by_hand_what_is_on_hold() -> None:
    line = HandLine.with_people()
    line.must(i.ReceivePrescription(prescription(), "digest"))
    task = work_by_hand_to(line, "begin-by-hand", "boil.1")
    line.must(i.ReceivePrescription(prescription(version=2, doses=3), "d2"))
    assert next(iter(line.floor.batches.values())).held
    assert line.refused(i.ScanCode(task.code, task.into, badge("operator"), "st")) == "batch-held"


def test_no_new_batch_goes_into_a_pot_whose_packer_is_dead_while_another_is_free(line: PureLine) -> None:
    line.must(i.ReportLink("pack-1", LinkState.STALE))
    cases = [begin(line, prescription_no=f"N-{number}") for number in range(3)]
    Crew(line).work(until="PailCharged")
    line.run(5)
    pots = {batch_of(line, case).pot for case in cases} - {""}
    assert pots
    assert {line.book.machines[pot].packer for pot in pots} == {"pack-2"}


@pytest.mark.parametrize("off_ms", [-300_000, 300_000])
def test_the_window_for_late_herbs_follows_the_boil_and_not_the_clock_of_the_machine(
    line: PureLine, off_ms: int
) -> None:
    case = begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    line._events = [event for event in line._events if not event[2].startswith("boil")]  # pyright: ignore[reportPrivateUsage] - what follows tells it
    line.run(12)
    began_at = line.now - MINUTE
    line.report(pot, at=line.now + off_ms, boil_began_at=began_at + off_ms)
    assert batch_of(line, case).boils[0].began_at == began_at


def test_a_soak_that_its_machine_ended_too_soon_is_not_over(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKING, case)
    batch = batch_of(line, case)
    line.machines[batch.soak_machine].status = OrderStatus.FINISHED
    line.report(batch.soak_machine)
    pot = line.book.machines[batch.pot].code
    assert line.refused(i.ScanCode(batch.pail, pot, badge("operator"), "st")) == "soak-too-short"
    line.run(batch.plan.soak_minutes)
    line.must_scan(batch.pail, pot, "operator")


def test_a_charge_that_breaks_off_in_the_second_pot_can_be_asked_again(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    line.must(i.ReportLink(batch_of(line, case).pot, LinkState.STALE))
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    work_to(line, Stage.CHARGED, case)
    pot = batch_of(line, case).pot
    line.machines[pot].status = OrderStatus.FAILED
    line.report(pot)
    line.must(i.Continue(batch_of(line, case).id, "fault", WHO, "st"))
    Crew(line).work()
    assert not line.floor.cases


def test_a_pot_that_cannot_drain_now_takes_no_packer_from_those_behind_it(line: PureLine) -> None:
    for name, unit in line.book.machines.items():
        if unit.packer == "pack-1":
            line.must(i.TakeOutOfService(name, WHO, "st", "只用一台包装机"))
    cases = [begin(line, prescription_no=f"N-{number}") for number in range(2)]
    Crew(line).work(until="PailCharged")
    line.must(i.TakeOutOfService("pack-2", WHO, "st", "换膜"))
    for case in cases:
        work_to(line, Stage.DRAIN_WAITS, case)
    first = line.floor.machines["pack-2"].waiting[0]
    pot = line.floor.batches[first].pot
    line.machines[pot].mode = Mode.MANUAL
    line.report(pot)
    line.must(i.Continue(first, "mode", WHO, "st"))
    line.must(i.ReturnToService("pack-2", WHO, "st", "好"))
    assert line.floor.machines["pack-2"].batch not in ("", first)
    line.run(30)
    line.machines[pot].mode = Mode.PRODUCE
    line.report(pot)
    Crew(line).work()
    assert not line.floor.cases


def with_a_packer(line: PureLine) -> tuple[str, str, str]:
    """Have two batches at one packer: the first has just been given it, its drain left, and the second stands behind."""
    for name, unit in line.book.machines.items():
        if unit.packer == "pack-1":
            line.must(i.TakeOutOfService(name, WHO, "st", "只用一台包装机"))
    for number in range(2):
        begin(line, prescription_no=f"N-{number}")
    Crew(line).work(until="PackerTaken")
    first = line.floor.machines["pack-2"].batch
    pot = line.floor.batches[first].pot
    order = line.floor.machines[pot].pending
    assert order is not None
    assert order.parameters == {"to_packer": 1}
    machine = line.machines[pot]
    machine.order, machine.number, machine.status = None, order.number - 1, OrderStatus.NONE
    second = next(key for key in line.floor.batches if key != first)
    return first, second, pot


def test_a_pot_that_dies_before_its_drain_left_gives_the_packer_back_and_keeps_its_place(line: PureLine) -> None:
    first, second, pot = with_a_packer(line)
    order = line.floor.machines[pot].pending
    assert order is not None
    line.machines[pot].mode = Mode.MANUAL
    line.report(pot)
    line.must(i.ReportOrder(pot, Expired(order.number)))
    packer = line.floor.machines["pack-2"]
    assert (packer.batch, packer.waiting) == (second, (first,))
    line.must(i.ReportLink(pot, LinkState.STALE))
    crew = Crew(line)
    crew.work(until="DeliveryConfirmed")
    assert list(line.floor.batches) == [first]
    line.machines[pot].mode = Mode.PRODUCE
    line.must(i.ReportLink(pot, LinkState.FRESH))
    line.report(pot)
    line.must(i.Continue(first, "mode", WHO, "st"))
    crew.work()
    assert not line.floor.cases


def test_a_packer_that_may_be_filled_yet_is_given_to_nobody(line: PureLine) -> None:
    first, _, pot = with_a_packer(line)
    line.must(i.ReportLink(pot, LinkState.STALE))
    line.run(120)
    assert line.floor.machines["pack-2"].batch == first


def test_a_cleaning_that_is_refused_is_not_asked_for_without_end(line: PureLine) -> None:
    begin(line)
    Crew(line).work(until="PackingBegan")
    pot = next(m.id for m in line.floor.machines.values() if m.pending and m.pending.verb == "rinse")
    asked = 0
    while (pending := line.floor.machines[pot].pending) is not None and asked < 50:
        asked += 1
        machine = line.machines[pot]
        machine.order, machine.number, machine.status = None, pending.number - 1, OrderStatus.NONE
        line.must(i.ReportOrder(pot, Refused(pending.number, RefusedReason.BUSY)))
    assert asked < 5
    assert line.floor.alarms[f"unknown:{pot}"].active
    line.report(pot, state=State.IDLE)  # whatever it was busy with is over
    line.run(60)
    assert line.floor.machines[pot].clean
    assert not line.floor.alarms[f"unknown:{pot}"].active


@pytest.mark.parametrize("fault", [0, 7])
def test_a_cleaning_that_fails_at_once_is_not_asked_for_without_end(line: PureLine, fault: int) -> None:
    begin(line)
    Crew(line).work(until="PackingBegan")
    pot = next(m.id for m in line.floor.machines.values() if m.pending and m.pending.verb == "rinse")

    def polls() -> int:
        asked, machine = 0, line.machines[pot]
        for turn in range(50):
            if (pending := line.floor.machines[pot].pending) is not None:
                asked += pending.verb == "rinse"
                stops = pending.verb == "stop"
                machine.status = OrderStatus.FINISHED if stops else OrderStatus.FAILED
                line.report(pot, fault=0 if stops else fault)
            else:  # it goes on from state to state by itself
                line.report(pot, fault=fault, state=(State.ABORTING, State.ABORTED)[turn % 2])
        return asked

    assert polls() == 3
    assert line.floor.alarms[f"rinse-cold:{pot}"].active
    line.must(i.TakeOutOfService(pot, WHO, "st", "清洗报警"))
    line.must(i.ReturnToService(pot, WHO, "st", "再试一次"))
    assert polls() == 1
    line.must(i.TakeOutOfService(pot, WHO, "st", "清洗报警"))
    line.must(i.ReturnToService(pot, WHO, "st", "已修好"))
    line.report(pot)
    line.run(60)
    assert line.floor.machines[pot].clean
    assert not line.floor.alarms[f"rinse-cold:{pot}"].active


def test_a_stop_that_is_refused_is_not_asked_for_without_end(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    line.report(pot)
    line.must(i.Scrap(batch_of(line, case).id, WHO, "st", "气味异常"))
    pending = line.floor.machines[pot].pending
    assert pending is not None
    assert pending.verb == "stop"
    line.must(i.ReportOrder(pot, Refused(pending.number, RefusedReason.VERB)))
    assert line.floor.machines[pot].pending is None
    assert line.floor.alarms[f"unknown:{pot}"].active
