"""A machine whose profile has not passed level command is read and alarmed like any other, and never asked for anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model import facts as f
from controller.model import intents as i
from controller.model.batch import Cause, Choice, Stage
from controller.model.world import planned_classes
from controller.pipeline.decide.intake import in_danger
from devices.model import LinkState, OrderStatus
from tests.pure_line import MINUTE, Crew, PureLine, badge, prescription
from tests.unit.test_pipeline_life import batch_of, begin, work_to

WHO = badge("reviewer")


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


def restarted(line: PureLine, *, monitor_only: bool, machines: tuple[str, ...]) -> None:
    """The controller starts again, with other profiles for these machines."""
    changed = {name: replace(line.book.machines[name], monitor_only=monitor_only) for name in machines}
    units = {**line.book.machines, **changed}
    line.book = replace(line.book, machines=units, pot_classes=planned_classes(units))
    line.must(i.EnrolStock((), (), tuple((unit.id, unit.kind) for unit in units.values())))


def orders_for(line: PureLine, machine: str) -> list[str]:
    return [fact.step for fact in line.facts if isinstance(fact, f.OrderIssued) and fact.machine == machine]


def test_planning_never_finds_it_and_what_it_says_is_alarmed_like_anything_else(line: PureLine) -> None:
    restarted(line, monitor_only=True, machines=("pot-01", "pot-03", "pot-05", "soak-1", "soak-2", "soak-3"))
    for number in range(3):
        line.must(i.ReceivePrescription(prescription(prescription_no=f"N{number}"), "d"))
    Crew(line).work()
    assert {fact.pot for fact in line.facts if isinstance(fact, f.SoakAssigned)} == {"pot-02", "pot-04", "pot-06"}
    assert [orders_for(line, name) for name in ("pot-01", "pot-03", "pot-05", "soak-1", "soak-2")] == [[]] * 5
    line.report("pot-01", fault=3)
    line.must(i.ReportLink("soak-1", LinkState.STALE))
    assert {"fault:pot-01", "link-stale:soak-1"} <= set(line.floor.alarms)


def test_no_batch_is_planned_for_a_pot_whose_packer_takes_no_orders(line: PureLine) -> None:
    restarted(line, monitor_only=True, machines=("pack-2",))
    case = begin(line)
    Crew(line).work(until="SoakAssigned")
    assert line.book.machines[batch_of(line, case).pot].packer == "pack-1"
    assert {line.book.machines[pot].packer for agenda in line.floor.open_pots.values() for _, pot in agenda} == {
        "pack-1",
        "pack-2",
    }, "such a pot is free, and no class of the plan finds it"


def test_what_only_waited_for_it_goes_elsewhere(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.SOAK_ASSIGNED, case)
    position = batch_of(line, case).soak_machine
    restarted(line, monitor_only=True, machines=(position,))
    assert batch_of(line, case).soak_machine not in ("", position)
    reserved = batch_of(line, case).pot
    restarted(line, monitor_only=True, machines=(reserved,))
    assert batch_of(line, case).pot not in ("", reserved)
    second = batch_of(line, case).pot
    restarted(line, monitor_only=False, machines=(reserved,))
    restarted(line, monitor_only=True, machines=(line.book.machines[second].packer,))
    assert batch_of(line, case).pot not in ("", second), "it could be boiled there and never be packed"


def test_a_promise_is_judged_by_the_pots_that_take_work(line: PureLine) -> None:
    for number in range(12):
        line.must(i.ReceivePrescription(prescription(prescription_no=f"N{number}"), "d"))
    crew = Crew(line, idle=frozenset({"place-pail"}))
    while crew._once():
        pass
    assert len(line.floor.to_soak) == 8
    plan = next(iter(line.floor.batches.values())).plan
    by_six_pots = line.now + round((plan.estimate_minutes + 8 / 6 * plan.pot_minutes + 1) * MINUTE)
    assert not in_danger(line.floor, plan, by_six_pots, line.world())
    restarted(line, monitor_only=True, machines=("pot-01",))
    assert in_danger(line.floor, plan, by_six_pots, line.world())


def test_a_boil_under_way_goes_on_by_itself_and_nothing_follows_until_it_takes_orders_again(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(15)
    pot = batch_of(line, case).pot
    restarted(line, monitor_only=True, machines=(pot,))
    (hold,) = batch_of(line, case).holds
    assert (hold.reason, hold.cause) == (f"monitor-only.{pot}", Cause.MACHINE)
    assert hold.choices == (Choice.MIGRATE, Choice.SCRAP)
    assert f"batch-held:{batch_of(line, case).id}" in line.floor.alarms
    before = orders_for(line, pot)
    line.run(90)
    assert line.machines[pot].status is OrderStatus.FINISHED
    assert batch_of(line, case).stage is Stage.BOILED
    assert orders_for(line, pot) == before
    restarted(line, monitor_only=False, machines=(pot,))
    assert not batch_of(line, case).held
    Crew(line).work()
    assert line.kinds()[-1] == "DeliveryConfirmed"


def test_its_batch_is_carried_to_another_pot_or_scrapped_and_it_stays_as_it_was_left(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(15)
    pot = batch_of(line, case).pot
    restarted(line, monitor_only=True, machines=(pot,))
    before = orders_for(line, pot)
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "换锅"))
    Crew(line).work()
    assert line.kinds()[-1] == "DeliveryConfirmed"
    assert orders_for(line, pot) == before
    left = line.floor.machines[pot]
    assert (left.clean, left.takes_work) == (False, False)
    restarted(line, monitor_only=False, machines=(pot,))
    assert orders_for(line, pot)[len(before) :] != []
    line.run(30)
    assert line.floor.machines[pot].clean


def test_what_is_in_its_packer_can_only_be_scrapped(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.PACKING, case)
    packer = batch_of(line, case).packer
    restarted(line, monitor_only=True, machines=(packer,))
    (hold,) = batch_of(line, case).holds
    assert hold.choices == (Choice.SCRAP,)
    before = orders_for(line, packer)
    line.must(i.Scrap(batch_of(line, case).id, WHO, "st", "包装机停用"))
    line.run(60)
    assert orders_for(line, packer) == before
