"""Pots that name no orders, on the pure line: followed while they are in sight, asked about by a person where they were not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from controller.model import facts as f
from controller.model import intents as i
from controller.model.batch import Batch, Stage
from controller.runtime.conclusions import Conclusions
from devices.model import Accepted, Mode, Order, OrderStatus, Quality, Reading, Snapshot, State, Unknown
from tests.pure_line import Crew, PureLine, badge, book, prescription

if TYPE_CHECKING:
    from controller.model.world import Book

POTS = tuple(key for key, unit in book().machines.items() if unit.kind == "decoction")


def quiet_book(pots: int = 6) -> Book:
    """The books of the test site; its pots name no orders."""
    known = book(pots)
    units = {
        key: replace(unit, names_orders=False) if unit.kind == "decoction" else unit
        for key, unit in known.machines.items()
    }
    return replace(known, machines=units)


@dataclass
class QuietLine(PureLine):
    """A line whose pots show state, mode, boot, counter and temperature, and nothing of an order.

    `silent`: verb of the next order whose answer is lost.
    """

    book: Book = field(default_factory=quiet_book)
    conclusions: Conclusions = field(default_factory=lambda: Conclusions(POTS))
    silent: str = ""

    @classmethod
    def with_people(cls) -> QuietLine:
        """As `PureLine.ready`."""
        line, model = cls(), PureLine.ready()
        line.floor, line.machines, line.facts = model.floor, model.machines, list(model.facts)
        return line

    def _take(self, order: Order) -> None:
        super()._take(order)
        if order.machine in POTS:
            doubtful, self.silent = self.silent == order.verb, "" if self.silent == order.verb else self.silent
            receipt = Unknown(order.number, "no answer") if doubtful else Accepted(order.number)
            self.must(i.ReportOrder(order.machine, receipt))
            self.report(order.machine)

    def report(self, name: str, **changes: Any) -> None:
        if name not in POTS:
            super().report(name, **changes)
            return
        machine = self.machines[name]
        order, running = machine.order, machine.status is OrderStatus.RUNNING
        state = State.EXECUTE if running else State.COMPLETE
        hold_s = order.parameters.get("hold_s", 0) if order else 0
        counter_s = min((self.now - machine.began_at) // 1000, hold_s) if machine.began_at else 0
        celsius = 87.0 if order is not None and order.verb == "rinse" else 99.8
        said = Snapshot(
            machine=name, at=self.now, received_s=0.0, state=changes.get("state", state),
            mode=changes.get("mode", machine.mode), boot=changes.get("boot", machine.boot), counter_s=counter_s,
            boil_began_at=machine.began_at, readings={"ActualTemperature": Reading(celsius, Quality.GOOD, self.now)},
        )  # fmt: skip
        told = self.conclusions.take(said, self.floor)
        named = {key: getattr(told, key) for key in ("order", "batch", "order_status", "order_value")}
        super().report(name, **{"state": state, **changes, **named})

    def break_off(self, pot: str) -> None:
        """Let a pot forget what it does."""
        self.machines[pot].status = OrderStatus.NONE


@pytest.fixture
def line() -> QuietLine:
    return QuietLine.with_people()


def begin(line: PureLine) -> str:
    line.must(i.ReceivePrescription(prescription(), "digest"))
    return next(iter(line.floor.cases))


def batch_of(line: PureLine) -> Batch:
    return next(iter(line.floor.batches.values()))


def work_to(line: PureLine, verb: str) -> str:
    """Work until a pot is at such an order; return the pot."""
    crew = Crew(line)
    for _ in range(2000):
        while crew._once():
            pass
        at_it = next((m for m in line.floor.machines.values() if m.pending and m.pending.verb == verb), None)
        if at_it is not None:
            return at_it.id
        line.run(0.5)
    raise AssertionError(verb)


def starts(line: PureLine) -> Counter[tuple[str, str]]:
    return Counter(start for machine in line.machines.values() for start in machine.starts)


def holds(line: PureLine) -> list[tuple[str, tuple[str, ...]]]:
    return [(hold.reason, hold.choices) for hold in batch_of(line).holds]


def test_a_prescription_is_delivered_and_its_record_says_what_was_concluded(line: QuietLine) -> None:
    begin(line)
    Crew(line).work()
    line.run(60)
    ended = {fact.step: fact.concluded for fact in line.facts if isinstance(fact, f.OrderFinished)}
    assert {ended[step] for step in ("charge", "boil.1", "drain.1", "rinse.1")} == {True}
    assert {ended[step] for step in ("soak", "pack", "flush.1")} == {False}
    assert all(fact.concluded == (fact.machine in POTS) for fact in line.facts if isinstance(fact, f.OrderAccepted))
    boiled = next(
        fact.checkpoint
        for fact in line.facts
        if isinstance(fact, f.CheckpointRecorded) and fact.checkpoint.name == "boil.1.minutes"
    )
    assert boiled.evidence.endswith("order concluded from the state of the machine")
    assert boiled.verdict == "passed"
    assert max(starts(line).values()) == 1


def test_of_a_boil_that_was_not_seen_to_its_end_the_proven_minutes_count_and_the_rest_is_boiled(
    line: QuietLine,
) -> None:
    begin(line)
    pot = work_to(line, "decoct")
    line.run(20)
    line.report(pot)
    line.break_off(pot)
    line.report(pot, state=State.IDLE)
    assert holds(line) == [("fault", ("run_deficit", "migrate", "scrap"))]
    assert line.floor.machines[pot].pending is None
    line.must(i.RunDeficit(batch_of(line).id, badge("reviewer"), "st"))
    Crew(line).work()
    assert max(starts(line).values()) == 1
    assert any(step == "boil.1.deficit.1" for _, step in starts(line))


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ({"state": State.IDLE}, {"unknown"}),
        ({"state": State.STOPPED, "boot": 2}, {"unknown"}),
        ({"state": State.STOPPED, "mode": Mode.MANUAL}, {"unknown", "mode"}),
    ],
)
def test_a_charge_that_was_not_seen_to_its_end_is_for_a_person_and_no_later_state_answers(
    line: QuietLine, said: dict[str, Any], reasons: set[str]
) -> None:
    begin(line)
    pot = work_to(line, "charge")
    line.break_off(pot)
    line.report(pot, **said)
    assert {reason for reason, _ in holds(line)} == reasons
    line.report(pot, state=State.COMPLETE)
    assert {reason for reason, _ in holds(line)} == reasons
    line.must(i.AssumeOk(batch_of(line).id, badge("reviewer"), "st", "已进水"))
    for reason in reasons - {"unknown"}:
        line.must(i.Continue(batch_of(line).id, reason, badge("reviewer"), "st"))
    assert batch_of(line).stage is Stage.BOILING


def test_a_stop_at_the_machine_is_a_failed_order_like_any_other(line: QuietLine) -> None:
    begin(line)
    pot = work_to(line, "charge")
    line.break_off(pot)
    line.report(pot, state=State.STOPPED)
    assert holds(line) == [("fault", ("continue", "migrate", "scrap"))]


def test_a_boil_in_doubt_that_a_person_saw_under_way_is_followed_and_credited_by_ourselves(line: QuietLine) -> None:
    begin(line)
    work_to(line, "charge")
    line.silent = "decoct"
    pot = work_to(line, "decoct")
    assert holds(line) == [("unknown", ("retry", "assume_ok", "scrap"))]
    batch, doubt = batch_of(line).id, f"unknown:{pot}"
    assert line.floor.alarms[doubt].active
    assert line.refused(i.Retry(batch, badge("reviewer"), "st", "未动")) == "machine-not-ready"
    line.must(i.AssumeOk(batch, badge("reviewer"), "st", "正在煎煮"))
    seen = [fact for fact in line.facts if isinstance(fact, f.OrderAccepted)][-1]
    assert (seen.by, seen.concluded) == (badge("reviewer"), True)
    Crew(line).work()
    assert max(starts(line).values()) == 1
    assert not any(isinstance(fact, f.DeficitOrdered) for fact in line.facts)


def test_of_a_boil_in_doubt_nobody_can_say_that_it_was_done(line: QuietLine) -> None:
    begin(line)
    work_to(line, "charge")
    line.silent = "decoct"
    pot = work_to(line, "decoct")
    line.break_off(pot)
    line.report(pot, state=State.COMPLETE)
    assert line.refused(i.AssumeOk(batch_of(line).id, badge("reviewer"), "st", "已煎")) == "not-at-work"
    line.must(i.Retry(batch_of(line).id, badge("reviewer"), "st", "锅是冷的"))
    Crew(line).work()


def test_a_rinse_in_doubt_is_stopped_and_done_again_under_its_next_name(line: QuietLine) -> None:
    begin(line)
    work_to(line, "drain")
    line.silent = "rinse"
    pot = work_to(line, "stop")
    line.break_off(pot)
    line.report(pot, state=State.STOPPED)
    Crew(line).work()
    line.run(60)
    steps = [step for _, step in line.machines[pot].starts]
    assert [step.partition(".")[0] for step in steps[-3:]] == ["rinse", "stop", "rinse"]
    assert line.floor.machines[pot].clean
    assert not line.floor.alarms[f"unknown:{pot}"].active
    assert max(starts(line).values()) == 1


def test_what_a_scrapped_batch_left_running_is_stopped_before_the_pot_is_rinsed(line: QuietLine) -> None:
    begin(line)
    pot = work_to(line, "decoct")
    line.must(i.Scrap(batch_of(line).id, badge("reviewer"), "st", "气味异常"))
    pending = line.floor.machines[pot].pending
    assert pending is not None
    assert pending.verb == "stop"
    line.break_off(pot)
    line.report(pot, state=State.STOPPED)
    following = line.floor.machines[pot].pending
    assert following is not None
    assert following.verb == "rinse"


def test_a_boot_while_a_person_is_asked_leaves_the_question_open(line: QuietLine) -> None:
    begin(line)
    pot = work_to(line, "charge")
    line.break_off(pot)
    line.report(pot, state=State.IDLE)
    line.machines[pot].boot = 2
    line.report(pot, state=State.STOPPED)
    assert holds(line) == [("unknown", ("retry", "assume_ok", "scrap"))]
    line.must(i.Retry(batch_of(line).id, badge("reviewer"), "st", "锅内无水"))
    pending = line.floor.machines[pot].pending
    assert pending is not None
    assert (pending.verb, pending.boot) == ("charge", 2)


def test_of_a_machine_that_names_its_orders_no_status_is_a_torn_reading_and_no_end() -> None:
    model = PureLine.ready()
    begin(model)
    pot = work_to(model, "decoct")
    model.report(pot, order_status=OrderStatus.NONE)
    assert not holds(model)
    assert model.floor.machines[pot].pending is not None
