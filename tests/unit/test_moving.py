"""A batch whose pot cannot go on is carried to another: signed, bound twice, and boiled for what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model import intents as i
from controller.model.batch import Choice, Stage
from controller.model.facts import OrderIssued, PotEmptied
from controller.model.plan import Boil
from controller.model.prescription import Handling
from controller.render.fold import record_of
from devices.model import LinkState, OrderStatus, Unknown
from tests.pure_line import MINUTE, Crew, PureLine, badge
from tests.unit.test_pipeline_life import batch_of, begin, items_with, work_to
from tests.unit.test_render_record import sheet, stored

WHO = badge("reviewer")


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


def boiling(line: PureLine, minutes: float = 20) -> tuple[str, str]:
    """A batch that has boiled for ten of these minutes, and its pot, which then goes dark."""
    case = begin(line)
    work_to(line, Stage.BOILING, case)
    line.run(minutes)
    pot = batch_of(line, case).pot
    line.report(pot)
    line.must(i.ReportLink(pot, LinkState.STALE))
    return case, pot


def steps_of(line: PureLine, machine: str) -> list[str]:
    return [fact.step for fact in line.facts if isinstance(fact, OrderIssued) and fact.machine == machine]


def test_a_dead_pot_gives_its_batch_to_another_that_boils_only_what_is_missing(line: PureLine) -> None:
    case, dead = boiling(line)
    batch = batch_of(line, case)
    assert [hold.choices for hold in batch.holds] == [(Choice.MIGRATE, Choice.SCRAP)]
    line.must(i.Migrate(batch.id, WHO, "st", "锅已断电，药液尚热"))
    assert (batch_of(line, case).stage, batch_of(line, case).held) == (Stage.MOVING, False)
    (task,) = line.tasks("empty-pot")
    line.must_scan(task.codes[0], task.into, "operator")
    batch = batch_of(line, case)
    assert batch.stage is Stage.CARRIED
    assert batch.pot not in ("", dead)
    (task,) = line.tasks("charge")
    line.must_scan(task.code, task.into, "operator")
    assert steps_of(line, batch.pot) == ["charge.2"]
    line.machines[dead].order = None  # what it does in the dark counts for nothing
    Crew(line).work()
    assert steps_of(line, batch.pot)[:3] == ["charge.2", "boil.1.deficit.1", "drain.1"]
    deficit = next(f for f in line.facts if isinstance(f, OrderIssued) and f.step == "boil.1.deficit.1")
    full_s = next(f for f in line.facts if isinstance(f, OrderIssued) and f.step == "boil.1").parameters["hold_s"]
    assert full_s - deficit.parameters["hold_s"] == 10 * 60
    starts = [start for machine in line.machines.values() for start in machine.starts]
    assert len(starts) == len(set(starts))


def test_the_record_tells_who_moved_it_and_closes_the_orders_of_both_pots(line: PureLine) -> None:
    case, dead = boiling(line)
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    work_to(line, Stage.CHARGED, case)
    line.must(i.ReportLink(dead, LinkState.FRESH))
    line.report(dead)
    Crew(line).work()
    record = record_of(stored(line, case), sheet())
    assert [(one["act"], one["note"]) for one in record["signatures"] if one["act"] == "migrate"] == [
        ("migrate", f"{dead}: 锅坏")
    ]
    orders = {(order["machine"], order["step"]): order["outcome"] for order in record["batches"][0]["orders"]}
    assert orders[dead, "boil.1"] == "abandoned"
    steps = ("soak", "charge.2", "boil.", "drain.", "water.", "pack")
    assert {end for (unit, step), end in orders.items() if unit != dead and step.startswith(steps)} == {"finished"}
    assert len({machine for machine, step in orders if step.startswith("charge")}) == 2


def test_what_was_boiled_away_is_not_told_to_the_other_pot(line: PureLine) -> None:
    case, _ = boiling(line)
    first = next(f for f in line.facts if isinstance(f, OrderIssued) and f.step == "charge")
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    work_to(line, Stage.CHARGED, case)
    again = next(f for f in line.facts if isinstance(f, OrderIssued) and f.step == "charge.2")
    steam_ml = 10 * batch_of(line, case).plan.setting("evaporation_ml_per_min")
    assert steam_ml
    assert first.parameters["load_ml"] - again.parameters["load_ml"] == pytest.approx(steam_ml, abs=1)


def test_the_pot_that_was_given_up_is_stopped_when_it_is_back_and_rinsed_only_when_it_is_empty(line: PureLine) -> None:
    case, pot = boiling(line)
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    line.must(i.ReportLink(pot, LinkState.FRESH))
    line.report(pot)
    assert steps_of(line, pot)[-1].startswith("stop.")
    line.run(2)
    assert not any(step.startswith("rinse") for step in steps_of(line, pot))
    assert not batch_of(line, case).held
    (task,) = line.tasks("empty-pot")
    line.must_scan(task.codes[0], task.into, "operator")
    line.run(30)
    assert "rinse.moved.1.1" in steps_of(line, pot)
    assert line.floor.machines[pot].clean


def test_only_a_free_pail_empties_the_pot_and_only_the_pot_that_is_given_up(line: PureLine) -> None:
    case, pot = boiling(line)
    vessel, other = (line.book.machines[name].code for name in (pot, "pot-06"))
    free = next(pail for pail in sorted(line.book.pails) if pail not in line.floor.codes)
    assert line.refused(i.ScanCode(free, vessel, badge("operator"), "st")) == "pail-unbound"
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    assert line.refused(i.ScanCode(free, other, badge("operator"), "st")) == "pail-unbound"
    assert line.refused(i.ScanCode(free, vessel, badge("packer"), "st")) == "role-missing"
    line.must_scan(free, vessel, "operator")
    assert line.refused(i.ScanCode(free, vessel, badge("operator"), "st")) == "wrong-pot"
    assert sum(isinstance(fact, PotEmptied) for fact in line.facts) == 1


def test_no_batch_leaves_a_pot_that_is_at_work_or_where_no_other_is_free(line: PureLine) -> None:
    case, pot = boiling(line)
    batch = batch_of(line, case)
    assert line.refused(i.Migrate(batch.id, WHO, "st", "")) == "reason-missing"
    others = [name for name, unit in line.book.machines.items() if unit.kind == "decoction" and name != pot]
    for name in others:
        line.must(i.ReportLink(name, LinkState.STALE))
    assert line.refused(i.Migrate(batch.id, WHO, "st", "锅坏")) == "no-pot-free"
    for name in others:
        line.must(i.ReportLink(name, LinkState.FRESH))
    line.must(i.ReportLink(pot, LinkState.FRESH))
    assert line.refused(i.Migrate(batch.id, WHO, "st", "锅坏")) == "choice-not-offered"
    machine = line.machines[pot]
    machine.boot = 2
    line.report(pot)  # woke and goes on with the order: it is held, and still at work
    assert Choice.MIGRATE in batch_of(line, case).holds[0].choices
    assert line.refused(i.Migrate(batch.id, WHO, "st", "锅坏")) == "machine-not-ready"


def test_a_pot_that_is_lost_before_the_pail_arrives_is_replaced(line: PureLine) -> None:
    case, _ = boiling(line)
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    (task,) = line.tasks("empty-pot")
    line.must_scan(task.codes[0], task.into, "operator")
    second = batch_of(line, case).pot
    line.must(i.ReportLink(second, LinkState.STALE))
    assert batch_of(line, case).pot not in ("", second)
    Crew(line, idle=frozenset({"hold"})).work()


def test_the_window_for_late_herbs_opens_anew_in_the_other_pot(line: PureLine) -> None:
    case = begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    work_to(line, Stage.BOILING, case)
    line.run(12)
    pot = batch_of(line, case).pot
    line.must(i.ReportLink(pot, LinkState.STALE))
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    assert not line.tasks("add-late")
    Crew(line).work(until="LateAdded")
    assert batch_of(line, case).late_at


def test_nothing_moves_while_herbs_are_still_to_follow_or_liquid_was_poured_off(line: PureLine) -> None:
    case = begin(line, items=items_with(("石膏", Handling.DECOCT_FIRST)))
    work_to(line, Stage.BOILING, case)
    batch = batch_of(line, case)
    assert batch.present_boil == Boil("first", batch.present_boil.minutes, 0)
    line.must(i.ReportLink(batch.pot, LinkState.STALE))
    assert batch_of(line, case).holds[0].choices == (Choice.SCRAP,)
    line.must(i.ReportLink(batch.pot, LinkState.FRESH))
    Crew(line).work(until="MainAdded")
    work_to(line, Stage.BOILED, case)
    while batch_of(line, case).present_boil.name != "boil.2":
        line.run(1)
    line.must(i.ReportLink(batch.pot, LinkState.STALE))
    assert batch_of(line, case).holds[0].choices == (Choice.SCRAP,)


@pytest.mark.parametrize("speed", [1, 60])
def test_a_lost_link_asks_for_a_signature_only_after_its_time_to_respond_by_the_wall(
    line: PureLine, speed: int
) -> None:
    line.book = replace(line.book, speed=speed)
    case, pot = boiling(line)
    wait_ms = line.book.alarms.rules["link-stale"].respond_minutes * MINUTE * speed
    line.now += wait_ms - 1
    assert not line.tasks("hold")
    line.now += 1
    (task,) = line.tasks("hold")
    assert (task.case, task.choices, task.details["machine"]) == (case, (Choice.MIGRATE, Choice.SCRAP), pot)


def test_the_doubt_about_an_order_ends_with_the_pot_it_was_sent_to(line: PureLine) -> None:
    case = begin(line)
    work_to(line, Stage.CHARGED, case)
    pot = batch_of(line, case).pot
    pending = line.floor.machines[pot].pending
    assert pending is not None
    line.must(i.ReportOrder(pot, Unknown(pending.number, "no answer")))
    line.must(i.ReportLink(pot, LinkState.STALE))
    line.must(i.Migrate(batch_of(line, case).id, WHO, "st", "锅坏"))
    assert line.floor.machines[pot].pending is None
    assert f"unknown:{pot}" not in line.floor.alarms or not line.floor.alarms[f"unknown:{pot}"].active
    line.machines[pot].status = OrderStatus.NONE
    Crew(line).work()
    assert "boil.1" in [fact.step for fact in line.facts if isinstance(fact, OrderIssued)]
