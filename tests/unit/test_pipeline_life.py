"""A prescription's life through the pure line: every stage, every detour, every refusal that matters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model import intents as i
from controller.model.batch import Batch, Stage
from controller.model.case import Status
from controller.model.facts import BoilBegan, CheckpointRecorded, OrderIssued
from controller.model.people import Role, Station, StationKind
from controller.model.prescription import (
    DeliveryMethod,
    Handling,
    Item,
    Preparation,
    RecipeClass,
    Urgency,
)
from devices.model import Expired, LinkState, Mode, OrderStatus, State, Unknown
from tests.pure_line import MINUTE, Crew, PureLine, badge, prescription


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


def begin(line: PureLine, **changes: object) -> str:
    line.must(i.ReceivePrescription(prescription(**changes), "digest"))
    return next(iter(line.floor.cases))


def batch_of(line: PureLine, case: str) -> Batch:
    return line.floor.batches[line.floor.cases[case].batch]


def work_to(line: PureLine, stage: Stage, case: str, *, idle: frozenset[str] = frozenset()) -> None:
    crew = Crew(line, idle=idle)

    def there() -> bool:
        return bool(line.floor.cases[case].batch) and batch_of(line, case).stage is stage

    for _ in range(400):
        while not there() and crew._once():
            pass
        if there():
            return
        line.run(1)
    raise AssertionError(batch_of(line, case).stage)


def items_with(*special: tuple[str, Handling]) -> tuple[Item, ...]:
    return (*prescription().items, *(Item(herb, 6.0, handling) for herb, handling in special))


def test_a_routine_prescription_is_delivered_with_every_required_checkpoint(line: PureLine) -> None:
    begin(line)
    Crew(line).work()
    assert not line.floor.cases
    assert not line.floor.batches
    names = [fact.checkpoint.name for fact in line.facts if isinstance(fact, CheckpointRecorded)]
    for name in ("review.sign", "verify.sign", "soak.minutes", "pot.clean", "pail.match", "boil.1.minutes",
                 "boil.2.minutes", "pack.count", "pack.seal", "release.sign", "handover.scan",
                 "delivery.receipt", "storage.zone"):  # fmt: skip
        assert name in names
    assert names.count("source.lot") == names.count("dispense.weight") == 6


def test_every_start_of_a_batch_has_a_name_of_its_own(line: PureLine) -> None:
    begin(line)
    Crew(line).work()
    line.run(30)
    starts = [start for machine in line.machines.values() for start in machine.starts]
    assert len(starts) == len(set(starts))
    assert all(
        not machine.batch and machine.clean for machine in line.floor.machines.values() if machine.kind == "decoction"
    )


@pytest.mark.parametrize(
    ("method", "kind"), [("pickup", "handed_over"), ("ward", "handed_over"), ("drone", "delivered")]
)
def test_every_way_of_delivery_ends_as_it_should(line: PureLine, method: str, kind: str) -> None:
    begin(line, delivery=DeliveryMethod(method))
    Crew(line).work()
    assert next(fact for fact in line.facts if type(fact).__name__ == "DeliveryConfirmed").outcome == kind


def test_dispense_only_goes_from_verification_to_release(line: PureLine) -> None:
    begin(line, preparation=Preparation.DISPENSE_ONLY)
    Crew(line).work()
    assert not any(isinstance(fact, OrderIssued) for fact in line.facts)
    assert not line.floor.cases


def test_decoct_first_add_late_and_parts_made_apart_meet_in_the_parcel(line: PureLine) -> None:
    special = (
        ("石膏", Handling.DECOCT_FIRST),
        ("薄荷", Handling.ADD_LATE),
        ("阿胶", Handling.MELT),
        ("三七", Handling.TAKE_WITH),
        ("人参", Handling.DECOCT_SEPARATELY),
    )
    begin(line, items=items_with(*special))
    Crew(line).work()
    steps = [fact.step for fact in line.facts if isinstance(fact, OrderIssued)]
    assert steps.index("first") < steps.index("boil.1")
    names = {fact.checkpoint.name for fact in line.facts if isinstance(fact, CheckpointRecorded)}
    assert {"first.minutes", "late.window", "separate.阿胶", "separate.三七", "separate.人参"} <= names


def test_the_late_window_opens_ten_and_closes_five_minutes_before_the_planned_end(line: PureLine) -> None:
    case = begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    work_to(line, Stage.BOILING, case)
    line.run(12)
    began = next(fact for fact in line.facts if isinstance(fact, BoilBegan))
    grace = line.book.grace_s[batch_of(line, case).pot] * 1000
    assert began.ends_at - began.opens_at == 10 * MINUTE + grace
    assert began.ends_at - began.closes_at == 5 * MINUTE - grace


def test_a_late_packet_is_refused_before_its_window_and_held_after_it(line: PureLine) -> None:
    case = begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    work_to(line, Stage.BOILING, case)
    batch = batch_of(line, case)
    packet, pot = dict(batch.packets)["late"], line.book.machines[batch.pot].code
    assert line.refused(i.ScanCode(packet, pot, badge("operator"), "st")) == "window-not-open"
    line.run(60)
    assert batch_of(line, case).holds[0].reason == "late-missed"
    assert line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    assert not any(isinstance(fact, OrderIssued) and fact.step == "drain.1" for fact in line.facts)
    assert line.refused(i.ScanCode(packet, pot, badge("operator"), "st")) in ("already-done", "window-closed")
    line.must(i.AcceptDeviation(batch.id, "late-missed", badge("reviewer"), "st", "味淡，医师同意"))
    Crew(line).work()
    assert not line.floor.cases


def test_a_batch_is_dispensed_verified_and_released_by_different_people(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.DISPENSED, case)
    batch = batch_of(line, case)
    line.must(i.EnrolPerson(replace(line.floor.people[badge("dispenser")], roles=(Role.DISPENSER, Role.CHECKER))))
    assert line.refused(i.SignVerify(batch.id, badge("dispenser"), "st")) == "same-person"
    assert line.refused(i.SignVerify(batch.id, badge("packer"), "st")) == "role-missing"
    assert line.refused(i.SignRelease(batch.id, badge("releaser"), "st")) == "not-yet"


def test_a_wrong_drawer_a_wrong_weight_and_a_second_scan_are_refused(line: PureLine) -> None:
    case = begin(line)
    crew = Crew(line)
    while not batch_of(line, case).pail if line.floor.cases[case].batch else True:
        crew._once()
    task = line.tasks("draw")[0]
    stranger = next(iter(line.floor.by_herb["黄连"]))
    assert line.refused(i.ScanCode(stranger, task.into, badge("dispenser"), "st")) == "wrong-drawer"
    assert (
        line.refused(i.RecordWeight(task.batch, task.details["herb"], 1.0, badge("dispenser"), "st"))
        == "drawer-not-scanned"
    )
    line.must_scan(task.codes[0], task.into, "dispenser")
    assert line.refused(i.ScanCode(task.codes[0], task.into, badge("dispenser"), "st")) == "already-done"
    wrong = task.details["grams"] * 1.2
    assert (
        line.refused(i.RecordWeight(task.batch, task.details["herb"], wrong, badge("dispenser"), "st"))
        == "weight-out-of-tolerance"
    )


def test_a_failing_lot_and_a_warm_zone_are_refused_until_assessed(line: PureLine) -> None:
    case = begin(line)
    crew = Crew(line)
    while not line.tasks("draw"):
        crew._once()
    task = line.tasks("draw")[0]
    lot = line.floor.lots[line.floor.drawers[task.codes[0]]]
    line.must(i.ReportZone("normal", 34.0, 50.0))
    assert line.refused(i.ScanCode(task.codes[0], task.into, badge("dispenser"), "st")) == "lot-quarantined"
    line.must(i.ReportZone("normal", 20.0, 50.0))
    assert line.refused(i.ScanCode(task.codes[0], task.into, badge("dispenser"), "st")) == "lot-quarantined"
    line.must(i.AcceptDeviation("normal", "zone-excursion", badge("reviewer"), "st", "两小时，外观正常"))
    line.must_scan(task.codes[0], task.into, "dispenser")
    storage = [p for p in batch_of(line, case).checkpoints if p.name == "storage.zone"]
    assert [point.verdict for point in storage] == ["deviation"]
    assert lot.zone == "normal"
    line.must(i.ReportLink("sensor-1", LinkState.STALE))
    other = line.tasks("draw")[0]
    if other.codes != task.codes:
        assert line.refused(i.ScanCode(other.codes[0], other.into, badge("dispenser"), "st")) == "zone-stale"


def test_a_pail_goes_only_into_its_own_position_and_pot_after_its_soak(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    batch = batch_of(line, case)
    wrong = next(c for c, m in line.book.vessels.items() if m.startswith("soak") and m != batch.soak_machine)
    assert line.refused(i.ScanCode(batch.pail, wrong, badge("operator"), "st")) == "wrong-position"
    line.must_scan(batch.pail, line.book.machines[batch.soak_machine].code, "operator")
    pot = line.book.machines[batch.pot].code
    assert line.refused(i.ScanCode(batch.pail, pot, badge("operator"), "st")) == "soak-too-short"
    line.run(31)
    other = next(c for c, m in line.book.vessels.items() if m.startswith("pot") and m != batch.pot)
    assert line.refused(i.ScanCode(batch.pail, other, badge("operator"), "st")) == "wrong-pot"
    line.must_scan(batch.pail, pot, "operator")
    assert line.refused(i.ScanCode(batch.pail, pot, badge("operator"), "st")) in (
        "already-done",
        "unknown-code",
        "pail-unbound",
    )


def test_cancelling_is_graded_by_how_far_it_is(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.DISPENSED, case)
    line.must(i.CancelPrescription(case, "病人住院"))
    assert not line.floor.cases
    assert not line.floor.batches
    case = begin(line, prescription_no="T-0002")
    work_to(line, Stage.SOAK_ASSIGNED, case)
    batch = batch_of(line, case)
    line.must_scan(batch.pail, line.book.machines[batch.soak_machine].code, "operator")
    assert line.refused(i.CancelPrescription(case, "")) == "too_late_in_progress"


def test_cancelling_an_assigned_batch_gives_its_pot_and_position_back(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    line.must(i.CancelPrescription(case, "x"))
    assert len(line.floor.free_soaks) == 4
    assert all(not m.next_batch for m in line.floor.machines.values())


def test_a_scrapped_batch_is_made_again_and_its_pot_rinsed(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    first = batch_of(line, case)
    line.must(i.Scrap(first.id, badge("reviewer"), "st", "锅底焦糊"))
    assert line.floor.cases[case].status is Status.DISPENSING
    assert batch_of(line, case).replaces == first.id
    Crew(line).work()
    line.run(30)
    assert line.floor.machines[first.pot].clean
    assert not line.floor.machines[first.pot].batch


def test_a_newer_version_replaces_an_unweighed_one_and_holds_a_weighed_one(line: PureLine) -> None:
    case = begin(line)
    newer = prescription(version=2, doses=5)
    line.must(i.ReceivePrescription(newer, "d2"))
    assert line.floor.cases[case].prescription.doses == 5
    work_to(line, Stage.DISPENSED, case)
    line.must(i.ReceivePrescription(prescription(version=3, doses=3), "d3"))
    batch = batch_of(line, case)
    assert line.floor.cases[case].shown_status is Status.HELD
    assert line.refused(i.SignVerify(batch.id, badge("checker"), "st")) == "batch-held"
    assert line.refused(i.ReceivePrescription(newer, "d2")) == "version-lower"
    line.must(i.Scrap(batch.id, badge("reviewer"), "st", "按新方重做"))
    assert line.floor.cases[case].prescription.doses == 3
    assert line.floor.cases[case].status is Status.IN_REVIEW
    Crew(line).work()


def test_continuing_a_held_amendment_keeps_the_old_version(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.DISPENSED, case)
    line.must(i.ReceivePrescription(prescription(version=2, doses=3), "d3"))
    assert line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    line.must(i.Continue(batch_of(line, case).id, "amendment", badge("reviewer"), "st"))
    assert not line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    Crew(line).work()
    assert sum(1 for kind in line.kinds() if kind == "BagBoxed") == 14


def test_a_lost_link_holds_the_batch_and_clears_itself(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    line.must(i.ReportLink(pot, LinkState.STALE))
    assert line.floor.cases[case].shown_status is Status.HELD
    assert f"link-stale:{pot}" in line.floor.alarms
    line.must(i.ReportLink(pot, LinkState.FRESH))
    assert line.floor.cases[case].shown_status is Status.DECOCTING
    Crew(line).work()


def test_a_rebooted_pot_holds_the_batch_until_the_missing_minutes_are_boiled(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    pot = batch_of(line, case).pot
    line.report(pot)
    machine = line.machines[pot]
    machine.boot, machine.status, machine.began_at = 2, OrderStatus.FAILED, 0
    line.report(pot)
    batch = batch_of(line, case)
    assert [hold.reason for hold in batch.holds] == ["boot"]
    assert line.refused(i.Continue(batch.id, "boot", badge("reviewer"), "st")) == "choice-not-offered"
    line.must(i.RunDeficit(batch.id, badge("reviewer"), "st"))
    Crew(line).work()
    steps = [fact.step for fact in line.facts if isinstance(fact, OrderIssued)]
    assert "boil.1.deficit.1" in steps
    assert steps.count("boil.1") == 1
    deficit = next(f for f in line.facts if isinstance(f, OrderIssued) and f.step == "boil.1.deficit.1")
    assert deficit.parameters["hold_s"] < 25 * 60


def test_a_hand_on_the_panel_holds_the_batch(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    line.machines[pot].mode = Mode.MANUAL
    line.report(pot)
    assert [hold.reason for hold in batch_of(line, case).holds] == ["mode"]
    line.run(1)
    assert line.floor.alarms[f"mode:{pot}"].active
    line.machines[pot].mode = Mode.PRODUCE
    line.report(pot)
    line.run(1)
    assert not line.floor.alarms[f"mode:{pot}"].active


def test_an_expired_order_is_decided_anew_with_a_new_number(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case)
    batch = batch_of(line, case)
    machine = line.machines[batch.pot]
    machine.number = 10**6  # the machine takes nothing for now
    line.must_scan(batch.pail, line.book.machines[batch.pot].code, "operator")
    issued = [fact for fact in line.facts if isinstance(fact, OrderIssued)][-1]
    line.must(i.ReportOrder(batch.pot, Expired(issued.number)))
    again = [fact for fact in line.facts if isinstance(fact, OrderIssued)][-1]
    assert (again.step, again.number) == (issued.step, issued.number + 1)


def test_an_unknown_order_waits_for_proof_and_is_then_settled(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case)
    batch = batch_of(line, case)
    machine = line.machines[batch.pot]
    machine.number = 10**6
    line.must_scan(batch.pail, line.book.machines[batch.pot].code, "operator")
    issued = [fact for fact in line.facts if isinstance(fact, OrderIssued)][-1]
    line.must(i.ReportOrder(batch.pot, Unknown(issued.number, "timeout")))
    assert [hold.reason for hold in batch_of(line, case).holds] == ["unknown"]
    line.report(batch.pot, order=issued.number - 1, order_status=OrderStatus.FINISHED)
    assert batch_of(line, case).holds, (
        "an older number proves nothing to the line; the carrier reads before it sends again"
    )
    line.report(batch.pot, order=issued.number, order_status=OrderStatus.RUNNING, batch=batch.id)
    assert not batch_of(line, case).holds


def test_a_bag_of_another_patient_never_enters_a_parcel(line: PureLine) -> None:
    one = begin(line)
    line.must(i.ReceivePrescription(prescription(prescription_no="T-0002"), "d"))
    two = next(case for case in line.floor.cases if case != one)
    for case in (one, two):
        work_to(line, Stage.RELEASED, case, idle=frozenset({"box"}))
    bag, parcel = batch_of(line, one).bags[0], line.floor.cases[two].parcel
    assert parcel is not None
    assert line.refused(i.ScanCode(bag, parcel.code, badge("packer"), "st")) == "bag-of-another"


def test_an_open_finding_stops_approval_until_the_prescriber_signs_again(line: PureLine) -> None:
    case = begin(line, items=(*prescription().items, Item("细辛", 9.0, Handling.NONE)))
    sign = i.SignReview(case, badge("reviewer"), "st", "approve", RecipeClass.GENERAL)
    assert line.refused(sign) == "findings-open"
    line.must(replace(sign, decision="return"))
    assert line.floor.cases[case].status is Status.RETURNED
    line.must(i.AnswerReturn(case, 1, withdraw=True))
    assert not line.floor.cases


def test_the_packer_is_booked_only_from_the_last_drain_to_its_flush(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    packer = line.book.machines[batch_of(line, case).pot].packer
    assert not line.floor.machines[packer].batch
    work_to(line, Stage.PACKING, case)
    assert line.floor.machines[packer].batch == batch_of(line, case).id
    Crew(line).work()
    line.run(10)
    assert not line.floor.machines[packer].batch


def test_two_batches_of_one_packer_pack_one_after_the_other(line: PureLine) -> None:
    for number in range(4):
        line.must(i.ReceivePrescription(prescription(prescription_no=f"T-{number}"), "d"))
    Crew(line).work()
    assert not line.floor.cases
    starts = [start for machine in line.machines.values() for start in machine.starts]
    assert len(starts) == len(set(starts))


def test_a_reserved_pot_that_is_lost_is_replaced(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    pot = batch_of(line, case).pot
    line.must(i.ReportLink(pot, LinkState.STALE))
    assert batch_of(line, case).pot not in ("", pot)
    Crew(line).work()


def test_an_urgent_prescription_is_promised_in_two_hours_and_comes_first(line: PureLine) -> None:
    routine = begin(line)
    line.must(i.ReceivePrescription(prescription(prescription_no="U", urgency=Urgency.URGENT), "d"))
    urgent = next(case for case in line.floor.cases if case != routine)
    assert line.floor.cases[urgent].promised_at - line.now == 120 * MINUTE
    assert line.tasks("review")


def test_a_boil_whose_credit_and_counter_disagree_asks_for_a_person_once_each_alone_suffices(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(12)
    batch = batch_of(line, case)
    machine = line.machines[batch.pot]
    machine.status = OrderStatus.FINISHED
    seconds = 25 * 60.0
    line.report(batch.pot, boil=i.BoilTruth(seconds, 0.0, seconds + 300, line.now))
    assert batch_of(line, case).holds[0].reason == "credit-mismatch"
    assert line.refused(i.RunDeficit(batch.id, badge("reviewer"), "st")) == "choice-not-offered"
    line.must(i.AcceptDeviation(batch.id, "credit-mismatch", badge("reviewer"), "st", "传感器短时失灵，锅内一直沸腾"))
    assert batch_of(line, case).boils[0].settled


def test_a_covered_gap_is_accepted_only_by_somebody_who_did_not_operate(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(12)
    batch = batch_of(line, case)
    line.must(i.EnrolPerson(replace(line.floor.people[badge("operator")], roles=(Role.OPERATOR, Role.PHARMACIST))))
    line.machines[batch.pot].status = OrderStatus.FINISHED
    line.report(batch.pot, boil=i.BoilTruth(1400.0, 100.0, 1500.0, line.now))
    accept = i.AcceptDeviation(batch.id, "machine-attested", badge("operator"), "st", "机器计数完整")
    assert line.refused(accept) == "same-person"
    line.must(replace(accept, actor=badge("reviewer")))
    points = [point for point in batch_of(line, case).checkpoints if point.name == "boil.1.minutes"]
    assert [point.verdict for point in points] == ["deviation"]


def test_a_pot_that_boiled_dry_leaves_no_choice_but_scrap(line: PureLine) -> None:
    line.book = replace(line.book, spoiling={pot: frozenset({1}) for pot in line.book.boil_celsius})
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(15)
    batch = batch_of(line, case)
    line.machines[batch.pot].status = OrderStatus.FAILED
    line.report(batch.pot, fault=1)
    assert [hold.choices for hold in batch_of(line, case).holds] == [("scrap",)]
    line.must(i.Scrap(batch.id, badge("reviewer"), "st", "干烧"))
    line.report(batch.pot)
    Crew(line).work()


def test_an_act_belongs_to_its_station(line: PureLine) -> None:
    stations = {kind.value: Station(kind.value, kind, "台", "bench") for kind in StationKind}
    line.book = replace(line.book, stations=stations)
    case = begin(line)
    sign = i.SignReview(case, badge("reviewer"), "floor", "approve", RecipeClass.GENERAL)
    assert line.refused(sign) == "station-wrong"
    assert line.refused(replace(sign, station="nowhere")) == "station-wrong"
    line.must(replace(sign, station="review"))
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    shelve = i.ShelveAlarm("link-stale:pot-01", 30, badge("reviewer"), "packing", "换网线")
    assert line.refused(shelve) == "station-wrong"
    line.must(replace(shelve, station="floor"))
    line.must(i.ReportZone("normal", 34.0, 50.0))
    line.must(i.ReportZone("normal", 20.0, 50.0))
    assess = i.AcceptDeviation("normal", "zone-excursion", badge("reviewer"), "packing", "外观正常")
    assert line.refused(assess) == "station-wrong"
    line.must(replace(assess, station="review"))


def test_a_batch_whose_soaking_position_is_lost_before_the_pail_gets_another(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    first = batch_of(line, case)
    line.must(i.ReportLink(first.soak_machine, LinkState.STALE))
    moved = batch_of(line, case)
    assert moved.stage is Stage.SOAK_ASSIGNED
    assert moved.soak_machine not in ("", first.soak_machine)
    assert not moved.held
    assert not line.floor.machines[first.soak_machine].batch
    assert [m.next_batch for m in line.floor.machines.values()].count(moved.id) == 1
    line.must(i.ReportLink(first.soak_machine, LinkState.FRESH))
    Crew(line).work()


def test_with_no_other_position_a_batch_waits_for_one_and_holds_no_pot(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    positions = [name for name, row in line.book.machines.items() if row.kind == "soaking"]
    for name in positions:
        line.must(i.ReportLink(name, LinkState.STALE))
    batch = batch_of(line, case)
    assert (batch.stage, batch.soak_machine, batch.pot) == (Stage.VERIFIED, "", "")
    assert not any(machine.next_batch for machine in line.floor.machines.values())
    line.must(i.ReportLink(positions[-1], LinkState.FRESH))
    assert batch_of(line, case).soak_machine == positions[-1]
    Crew(line).work()


def test_a_pail_that_stands_in_a_dead_position_holds_the_batch(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKING, case)
    position = batch_of(line, case).soak_machine
    line.must(i.ReportLink(position, LinkState.STALE))
    assert (batch_of(line, case).soak_machine, batch_of(line, case).held) == (position, True)


def test_the_longest_soak_calls_a_pharmacist_before_anybody_comes_to_charge(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case)
    batch = batch_of(line, case)
    soaked_for = (line.now - batch.soak_began_at) / MINUTE
    line.run(batch.plan.soak_max_minutes - soaked_for - 1)
    assert not batch_of(line, case).held
    line.run(2)
    batch = batch_of(line, case)
    assert [hold.reason for hold in batch.holds] == ["soak-too-long"]
    assert line.floor.alarms[f"batch-held:{batch.id}"].active
    line.must(i.AcceptDeviation(batch.id, "soak-too-long", badge("reviewer"), "st", "气味正常"))
    line.run(30)
    assert not batch_of(line, case).held, "a deviation is accepted once"
    Crew(line).work(until="PailCharged")
    (point,) = [p for p in batch_of(line, case).checkpoints if p.name == "soak.minutes"]
    assert (point.verdict, point.value) == ("deviation", pytest.approx(151, abs=1.5))
    Crew(line).work()


def test_a_pail_is_not_charged_past_the_longest_soak_even_before_the_clock_says_so(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAKED, case)
    batch = batch_of(line, case)
    line.now = batch.soak_began_at + (batch.plan.soak_max_minutes + 1) * MINUTE
    pot = line.book.machines[batch.pot].code
    assert line.refused(i.ScanCode(batch.pail, pot, badge("operator"), "st")) == "batch-held"


def test_what_waits_for_a_pot_whose_batch_is_held_gets_another(line: PureLine) -> None:
    first = begin(line)
    work_to(line, Stage.BOILING, first)
    pot = batch_of(line, first).pot
    for name, machine in line.floor.machines.items():  # nothing else would be free in time
        if machine.kind == "decoction" and name != pot:
            line.must(i.ReportLink(name, LinkState.STALE))
    line.run(25)
    line.must(i.ReceivePrescription(prescription(prescription_no="T-0002"), "d"))
    second = next(key for key in line.floor.cases if key != first)
    work_to(line, Stage.SOAK_ASSIGNED, second)
    assert batch_of(line, second).pot == pot
    line.machines[pot].mode = Mode.MANUAL
    line.report(pot)
    line.machines[pot].mode = Mode.PRODUCE
    line.report(pot)
    assert batch_of(line, first).held
    assert batch_of(line, second).pot == ""
    alike = line.floor.machines[pot].pot_class
    other = next(name for name, m in line.floor.machines.items() if m.pot_class == alike and name != pot)
    line.must(i.ReportLink(other, LinkState.FRESH))
    line.report(other)
    assert batch_of(line, second).pot == other


def test_a_held_batch_at_the_head_of_a_packers_queue_lets_the_others_go(line: PureLine) -> None:
    crew = Crew(line, idle=frozenset({"release"}))
    for number in range(6):
        line.must(i.ReceivePrescription(prescription(prescription_no=f"T-{number}"), "d"))
    packers = {name for name, row in line.book.machines.items() if row.kind == "packing"}
    for packer in packers:  # away, so that a queue forms
        line.must(i.ReportLink(packer, LinkState.STALE))
    queue: tuple[str, ...] = ()
    for _ in range(300):
        while crew._once():
            pass
        queue = max((line.floor.machines[name].waiting for name in packers), key=len)
        if len(queue) >= 2:
            break
        line.run(1)
    head, second = line.floor.batches[queue[0]], line.floor.batches[queue[1]]
    line.machines[head.pot].mode = Mode.MANUAL
    line.report(head.pot)
    line.machines[head.pot].mode = Mode.PRODUCE
    line.report(head.pot)
    assert line.floor.batches[head.id].held
    for packer in packers:
        line.must(i.ReportLink(packer, LinkState.FRESH))
        line.report(packer)
    assert line.floor.batches[second.id].packer
    line.must(i.Continue(head.id, "mode", badge("reviewer"), "st"))
    Crew(line).work()


def test_an_amendment_that_takes_its_place_brings_its_own_digest(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.DISPENSED, case)
    line.must(i.ReceivePrescription(prescription(version=2, doses=3), "digest of the second"))
    line.must(i.Scrap(batch_of(line, case).id, badge("reviewer"), "st", "按新方重做"))
    assert line.floor.cases[case].content_digest == "digest of the second"


def test_a_lot_quarantined_between_drawer_and_scale_is_not_weighed_until_assessed(line: PureLine) -> None:
    case = begin(line)
    crew = Crew(line)
    while not line.tasks("draw"):
        crew._once()
    task = line.tasks("draw")[0]
    line.must_scan(task.codes[0], task.into, "dispenser")
    line.must(i.ReportZone("normal", 34.0, 50.0))
    line.must(i.ReportZone("normal", 20.0, 50.0))
    weight = i.RecordWeight(task.batch, task.details["herb"], task.details["grams"], badge("dispenser"), "st")
    assert line.refused(weight) == "lot-quarantined"
    line.must(i.AcceptDeviation("normal", "zone-excursion", badge("reviewer"), "st", "两小时，外观正常"))
    line.must(weight)
    storage = [p.verdict for p in batch_of(line, case).checkpoints if p.name == "storage.zone"]
    assert storage[-1] == "deviation"


def test_an_order_is_for_the_machine_as_it_was_booted_then(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    pot = batch_of(line, case).pot
    issued = [fact for fact in line.facts if isinstance(fact, OrderIssued) and fact.machine == pot]
    assert {fact.boot for fact in issued} == {line.machines[pot].boot}


def doubtful(line: PureLine, verb: str, stage: Stage) -> tuple[str, str]:
    """Bring a batch to an order that the machine never got and of which nobody knows; return case and machine."""
    case = begin(line)
    work_to(line, stage, case)
    for _ in range(200):
        pending = next((m for m in line.floor.machines.values() if m.pending and m.pending.verb == verb), None)
        if pending is not None and not pending.accepted:
            break
        Crew(line)._once()
        line.run(0.2)
    else:
        raise AssertionError(verb)
    assert pending.pending is not None
    machine = line.machines[pending.id]
    machine.order, machine.number, machine.status = None, 0, OrderStatus.NONE
    line.must(i.ReportOrder(pending.id, Unknown(pending.pending.number, "no answer")))
    return case, pending.id


def test_an_order_that_a_person_saw_undone_is_asked_again_under_a_new_number(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    batch = batch_of(line, case)
    first = line.floor.machines[machine].pending
    assert first is not None
    assert {choice for hold in batch.holds for choice in hold.choices} == {"retry", "assume_ok", "scrap"}
    assert line.refused(i.Retry(batch.id, badge("reviewer"), "st", "")) == "reason-missing"
    assert line.refused(i.Retry(batch.id, badge("operator"), "st", "未动")) == "role-missing"
    line.must(i.Retry(batch.id, badge("reviewer"), "st", "锅内无动作"))
    again = line.floor.machines[machine].pending
    assert again is not None
    assert (again.step, again.number) == (first.step, first.number + 1)
    assert not batch_of(line, case).held
    assert not line.floor.alarms.get(f"unknown:{machine}", None) or not line.floor.alarms[f"unknown:{machine}"].active
    assert line.refused(i.Retry(batch.id, badge("reviewer"), "st", "锅内无动作")) == "choice-not-offered"
    Crew(line).work()


def test_nothing_is_asked_again_of_a_machine_at_work(line: PureLine) -> None:
    case, machine = doubtful(line, "charge", Stage.SOAKED)
    line.report(machine, state=State.EXECUTE)
    retry = i.Retry(batch_of(line, case).id, badge("reviewer"), "st", "锅内无动作")
    assert line.refused(retry) == "machine-not-ready"
    line.report(machine, state=State.IDLE)
    line.must(retry)


def test_what_a_person_saw_done_is_not_done_again(line: PureLine) -> None:
    case, _ = doubtful(line, "charge", Stage.SOAKED)
    orders = len([fact for fact in line.facts if isinstance(fact, OrderIssued) and fact.verb == "charge"])
    line.must(i.AssumeOk(batch_of(line, case).id, badge("reviewer"), "st", "已进水"))
    assert batch_of(line, case).stage is Stage.BOILING
    assert "OrderAttested" in line.kinds()
    Crew(line).work()
    charges = [fact for fact in line.facts if isinstance(fact, OrderIssued) and fact.verb == "charge"]
    assert len(charges) == orders


def test_minutes_at_the_boil_are_nothing_that_a_person_can_have_seen(line: PureLine) -> None:
    case, _ = doubtful(line, "decoct", Stage.CHARGED)
    batch = batch_of(line, case)
    assert {choice for hold in batch.holds for choice in hold.choices} == {"retry", "scrap"}
    assert line.refused(i.AssumeOk(batch.id, badge("reviewer"), "st", "已煎")) == "choice-not-offered"


def test_a_machine_that_woke_without_the_boil_it_had_begun_offers_the_missing_minutes(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(20)
    pot = batch_of(line, case).pot
    line.report(pot)
    machine = line.machines[pot]
    machine.boot, machine.order, machine.number, machine.status, machine.began_at = 2, None, 0, OrderStatus.NONE, 0
    line.report(pot)
    batch = batch_of(line, case)
    assert [(hold.reason, hold.choices) for hold in batch.holds] == [("boot", ("run_deficit", "migrate", "scrap"))]
    line.must(i.RunDeficit(batch.id, badge("reviewer"), "st"))
    Crew(line).work()
