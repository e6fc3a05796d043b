"""A step that the medicine can do without is left out with a signature; the pouches, the record and the release say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model import intents as i
from controller.model.batch import Batch, Choice, Stage
from controller.model.checkpoint import Verdict
from controller.model.facts import OrderIssued, StepSkipped
from controller.model.people import Role
from controller.model.recipe import PotKind
from controller.render.fold import record_of
from devices.model import OrderStatus, RefusedReason, State, Unknown
from tests.pure_line import Crew, PureLine, badge
from tests.unit.test_pipeline_life import batch_of, begin, work_to
from tests.unit.test_recipe_features import checkpoints, orders
from tests.unit.test_render_record import sheet, stored

HEATER_FAILED, DRY_BOIL = 7, 1


def concentrating(line: PureLine, **changes: object) -> tuple[str, str]:
    """A batch whose pot boils its liquid down, and the pot."""
    case = begin(line, **changes)
    work_to(line, Stage.COLLECTED, case)
    pot = batch_of(line, case).pot
    order = line.floor.machines[pot].pending
    assert order is not None
    assert order.verb == "concentrate"
    return case, pot


def failed(line: PureLine, pot: str, fault: int = HEATER_FAILED) -> None:
    line.machines[pot].status = OrderStatus.FAILED
    line.report(pot, fault=fault)


def skip(batch: Batch, who: str = "reviewer", note: str = "浓缩加热器坏") -> i.Skip:
    return i.Skip(batch.id, badge(who), "st", note)


def offered(line: PureLine, case: str) -> list[tuple[str, tuple[Choice, ...]]]:
    return [(hold.reason, hold.choices) for hold in batch_of(line, case).holds]


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready(pot=PotKind.CONCENTRATING, metered=True)


def test_what_cannot_be_concentrated_is_packed_whole_and_each_pouch_has_its_part_of_the_medicine(
    line: PureLine,
) -> None:
    case, pot = concentrating(line)
    failed(line, pot)
    assert offered(line, case) == [("fault", ("continue", "skip", "scrap"))]
    (task,) = line.tasks("hold")
    line.must(skip(batch_of(line, case)))
    line.report(pot)
    Crew(line).work()
    assert not line.floor.cases
    (stop,) = (order.step for order in orders(line, "stop"))
    assert [order.step for order in orders(line) if order.machine == pot][-4:-1] == ["concentrate", stop, "drain.pack"]
    (pack,) = orders(line, "pack")
    plan = next(fact.plan for fact in line.facts if hasattr(fact, "plan"))
    moved_ml = line.machines[pot].sent_ml
    part = pack.parameters["fill_ml"] / moved_ml
    assert part == pytest.approx(plan.fill_ml / plan.concentrate_ml, abs=1 / moved_ml)
    assert plan.fill_ml < pack.parameters["fill_ml"] == task.details["pouch_ml"] <= 300
    assert pack.parameters["count"] == plan.bags
    assert pack.parameters["fill_ml"] * plan.bags <= moved_ml


def test_checkpoints_and_record_tell_that_it_was_left_out_and_who_signed(line: PureLine) -> None:
    case, pot = concentrating(line)
    failed(line, pot)
    line.must(skip(batch_of(line, case)))
    (deviation,) = batch_of(line, case).deviations
    assert (deviation.reason, deviation.note, deviation.accepted_by) == (
        "skipped-concentrate", "浓缩加热器坏", badge("reviewer"),
    )  # fmt: skip
    line.report(pot)
    Crew(line).work()
    (left_out,) = checkpoints(line, "concentrate.volume")
    assert (left_out.verdict, left_out.value, left_out.by) == (Verdict.DEVIATION, None, badge("reviewer"))
    (pouch,) = checkpoints(line, "pouch.volume")
    assert (pouch.verdict, pouch.low, pouch.high, pouch.by) == (
        Verdict.DEVIATION,
        200.0,
        300.0,
        orders(line, "pack")[0].machine,
    )
    assert pouch.value == orders(line, "pack")[0].parameters["fill_ml"]
    record = record_of(stored(line, case), sheet())
    assert [one["note"] for one in record["signatures"] if one["act"] == "skip"] == ["concentrate: 浓缩加热器坏"]
    assert [hold["choice"] for hold in record["batches"][0]["holds"]] == ["skip"]


def test_liquid_that_was_half_boiled_down_fills_the_pouches_by_what_is_left_of_it(line: PureLine) -> None:
    case, pot = concentrating(line)
    line.machines[pot].receiver_ml -= 500
    failed(line, pot)
    line.must(skip(batch_of(line, case)))
    line.report(pot)
    Crew(line).work()
    most = next(fact for fact in line.facts if isinstance(fact, StepSkipped))
    assert most.step == "concentrate"
    (pack,) = orders(line, "pack")
    (pouch,) = checkpoints(line, "pouch.volume")
    assert 200 < pack.parameters["fill_ml"] < 270
    assert f"{line.machines[pot].sent_ml} mL" in pouch.evidence


def test_a_refused_order_and_one_of_which_nobody_knows_may_be_left_out_too(line: PureLine) -> None:
    case, pot = concentrating(line)
    order = line.floor.machines[pot].pending
    assert order is not None
    line.machines[pot].order, line.machines[pot].number = None, order.number - 1
    line.report(pot, state=State.IDLE, refused_order=order.number, refused_reason=RefusedReason.PARAMETER)
    assert offered(line, case) == [("order-refused", ("continue", "skip", "scrap"))]
    line.must(i.Continue(batch_of(line, case).id, "order-refused", badge("reviewer"), "st"))
    again = line.floor.machines[pot].pending
    assert again is not None
    line.machines[pot].order, line.machines[pot].number = None, again.number - 1
    line.must(i.ReportOrder(pot, Unknown(again.number, "no answer")))
    assert offered(line, case) == [("unknown", ("retry", "skip", "assume_ok", "scrap"))]
    line.report(pot, state=State.EXECUTE)
    assert line.refused(skip(batch_of(line, case))) == "machine-not-ready"
    line.report(pot, state=State.IDLE)
    line.must(skip(batch_of(line, case)))
    assert not batch_of(line, case).held
    assert not line.floor.alarms[f"unknown:{pot}"].active
    stop = line.floor.machines[pot].pending
    assert stop is not None
    assert (stop.verb, stop.number) == ("stop", again.number + 1), "what the wire still holds finds its number used up"
    Crew(line).work()
    assert not line.floor.cases


def test_a_drain_that_only_a_person_saw_is_told_in_the_pouches_too(line: PureLine) -> None:
    case, pot = concentrating(line)
    failed(line, pot)
    line.must(skip(batch_of(line, case)))
    line.run(1.1)  # the stop that ends the fault
    order = line.floor.machines[pot].pending
    assert order is not None
    assert order.step == "drain.pack"
    line.machines[pot].order, line.machines[pot].number = None, order.number - 1
    line.must(i.ReportOrder(pot, Unknown(order.number, "no answer")))
    line.report(pot, state=State.IDLE)
    collected_ml = sum(batch_of(line, case).liquids)
    line.must(i.AssumeOk(batch_of(line, case).id, badge("reviewer"), "st", "已排空"))
    Crew(line).work()
    (pouch,) = checkpoints(line, "pouch.volume")
    assert f"{collected_ml} mL" in pouch.evidence
    assert not line.floor.cases


def test_it_takes_a_reason_and_a_pharmacist_who_did_not_operate_the_batch(line: PureLine) -> None:
    case, pot = concentrating(line)
    failed(line, pot)
    batch = batch_of(line, case)
    assert line.refused(skip(batch, note="")) == "reason-missing"
    assert line.refused(skip(batch, who="operator")) == "role-missing"
    both = replace(line.floor.people[badge("operator")], roles=(Role.OPERATOR, Role.PHARMACIST))
    line.must(i.EnrolPerson(both))
    assert line.refused(skip(batch, who="operator")) == "same-person"


def test_nothing_else_can_be_left_out(line: PureLine) -> None:
    """Whatever fails on its way, from the soak to the last drain, no other step offers it."""
    case = begin(line)
    seen: set[str] = set()
    for _ in range(2000):
        Crew(line)._once()
        for machine in list(line.floor.machines.values()):
            order = machine.pending
            if order is None or order.verb in seen or line.machines[machine.id].number < order.number:
                continue
            seen.add(order.verb)
            kept, line.machines[machine.id].status = line.floor, OrderStatus.FAILED
            line.report(machine.id, fault=HEATER_FAILED)
            batch = next(iter(line.floor.batches.values()))
            assert (order.verb == "concentrate") == any(Choice.SKIP in hold.choices for hold in batch.holds), order.verb
            line.floor, line.machines[machine.id].status = kept, OrderStatus.RUNNING
        if not line.floor.cases:
            break
        line.run(1)
    assert seen == {"soak", "charge", "water", "decoct", "drain", "concentrate", "pack", "rinse", "flush"}
    assert case not in line.floor.cases


def test_it_is_not_offered_where_the_pouches_are_too_small_or_nobody_measured_the_liquid() -> None:
    large = PureLine.ready(pot=PotKind.CONCENTRATING, metered=True)
    case, pot = concentrating(large, serving_ml=250)
    failed(large, pot)
    assert offered(large, case) == [("fault", ("continue", "scrap"))]
    blind = PureLine.ready(pot=PotKind.CONCENTRATING)
    case, pot = concentrating(blind)
    failed(blind, pot)
    assert offered(blind, case) == [("fault", ("continue", "scrap"))]


def test_liquid_that_is_no_medicine_any_more_is_not_packed_either(line: PureLine) -> None:
    case, pot = concentrating(line)
    line.book = replace(line.book, spoiling={pot: frozenset({DRY_BOIL})})
    failed(line, pot, fault=DRY_BOIL)
    assert offered(line, case) == [("fault", ("scrap",))]


def test_a_batch_that_went_on_by_itself_has_nothing_left_out(line: PureLine) -> None:
    case, _ = concentrating(line)
    assert line.refused(skip(batch_of(line, case))) == "choice-not-offered"
    Crew(line).work()
    assert not [fact for fact in line.facts if isinstance(fact, StepSkipped)]
    (pack,) = [fact for fact in line.facts if isinstance(fact, OrderIssued) and fact.verb == "pack"]
    assert pack.parameters["fill_ml"] == 200
