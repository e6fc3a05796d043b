"""What recipes ask of machines of every kind, on the pure line: water from herbs, hopper, concentrating, pressure, volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from controller.model import intents as i
from controller.model.batch import Stage
from controller.model.checkpoint import Verdict
from controller.model.facts import CheckpointRecorded, HopperLoaded, LateAdded, OrderIssued, ReviewSigned, SoakAssigned
from controller.model.plan import Plan
from controller.model.prescription import Handling, RecipeClass, Urgency
from controller.model.recipe import PotKind
from controller.model.world import PotClass, planned_classes
from controller.recipes import NotMadeHere, make_plan
from devices.model import OrderStatus
from tests import medicine
from tests.pure_line import MINUTE, RECIPES, Crew, PureLine, badge
from tests.unit.test_pipeline_life import batch_of, begin, items_with, work_to

if TYPE_CHECKING:
    from controller.model.checkpoint import Checkpoint

LATE = ("薄荷", Handling.ADD_LATE)
FOR_WATER = ("糯稻根", Handling.DECOCT_FOR_WATER)


def plan_on(kind: PotKind, *herbs: tuple[Any, ...], **changes: Any) -> Plan | NotMadeHere:
    pots = tuple(replace(pot, kind=kind) for pot in medicine.POTS)
    return make_plan(medicine.prescription(*herbs, **changes), medicine.FORMULARY, RECIPES, pots)


def orders(line: PureLine, verb: str = "") -> list[OrderIssued]:
    return [fact for fact in line.facts if isinstance(fact, OrderIssued) and verb in ("", fact.verb)]


def checkpoints(line: PureLine, name: str) -> list[Checkpoint]:
    points = (fact.checkpoint for fact in line.facts if isinstance(fact, CheckpointRecorded))
    return [point for point in points if point.name == name]


# --- decoct for water ---


def test_the_herb_whose_liquid_is_the_water_boils_first_and_is_strained_before_the_rest_goes_in() -> None:
    line = PureLine.ready()
    begin(line, items=items_with(FOR_WATER, ("石膏", Handling.DECOCT_FIRST)))
    Crew(line).work()
    steps = [order.step for order in orders(line) if order.verb == "decoct"]
    assert steps == ["for-water", "first", "boil.1", "boil.2"]
    (strained,) = checkpoints(line, "strain")
    assert strained.attested
    assert strained.by == badge("operator")
    assert len(checkpoints(line, "for-water.minutes")) == 1
    assert not line.floor.cases


def test_the_pail_stays_in_use_until_the_last_of_it_is_in() -> None:
    line = PureLine.ready()
    case = begin(line, items=items_with(FOR_WATER))
    work_to(line, Stage.MAIN_WAITS, case)
    pail = batch_of(line, case).pail
    assert [task.kind for task in line.tasks() if task.batch] == ["strain"]
    assert pail in line.floor.codes
    work_to(line, Stage.BOILING, case)
    assert pail not in line.floor.codes


# --- the hopper ---


def test_a_hopper_is_loaded_before_the_boil_and_drops_the_late_herbs_in_the_middle_of_the_window() -> None:
    line = PureLine.ready(pot=PotKind.HOPPER, hopper=True)
    begin(line, items=items_with(LATE))
    Crew(line).work()
    boils = {order.step: order for order in orders(line, "decoct")}
    assert boils["boil.1"].parameters["late_s"] == 450
    assert "late_s" not in boils["boil.2"].parameters
    loaded = next(fact for fact in line.facts if isinstance(fact, HopperLoaded))
    assert loaded.at <= boils["boil.1"].at
    added = next(fact for fact in line.facts if isinstance(fact, LateAdded))
    assert added.by == loaded.pot
    (window,) = checkpoints(line, "late.window")
    assert (window.verdict, window.attested) == (Verdict.PASSED, False)
    assert window.value == pytest.approx(7.5, abs=0.1)
    assert not line.tasks("add-late")
    assert not line.floor.cases


def test_the_boil_waits_for_the_hopper_and_a_packet_is_taken_once() -> None:
    line = PureLine.ready(pot=PotKind.HOPPER, hopper=True)
    case = begin(line, items=items_with(LATE))
    work_to(line, Stage.BOILING, case, idle=frozenset({"load-hopper"}))
    line.run(30)
    batch = batch_of(line, case)
    assert not orders(line, "decoct")
    (task,) = line.tasks("load-hopper")
    line.must_scan(task.code, task.into, "operator")
    assert [order.step for order in orders(line, "decoct")] == ["boil.1"]
    assert line.refused(i.ScanCode(task.code, task.into, badge("operator"), "st")) == "already-done"
    assert batch_of(line, case).loaded_at == line.now
    assert batch.stage is Stage.BOILING


def test_a_hopper_that_never_opens_holds_the_batch_before_its_drain() -> None:
    line = PureLine.ready(pot=PotKind.HOPPER, hopper=True)
    case = begin(line, items=items_with(LATE))
    work_to(line, Stage.BOILING, case)
    Crew(line).work(until="BoilBegan")
    line.jam_hoppers()
    line.run(60)
    assert [hold.reason for hold in batch_of(line, case).holds] == ["late-missed"]
    assert line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    assert not orders(line, "drain")
    assert checkpoints(line, "late.window")[-1].verdict is Verdict.FAILED


def test_a_hopper_that_opens_too_early_is_a_missed_window() -> None:
    line = PureLine.ready(pot=PotKind.HOPPER, hopper=True)
    case = begin(line, items=items_with(LATE))
    work_to(line, Stage.BOILING, case)
    Crew(line).work(until="BoilBegan")
    pot = batch_of(line, case).pot
    line.machines[pot].hopper_open = True
    line.report(pot)
    assert [hold.reason for hold in batch_of(line, case).holds] == ["late-missed"]
    assert line.floor.alarms[f"batch-held:{batch_of(line, case).id}"].active
    assert checkpoints(line, "late.window")[-1].value == pytest.approx(25, abs=0.5)


def test_a_hopper_seen_open_only_after_the_window_is_the_machines_word() -> None:
    line = PureLine.ready(pot=PotKind.HOPPER, hopper=True)
    case = begin(line, items=items_with(LATE))
    work_to(line, Stage.BOILING, case)
    Crew(line).work(until="BoilBegan")
    pot = batch_of(line, case).pot
    line.jam_hoppers()
    line.run(23)
    line.machines[pot].hopper_open = True
    line.report(pot)
    window = checkpoints(line, "late.window")[-1]
    assert (window.verdict, window.attested, window.value) == (Verdict.PASSED, True, 7.5)


# --- concentrating ---


def test_a_concentrating_pot_draws_more_and_boils_it_down_before_the_packer() -> None:
    line = PureLine.ready(pot=PotKind.CONCENTRATING, metered=True)
    begin(line)
    Crew(line).work()
    assert [order.step for order in orders(line) if order.verb in ("drain", "concentrate")] == [
        "drain.1", "drain.2", "concentrate", "drain.pack",
    ]  # fmt: skip
    drains = {order.step: order.parameters["to_packer"] for order in orders(line, "drain")}
    assert drains == {"drain.1": 0, "drain.2": 0, "drain.pack": 1}
    (combined,) = checkpoints(line, "liquid.volume")
    (down,) = checkpoints(line, "concentrate.volume")
    assert combined.value is not None
    assert down.value is not None
    assert combined.value > 14 * 200 * 1.5 > down.value >= 14 * 200
    assert not line.floor.cases


def test_liquid_that_was_boiled_down_too_far_waits_for_a_signature() -> None:
    line = PureLine.ready(pot=PotKind.CONCENTRATING, metered=True)
    case = begin(line)
    work_to(line, Stage.COLLECTED, case)
    pot = batch_of(line, case).pot
    machine = line.machines[pot]
    machine.status, machine.value = OrderStatus.FINISHED, 14 * 200 - 1
    line.report(pot)
    batch = batch_of(line, case)
    assert [(hold.reason, hold.choices[0]) for hold in batch.holds] == [("volume-off", "accept_deviation")]
    assert [point.verdict for point in checkpoints(line, "concentrate.volume")] == [Verdict.FAILED]
    line.run(60)
    assert batch_of(line, case).stage is Stage.CONCENTRATED
    line.must(i.AcceptDeviation(batch.id, "volume-off", badge("reviewer"), "st", "少一毫升"))
    assert checkpoints(line, "concentrate.volume")[-1].verdict is Verdict.DEVIATION
    assert [deviation.accepted_by for deviation in batch_of(line, case).deviations] == [badge("reviewer")]
    Crew(line).work()
    assert not line.floor.cases


def test_liquid_that_is_little_enough_is_not_concentrated() -> None:
    line = PureLine.ready(pot=PotKind.CONCENTRATING, metered=True)
    case = begin(line)
    work_to(line, Stage.COLLECTED, case)
    plan = batch_of(line, case).plan
    assert plan.concentrate_ml == 14 * 200 * 1.05 + RECIPES.dead_volume_ml
    assert plan.kinds == (PotKind.CONCENTRATING,)


# --- pressure ---


def test_only_what_goes_in_all_at_once_is_cooked_under_pressure() -> None:
    sealed = plan_on(PotKind.SEALED)
    assert isinstance(sealed, Plan)
    assert [(boil.name, boil.minutes) for boil in sealed.boils] == [("boil.1", 10), ("boil.2", 10)]
    for handling in ("add-late", "decoct-first", "decoct-for-water"):
        refused = plan_on(PotKind.SEALED, ("桂枝", 9), ("白芍", 9), ("薄荷", 6, handling))
        assert isinstance(refused, NotMadeHere)
        assert refused.reason == "no-machine-of-kind"
    releasing = plan_on(PotKind.SEALED, recipe_class=RecipeClass.EXTERIOR_RELEASING)
    assert isinstance(releasing, NotMadeHere)


def test_a_plan_for_open_pots_never_goes_to_a_sealed_one() -> None:
    line = PureLine.ready()
    pots = {key: unit for key, unit in line.book.machines.items() if unit.kind == "decoction"}
    sealed = {key: replace(unit, pot=PotKind.SEALED) for key, unit in list(pots.items())[:4]}
    book = replace(line.book, machines={**line.book.machines, **sealed})
    line.book = replace(book, pot_classes=planned_classes(book.machines))
    line.must(i.EnrolStock((), (), tuple((key, "decoction") for key in sealed)))
    begin(line, items=items_with(LATE), doses=14)
    Crew(line).work(until="SoakAssigned")
    assigned = next(fact for fact in line.facts if isinstance(fact, SoakAssigned))
    assert assigned.pot in pots.keys() - sealed.keys()


def test_a_pot_whose_profile_changed_is_found_under_its_new_kind() -> None:
    line = PureLine.ready(1)
    (pot,) = (key for key, unit in line.book.machines.items() if unit.kind == "decoction")
    old = line.floor.machines[pot].pot_class
    unit = replace(line.book.machines[pot], pot=PotKind.CIRCULATING)
    line.book = replace(line.book, machines={**line.book.machines, pot: unit})
    line.must(i.EnrolStock((), (), ((pot, "decoction"),)))
    assert old not in line.floor.open_pots
    assert [key for _, key in line.floor.open_pots[f"{old}/circulating"]] == [pot]


# --- volumes ---


def test_the_combined_liquid_is_recorded_against_the_pouches() -> None:
    line = PureLine.ready(metered=True)
    begin(line)
    Crew(line).work()
    (liquid,) = checkpoints(line, "liquid.volume")
    assert (liquid.low, liquid.unit) == (2800.0, "mL")
    assert liquid.value is not None
    assert liquid.value >= 2800
    assert liquid.evidence.count("mL") == 2


def test_a_decoction_that_left_too_little_holds_the_batch_and_a_pharmacist_may_take_it_on() -> None:
    line = PureLine.ready(metered=True)
    case = begin(line)
    line.spilt_ml = 900
    crew = Crew(line)
    crew.work(until="HoldPlaced")
    batch = batch_of(line, case)
    assert [(hold.reason, batch.boil) for hold in batch.holds] == [("volume-off", 1)]
    line.spilt_ml = 0
    line.must(i.AcceptDeviation(batch.id, "volume-off", badge("reviewer"), "st", "管路残留"))
    assert checkpoints(line, "liquid.volume")[-1].verdict is Verdict.DEVIATION
    assert batch_of(line, case).holds == ()


def test_a_machine_without_a_meter_is_not_judged_by_what_it_does_not_say() -> None:
    line = PureLine.ready()
    begin(line)
    Crew(line).work()
    assert checkpoints(line, "liquid.volume") == []


# --- what the recipe settles beside the pot ---


def test_what_was_planned_stays_when_the_table_changes() -> None:
    line = PureLine.ready()
    case = begin(line)
    Crew(line).work(until="BatchOpened")
    line.book = replace(line.book, recipes=replace(RECIPES, version="2027-1", soak_minutes=60, content="other"))
    Crew(line).work(until="SoakEnded")
    plan = batch_of(line, case).plan
    assert (plan.recipe_version, plan.recipe_digest, plan.soak_minutes) == (RECIPES.version, RECIPES.digest, 30)
    assert orders(line, "soak")[0].parameters["soak_s"] == 30 * 60


def test_urgent_is_promised_two_hours_after_receipt_not_after_the_first_boil() -> None:
    line = PureLine.ready()
    case = begin(line, urgency=Urgency.URGENT)
    assert line.floor.cases[case].promised_at == line.now + 120 * MINUTE
    Crew(line).work(until="BatchOpened")
    assert any(isinstance(fact, ReviewSigned) for fact in line.facts)
    boil = next(one for one in batch_of(line, case).plan.settings if one.name == "boil_minutes")
    assert (boil.values, boil.layer) == ((25.0,), "prescription")


def test_a_plan_says_which_layer_set_each_number() -> None:
    plan = plan_on(PotKind.SEALED, recipe_class=RecipeClass.TONIC)
    assert isinstance(plan, Plan)
    layers = {one.name: (one.values, one.layer) for one in plan.settings}
    assert layers["boil_minutes"] == ((20.0, 15.0), "classes.tonic.kinds.sealed")
    assert layers["evaporation_ml_per_min"] == ((4.0,), "kinds.sealed")
    assert layers["soak_minutes"] == ((30.0,), "general")
    first = plan_on(PotKind.OPEN, ("附子", 9, "decoct-first"), ("桂枝", 9))
    assert isinstance(first, Plan)
    assert {one.name: one.layer for one in first.settings}["first_minutes"] == "prescription"


def test_pots_with_the_same_numbers_share_a_plan_and_others_do_not() -> None:
    pots = tuple(PotClass("internal", 800, 20000, kind) for kind in PotKind)
    plan = make_plan(medicine.prescription(), medicine.FORMULARY, RECIPES, pots)
    assert isinstance(plan, Plan)
    assert plan.kinds == (PotKind.OPEN, PotKind.CIRCULATING, PotKind.HOPPER)
