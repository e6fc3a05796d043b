"""Holds that a hostile reviewer got stuck in or slipped through: every one ends honestly, and none starts a step twice."""

from __future__ import annotations

import pytest

from controller.model import intents as i
from controller.model.batch import Stage
from controller.model.facts import OrderDropped, OrderIssued, OrderRecalled
from devices.model import Accepted, Expired, OrderStatus, Refused, RefusedReason, State, Unknown
from tests.pure_line import Crew, PureLine, badge
from tests.unit.test_pipeline_life import batch_of, begin, doubtful, line, work_to

__all__ = ["line"]


def test_an_order_that_a_person_saw_undone_has_no_end_before_its_number_is_used_up(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    first = line.floor.machines[machine].pending
    assert first is not None
    line.machines[machine].number = first.number  # nothing reaches it: the wire keeps what it has
    outcome = line.do(i.Retry(batch_of(line, case).id, badge("reviewer"), "st", "锅内无动作"))
    assert [type(fact) for fact in outcome.facts if isinstance(fact, OrderIssued | OrderDropped | OrderRecalled)] == [
        OrderRecalled
    ]
    assert outcome.orders == (first,)
    assert line.floor.machines[machine].pending == first
    line.run(1)
    line.must(i.ReportOrder(machine, Expired(first.number)))
    again = line.floor.machines[machine].pending
    assert again is not None
    assert (again.step, again.number) == (first.step, first.number + 1)
    Crew(line).work()
    assert not line.floor.cases


def test_an_order_that_acts_after_a_person_saw_it_undone_is_followed_and_not_asked_again(line: PureLine) -> None:
    case, machine = doubtful(line, "decoct", Stage.CHARGED)
    first = line.floor.machines[machine].pending
    assert first is not None
    line.must(i.Retry(batch_of(line, case).id, badge("reviewer"), "st", "锅是冷的"))
    line.must(i.ReportOrder(machine, Accepted(first.number)))
    line.report(machine)
    Crew(line).work()
    asked = [fact for fact in line.facts if isinstance(fact, OrderIssued) and fact.step == first.step]
    assert len(asked) == 1


def test_what_a_machine_took_and_forgot_is_a_step_of_its_own_when_it_is_asked_again(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    first = line.floor.machines[machine].pending
    assert first is not None
    line.must(i.ReportOrder(machine, Accepted(first.number)))
    line.must(i.Retry(batch_of(line, case).id, badge("reviewer"), "st", "锅内无水"))
    again = line.floor.machines[machine].pending
    assert again is not None
    assert again.step == "charge.again.1"


def reasons(line: PureLine, case: str) -> list[str]:
    return [hold.reason for hold in batch_of(line, case).holds]


def test_a_machine_that_says_after_all_that_it_refused_an_order_settles_the_doubt(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    pending = line.floor.machines[machine].pending
    assert pending is not None
    line.report(machine, refused_order=pending.number, refused_reason=RefusedReason.MODE)
    assert reasons(line, case) == ["order-refused"]
    assert line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    line.must(i.Continue(batch_of(line, case).id, "order-refused", badge("reviewer"), "st"))
    Crew(line).work()
    assert not line.floor.cases


def test_a_boot_that_explains_a_doubt_takes_its_place(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    pot = batch_of(line, case).pot
    line.report(pot)
    pending, machine = line.floor.machines[pot].pending, line.machines[pot]
    assert pending is not None
    line.must(i.ReportOrder(pot, Unknown(pending.number, "the machine no longer knows the order it took")))
    machine.boot, machine.order, machine.number, machine.status, machine.began_at = 2, None, 0, OrderStatus.NONE, 0
    line.report(pot)
    line.must(i.RunDeficit(batch_of(line, case).id, badge("reviewer"), "st"))
    for reason in reasons(line, case):
        line.must(i.Continue(batch_of(line, case).id, reason, badge("reviewer"), "st"))
    Crew(line).work()
    assert not line.floor.cases


def test_a_boil_that_its_machine_took_and_forgot_is_made_up_for_and_never_begun_anew(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    pot = batch_of(line, case).pot
    line.report(pot)
    pending, machine = line.floor.machines[pot].pending, line.machines[pot]
    assert pending is not None
    machine.order, machine.number, machine.status, machine.began_at = None, 0, OrderStatus.NONE, 0
    line.report(pot)
    line.must(i.ReportOrder(pot, Unknown(pending.number, "the machine no longer knows the order it took")))
    assert [hold.choices for hold in batch_of(line, case).holds] == [("run_deficit", "migrate", "scrap")]
    line.must(i.RunDeficit(batch_of(line, case).id, badge("reviewer"), "st"))
    Crew(line).work()
    assert [step for _, step in machine.starts].count("boil.1") == 1


def test_a_rinse_in_doubt_is_done_again_without_anybody_starting_the_controller_anew(line: PureLine) -> None:
    begin(line)
    Crew(line).work(until="PackingBegan")
    pot = next(
        machine for machine in line.floor.machines.values() if machine.pending and machine.pending.verb == "rinse"
    )
    assert pot.pending is not None
    assert not pot.accepted
    machine = line.machines[pot.id]
    machine.order, machine.number, machine.status = None, pot.pending.number - 1, OrderStatus.NONE
    line.now = pot.pending.not_after + 1
    line.must(i.ReportOrder(pot.id, Unknown(pot.pending.number, "stands still")))
    line.run(60)
    assert line.floor.machines[pot.id].clean


@pytest.mark.parametrize("boots", [False, True])
def test_a_pot_that_breaks_off_when_the_boil_is_enough_starts_nothing_before_a_signature(
    line: PureLine, boots: bool
) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    machine, record = line.machines[pot], batch_of(line, case).boils[0]
    line.run(11 + record.required_s / 60 - 1)
    while machine.began_at + record.required_s * 1000 + 2000 > line.now:
        line.run(0.02)
    assert machine.status is OrderStatus.RUNNING
    line.report(pot)
    machine.status, fault = OrderStatus.FAILED, 0 if boots else 7
    machine.boot += boots
    issued = len([fact for fact in line.facts if isinstance(fact, OrderIssued)])
    line.report(pot, fault=fault)
    assert len([fact for fact in line.facts if isinstance(fact, OrderIssued)]) == issued
    batch = batch_of(line, case)
    assert batch.boils[0].settled
    assert [(hold.reason, hold.choices) for hold in batch.holds] == [
        ("boot" if boots else "fault", ("continue", "migrate", "scrap"))
    ]
    line.must(i.Continue(batch.id, batch.holds[0].reason, badge("reviewer"), "st"))
    Crew(line).work()
    assert not line.floor.cases


def test_what_a_person_saw_done_cannot_come_late_and_be_done_twice(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    line.must(i.AssumeOk(batch_of(line, case).id, badge("reviewer"), "st", "已进水"))
    first = line.floor.machines[machine].pending
    assert first is not None
    assert first.verb == "stop"
    Crew(line).work()
    assert not line.floor.cases


def refused(line: PureLine) -> tuple[str, str]:
    """Bring a batch to a pot that refuses its charge while the wire keeps a copy of that."""
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    first = line.floor.machines[machine].pending
    assert first is not None
    line.machines[machine].number = first.number  # nothing but the test moves the pot
    line.report(machine, order=0, refused_order=first.number, refused_reason=RefusedReason.BUSY)
    line.must(i.ReportOrder(machine, Refused(first.number, RefusedReason.BUSY)))
    line.run(1)
    return case, machine


def issued(line: PureLine, step: str) -> list[int]:
    return [fact.number for fact in line.facts if isinstance(fact, OrderIssued) and fact.step == step]


def test_a_refused_order_has_no_end_before_its_number_is_used_up(line: PureLine) -> None:
    case, machine = refused(line)
    first = line.floor.machines[machine].pending
    assert first is not None
    outcome = line.do(i.Continue(batch_of(line, case).id, "order-refused", badge("reviewer"), "st"))
    assert outcome.orders == (first,)
    line.report(machine, order=0, refused_order=first.number, refused_reason=RefusedReason.BUSY)
    assert reasons(line, case) == []
    line.must(i.ReportOrder(machine, Expired(first.number)))
    again = line.floor.machines[machine].pending
    assert again is not None
    assert (again.step, again.number) == (first.step, first.number + 1)
    Crew(line).work()
    assert not line.floor.cases


@pytest.mark.parametrize("signed", [False, True])
def test_a_refused_order_whose_copy_acts_is_followed_and_not_asked_again(line: PureLine, signed: bool) -> None:
    case, machine = refused(line)
    first, pot = line.floor.machines[machine].pending, line.machines[machine]
    assert first is not None
    if signed:
        line.must(i.Continue(batch_of(line, case).id, "order-refused", badge("reviewer"), "st"))
    pot.order, pot.status = first, OrderStatus.RUNNING
    line.report(machine)
    assert reasons(line, case) == []
    pot.status = OrderStatus.FINISHED
    line.report(machine)
    Crew(line).work()
    assert issued(line, first.step) == [first.number]


def test_a_machine_that_is_at_work_is_not_asked_to_use_a_refused_number_up(line: PureLine) -> None:
    case, machine = refused(line)
    line.report(machine, order=0, state=State.EXECUTE)
    on = i.Continue(batch_of(line, case).id, "order-refused", badge("reviewer"), "st")
    assert line.refused(on) == "machine-not-ready"


def test_a_batch_moves_on_from_a_pot_that_refused_it_and_the_stop_of_that_pot_uses_the_number_up(
    line: PureLine,
) -> None:
    case, machine = refused(line)
    first = line.floor.machines[machine].pending
    assert first is not None
    line.must(i.Migrate(batch_of(line, case).id, badge("reviewer"), "st", "锅拒绝"))
    stop = line.floor.machines[machine].pending
    assert stop is not None
    assert (stop.verb, stop.number) == ("stop", first.number + 1)
    Crew(line).work()
    assert not line.floor.cases
