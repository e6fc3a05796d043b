"""What a hostile reviewer broke once, and what must stay whole: the pure line under faults at the worst moment."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from controller.model import intents as i
from controller.model.batch import Stage
from controller.model.facts import BatchPacked, OrderIssued
from controller.model.floor import Floor
from controller.model.people import Role
from controller.model.prescription import Handling, Urgency
from controller.model.stock import Lot
from controller.pipeline import KINDS, is_open, restore_row
from devices.model import LinkState, OrderStatus, Unknown
from tests.pure_line import START, Crew, PureLine, badge, prescription
from tests.unit.test_pipeline_life import batch_of, begin, items_with, line, work_to

__all__ = ["line"]


def issued(line: PureLine) -> list[OrderIssued]:
    return [fact for fact in line.facts if isinstance(fact, OrderIssued)]


def breaks(line: PureLine, name: str, fault: int = 7) -> None:
    """A machine gives up what it does, and keeps its fault until it is told to stop."""
    line.machines[name].status = OrderStatus.FAILED
    line.report(name, fault=fault)


def test_the_reviewer_of_a_prescription_weighs_nothing_of_it(line: PureLine) -> None:
    case = begin(line)
    while not line.tasks("draw"):
        Crew(line)._once()  # pyright: ignore[reportPrivateUsage] - one act at a time
    task = line.tasks("draw")[0]
    line.must_scan(task.codes[0], task.into, "dispenser")
    line.must(i.EnrolPerson(replace(line.floor.people[badge("reviewer")], roles=(Role.PHARMACIST, Role.DISPENSER))))
    herb, grams = str(task.details["herb"]), float(task.details["grams"])
    weight = i.RecordWeight(batch_of(line, case).id, herb, grams, badge("reviewer"), "st")
    assert line.refused(weight) == "same-person"


def test_whoever_took_a_herb_from_its_drawer_does_not_verify_it(line: PureLine) -> None:
    case = begin(line)
    other = line.floor.people[badge("checker")]
    line.must(i.EnrolPerson(replace(other, roles=(Role.CHECKER, Role.DISPENSER))))
    while not line.tasks("draw"):
        Crew(line)._once()  # pyright: ignore[reportPrivateUsage] - one act at a time
    task = line.tasks("draw")[0]
    line.must_scan(task.codes[0], task.into, "checker")
    for _ in range(int(task.details["times"])):
        line.must(
            i.RecordWeight(
                task.batch, str(task.details["herb"]), float(task.details["grams"]), badge("dispenser"), "st"
            )
        )
    work_to(line, Stage.DISPENSED, case)
    assert line.refused(i.SignVerify(task.batch, badge("checker"), "st")) == "same-person"


def test_a_pharmacist_who_made_a_part_does_not_release_it(line: PureLine) -> None:
    case = begin(line, items=items_with(("阿胶", Handling.MELT)))
    work_to(line, Stage.SOAK_ASSIGNED, case, idle=frozenset({"separate"}))
    task = line.tasks("separate")[0]
    line.must(i.AttestSeparate(task.batch, str(task.details["herb"]), task.code, 60, badge("releaser"), "st"))
    work_to(line, Stage.QUALITY_CHECK, case)
    assert line.refused(i.SignRelease(task.batch, badge("releaser"), "st")) == "same-person"


def test_a_weight_that_is_no_number_is_refused(line: PureLine) -> None:
    begin(line)
    while not line.tasks("draw"):
        Crew(line)._once()  # pyright: ignore[reportPrivateUsage] - one act at a time
    task = line.tasks("draw")[0]
    line.must_scan(task.codes[0], task.into, "dispenser")
    weight = i.RecordWeight(task.batch, str(task.details["herb"]), nan, badge("dispenser"), "st")
    assert line.refused(weight) == "weight-out-of-tolerance"


def test_a_held_batch_takes_no_herbs(line: PureLine) -> None:
    begin(line)
    while len(line.tasks("draw")) == 0 or not any(w.grams for b in line.floor.batches.values() for w in b.weighings):
        Crew(line)._once()  # pyright: ignore[reportPrivateUsage] - one act at a time
    task = line.tasks("draw")[0]
    line.must(i.ReceivePrescription(prescription(version=2, doses=3), "d2"))
    assert line.refused(i.ScanCode(task.codes[0], task.into, badge("dispenser"), "st")) == "batch-held"


def test_the_late_window_of_a_boil_that_broke_off_is_closed(line: PureLine) -> None:
    case = begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    work_to(line, Stage.BOILING, case)
    line.run(15)
    batch = batch_of(line, case)
    assert batch.boils[0].opens_at
    breaks(line, batch.pot)
    line.run(12)
    packet, pot = dict(batch.packets)["late"], line.book.machines[batch.pot].code
    assert line.refused(i.ScanCode(packet, pot, badge("operator"), "st")) == "window-not-open"
    line.run(30)
    assert not batch_of(line, case).late_missed
    line.must(i.RunDeficit(batch.id, badge("reviewer"), "st"))
    assert line.refused(i.ScanCode(packet, pot, badge("operator"), "st")) == "window-not-open"
    Crew(line).work()
    assert not line.floor.cases
    assert "LateAdded" in line.kinds()


@pytest.mark.parametrize("stage", [Stage.SOAKING, Stage.CHARGED])
def test_continuing_after_a_fault_ends_the_fault(line: PureLine, stage: Stage) -> None:
    case = begin(line)
    work_to(line, stage, case)
    name = batch_of(line, case).order_machine
    breaks(line, name)
    line.must(i.Continue(batch_of(line, case).id, "fault", badge("reviewer"), "st"))
    assert [fact.verb for fact in issued(line) if fact.machine == name][-1] == "stop"
    Crew(line).work()
    assert not line.floor.cases


def test_continuing_waits_for_a_machine_in_fault_that_nobody_can_reach(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.CHARGED, case)
    name = batch_of(line, case).order_machine
    breaks(line, name)
    line.must(i.ReportLink(name, LinkState.STALE))
    go_on = i.Continue(batch_of(line, case).id, "fault", badge("reviewer"), "st")
    assert line.refused(go_on) == "machine-not-ready"


def test_a_soaking_position_in_fault_is_stopped_before_the_next_batch(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKING, case)
    name = batch_of(line, case).soak_machine
    breaks(line, name)
    line.must(i.Scrap(batch_of(line, case).id, badge("reviewer"), "st", "水阀故障"))
    line.run(5)
    assert line.floor.machines[name].usable
    assert not line.floor.machines[name].batch


def test_a_pot_whose_batch_was_scrapped_while_it_was_away_is_stopped_when_it_is_back(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    line.must(i.ReportLink(pot, LinkState.STALE))
    line.must(i.Scrap(batch_of(line, case).id, badge("reviewer"), "st", "失联过久"))
    line.must(i.ReportLink(pot, LinkState.FRESH))
    assert [fact.verb for fact in issued(line) if fact.machine == pot][-1] == "stop"
    line.run(60)
    assert line.floor.machines[pot].clean
    assert not line.floor.machines[pot].batch


def test_a_machine_that_forgot_the_order_it_took_asks_a_person(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(15)
    batch = batch_of(line, case)
    machine = line.machines[batch.pot]
    machine.status, machine.number, machine.boot, machine.order = OrderStatus.NONE, 0, 2, None
    line.report(batch.pot)
    for hold in batch_of(line, case).holds:
        if "continue" in hold.choices:
            line.do(i.Continue(batch.id, hold.reason, badge("reviewer"), "st"))
    line.run(60)
    assert line.tasks(), "somebody must be asked"


def test_a_second_reboot_offers_what_the_broken_order_needs(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(15)
    batch = batch_of(line, case)
    machine = line.machines[batch.pot]
    machine.boot = 2
    line.report(batch.pot)  # it goes on by itself
    machine.boot, machine.status, machine.began_at = 3, OrderStatus.FAILED, 0
    line.report(batch.pot)
    for hold in batch_of(line, case).holds:
        line.do(i.Continue(batch.id, hold.reason, badge("reviewer"), "st"))
    starts = machine.starts
    assert len(starts) == len(set(starts))
    assert {c for hold in batch_of(line, case).holds for c in hold.choices} == {"run_deficit", "migrate", "scrap"}


def test_a_rinse_of_unknown_fate_is_done_again(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.PACKING, case)
    pot = batch_of(line, case).pot
    rinse = line.floor.machines[pot].pending
    assert rinse is not None
    line.report(pot)
    machine = line.machines[pot]
    machine.status, machine.number, machine.order = OrderStatus.NONE, 0, None
    line.must(i.ReportOrder(pot, Unknown(rinse.number, "the machine no longer knows the order it took")))
    line.run(60)
    assert line.floor.machines[pot].clean
    assert f"unknown:{pot}" not in {alarm.id for alarm in line.floor.alarms.values() if alarm.active}


def test_the_doubt_about_a_machine_ends_with_the_batch_it_was_about(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case)
    batch = batch_of(line, case)
    line.machines[batch.pot].number = 10**6
    line.must_scan(batch.pail, line.book.machines[batch.pot].code, "operator")
    line.must(i.ReportOrder(batch.pot, Unknown(issued(line)[-1].number, "timeout")))
    line.machines[batch.pot].number = 0
    line.must(i.Scrap(batch.id, badge("reviewer"), "st", "去向不明"))
    line.report(batch.pot)
    line.run(60)
    assert not [alarm.id for alarm in line.floor.alarms.values() if alarm.active]


def test_a_count_beyond_reason_makes_no_bags(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.PACKING, case)
    packer = batch_of(line, case).packer
    line.machines[packer].status, line.machines[packer].value = OrderStatus.FINISHED, 2_000_000
    line.report(packer)
    packed = next(fact for fact in line.facts if isinstance(fact, BatchPacked))
    assert len(packed.bags) <= batch_of(line, case).plan.bags
    assert batch_of(line, case).holds[0].reason == "count-short"


def test_a_broken_promise_stops_being_an_alarm_when_its_prescription_ends(line: PureLine) -> None:
    case = begin(line, urgency=Urgency.URGENT)
    line.run(150)
    assert line.floor.alarms[f"promise-missed:{case}"].active
    line.must(i.CancelPrescription(case, "x"))
    assert not [alarm.id for alarm in line.floor.alarms.values() if alarm.active]


def test_a_hold_on_a_cancelled_batch_leaves_no_alarm(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    soak = batch_of(line, case).soak_machine
    line.must(i.ReportLink(soak, LinkState.STALE))
    line.must(i.CancelPrescription(case, "x"))
    line.must(i.ReportLink(soak, LinkState.FRESH))
    line.run(1)
    assert not [alarm.id for alarm in line.floor.alarms.values() if alarm.active]


def _lot(key: str, herb: str, drawer: str) -> Lot:
    return Lot(key, herb, "示例饮片厂", inspection_passed=True, inspection="合格", expires_at=START * 2,
               received_at=START, zone="normal", drawer=drawer)  # fmt: skip


def _restored(line: PureLine) -> Floor:
    restored = Floor(at=line.floor.at)
    for (kind, key), aggregate in sorted(line.floor.touched.items(), key=lambda row: row[0]):
        assert isinstance(aggregate, KINDS[kind])
        if is_open(aggregate):
            restored = restore_row(restored, kind, key, aggregate)
    return restored


def test_a_drawer_filled_anew_holds_the_new_lot_also_after_a_restart(line: PureLine) -> None:
    old = line.floor.lots["L-0001"]
    line.must(i.EnrolStock((_lot("A-new", old.herb, old.drawer),), (), ()))
    assert line.floor.drawers[old.drawer] == "A-new"
    assert _restored(line) == line.floor.stored()


def test_two_lots_that_change_drawers_leave_no_trace_of_the_old_ones(line: PureLine) -> None:
    one, two = line.floor.lots["L-0001"], line.floor.lots["L-0002"]
    line.must(i.EnrolStock((replace(one, drawer=two.drawer), replace(two, drawer=one.drawer)), (), ()))
    assert line.floor.by_herb[one.herb] == {two.drawer}
    assert line.floor.by_herb[two.herb] == {one.drawer}
    assert _restored(line) == line.floor.stored()


def test_a_packer_that_ends_while_it_is_away_gives_its_batch_back(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.PACKING, case)
    packer = batch_of(line, case).packer
    line.must(i.ReportLink(packer, LinkState.STALE))
    line.run(10)
    assert batch_of(line, case).stage is Stage.QUALITY_CHECK
    line.must(i.ReportLink(packer, LinkState.FRESH))
    assert not batch_of(line, case).holds
