"""Pots and soaking places that people work by hand, on the pure line: scans, a timer, and somebody else who takes it on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from controller.model import facts as f
from controller.model import intents as i
from controller.model.batch import Batch, Stage
from controller.model.checkpoint import Verdict
from controller.model.people import Person, Role
from controller.model.prescription import Handling
from tests.pure_line import MINUTE, Crew, PureLine, badge, book, prescription
from tests.unit.test_pipeline_life import items_with

if TYPE_CHECKING:
    from controller.model.checkpoint import Checkpoint
    from controller.model.world import Book
    from devices.model import Order


def hand_book() -> Book:
    """The books of a site with one pot on a stove and one table for pails; packers are machines."""
    known = book(1)
    units = {
        key: replace(unit, by_hand=True, names_orders=False) if unit.kind in ("decoction", "soaking") else unit
        for key, unit in known.machines.items()
        if key not in ("soak-2", "soak-3", "soak-4")
    }
    grace_s = {**known.grace_s, "pot-01": 0.0, "soak-1": 0.0}
    return replace(known, machines=units, grace_s=grace_s)


@dataclass
class HandLine(PureLine):
    """A line of which nobody can ask pot and soaking place anything."""

    book: Book = field(default_factory=hand_book)

    @classmethod
    def with_people(cls) -> HandLine:
        """As `PureLine.ready`; what is worked by hand has no link."""
        line, model = cls(), PureLine.ready(1)
        line.machines = model.machines
        for fact in model.facts:
            by_hand = isinstance(fact, f.MachineEnrolled) and line.book.machines.get(fact.machine)
            if getattr(fact, "machine", "") not in ("soak-2", "soak-3", "soak-4"):
                line.facts.append(replace(fact, by_hand=by_hand.by_hand) if by_hand else fact)
        from controller.pipeline import evolve  # noqa: PLC0415 - only here facts are folded by hand

        for fact in line.facts:
            if not (isinstance(fact, f.MachineLinked | f.MachineObserved) and line.is_by_hand(fact.machine)):
                line.floor = evolve(line.floor, fact)
        return line

    def is_by_hand(self, machine: str) -> bool:
        return self.book.machines[machine].by_hand

    def _take(self, order: Order) -> None:
        if not self.is_by_hand(order.machine):
            super()._take(order)


class Hands(Crew):
    """A crew that also works by hand: one person at the pot, another signs."""

    def _act(self, task: Any) -> bool:
        line = self.line
        match task.kind:
            case "begin-by-hand" | "end-by-hand" | "do-by-hand" if task.opens_at <= line.now:
                line.must_scan(task.code, task.into, "operator")
            case "hold" if "accept_deviation" in task.choices:
                reason = str(task.details["reason"])
                line.must(i.AcceptDeviation(task.batch, reason, badge("reviewer"), "st", "看过记录"))
            case _:
                return super()._act(task)
        return True


@pytest.fixture
def line() -> HandLine:
    return HandLine.with_people()


def begin(line: PureLine, **changes: object) -> str:
    line.must(i.ReceivePrescription(prescription(**changes), "digest"))
    return next(iter(line.floor.cases))


def batch_of(line: PureLine) -> Batch:
    return next(iter(line.floor.batches.values()))


def work_to(line: PureLine, kind: str, step: str) -> Any:
    """Work until this is the task; return it."""
    crew = Hands(line)
    for _ in range(2000):
        found = [task for task in line.tasks(kind) if task.details["step"] == step]
        if found:
            return found[0]
        if not crew._once():
            line.run(0.5)
    raise AssertionError(step)


def points(line: PureLine, name: str) -> list[Checkpoint]:
    found = [fact.checkpoint for fact in line.facts if isinstance(fact, f.CheckpointRecorded)]
    return [point for point in found if point.name == name]


def test_a_prescription_made_by_hand_is_delivered_on_the_word_of_two_people(line: HandLine) -> None:
    begin(line)
    Hands(line).work()
    boiled = points(line, "boil.1.minutes")[0]
    assert (boiled.verdict, boiled.attested) == (Verdict.DEVIATION, True)
    assert boiled.value is not None
    assert boiled.low is not None
    assert boiled.value >= boiled.low
    assert boiled.evidence.startswith(f"attested {badge('operator')} ")
    assert boiled.by == badge("reviewer")
    words = {fact.step: (fact.by, fact.seconds) for fact in line.facts if isinstance(fact, f.OrderAttested)}
    assert {step for step, (_, seconds) in words.items() if seconds} == {"soak", "boil.1", "boil.2"}
    assert {by for by, _ in words.values()} == {badge("operator")}
    accepted = next(fact for fact in line.facts if isinstance(fact, f.DeviationAccepted))
    assert accepted.deviation.reason == "person-attested"


def test_the_second_scan_is_refused_until_the_minutes_are_over(line: HandLine) -> None:
    begin(line)
    task = work_to(line, "begin-by-hand", "boil.1")
    line.must_scan(task.code, task.into, "operator")
    required_s = batch_of(line).boils[0].required_s
    line.run(required_s / 60 - 3.5)
    refusal = line.scan(task.code, task.into, "operator").refusal
    assert refusal is not None
    assert (refusal.rule, refusal.facts["minutes"]) == ("too-soon", 4)
    (end,) = line.tasks("end-by-hand")
    assert end.opens_at == line.now + int(3.5 * MINUTE)
    line.run(3.5)
    line.must_scan(end.code, end.into, "operator")
    assert batch_of(line).boils[0].attested_s == required_s
    assert batch_of(line).stage is Stage.BOILING, "held before the drain until somebody else takes it on"


def test_who_worked_the_pot_does_not_accept_the_minutes(line: HandLine) -> None:
    begin(line)
    task = work_to(line, "begin-by-hand", "boil.1")
    assert line.scan(task.code, task.into, "packer").refusal is not None
    line.must_scan(task.code, task.into, "operator")
    assert line.floor.machines["pot-01"].begun_by == badge("operator")
    line.run(batch_of(line).boils[0].required_s / 60)
    line.must_scan(task.code, task.into, "operator")
    batch = batch_of(line)
    assert [(hold.reason, hold.choices) for hold in batch.holds] == [("person-attested", ("accept_deviation", "scrap"))]
    worked = Person(badge("operator"), "测试两职", (Role.OPERATOR, Role.PHARMACIST))
    line.must(i.EnrolPerson(worked))
    accept = i.AcceptDeviation(batch.id, "person-attested", worked.badge, "st", "看过记录")
    assert line.refused(accept) == "same-person"
    line.must(replace(accept, actor=badge("reviewer")))
    assert not batch_of(line).held


def test_a_word_about_another_pot_or_another_batch_is_refused(line: HandLine) -> None:
    case = begin(line)
    task = work_to(line, "begin-by-hand", "boil.1")
    assert line.scan(task.code, case, "operator").refusal is not None
    soaking = line.book.machines["soak-1"].code
    refusal = line.scan(soaking, task.into, "operator").refusal
    assert refusal is not None
    assert refusal.rule == "wrong-pot"


def test_the_window_of_the_late_herbs_opens_from_the_scan_that_it_boils(line: HandLine) -> None:
    begin(line, items=items_with(("薄荷", Handling.ADD_LATE)))
    task = work_to(line, "begin-by-hand", "boil.1")
    assert not line.tasks("add-late")[0:1] or not line.tasks("add-late")[0].opens_at
    line.must_scan(task.code, task.into, "operator")
    (late,) = line.tasks("add-late")
    ends_at = line.now + batch_of(line).boils[0].required_s * 1000
    assert line.now < late.opens_at < late.closes_at < ends_at
    Hands(line).work()
    assert points(line, "late.window")[0].verdict is Verdict.PASSED


def test_a_scrapped_batch_is_taken_off_the_heat_and_the_pot_rinsed_by_hand(line: HandLine) -> None:
    begin(line)
    task = work_to(line, "begin-by-hand", "boil.1")
    line.must_scan(task.code, task.into, "operator")
    line.must(i.Scrap(batch_of(line).id, badge("reviewer"), "st", "气味异常"))
    (stop,) = [one for one in line.tasks("do-by-hand") if one.details["hand"] == "stop"]
    line.must_scan(stop.code, stop.into, "operator")
    (rinse,) = [one for one in line.tasks("begin-by-hand") if one.details["hand"] == "rinse"]
    line.must_scan(rinse.code, rinse.into, "operator")
    line.run(line.book.recipes.rinse_minutes)
    line.must_scan(rinse.code, rinse.into, "operator")
    pot = line.floor.machines["pot-01"]
    assert (pot.clean, pot.batch, pot.pending) == (True, "", None)
    Hands(line).work()


def test_what_a_wire_would_hold_up_holds_up_nothing_that_is_worked_by_hand(line: HandLine) -> None:
    pot = line.floor.machines["pot-01"]
    assert pot.usable
    assert pot.link == "never"
