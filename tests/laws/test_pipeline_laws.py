"""Laws of the pipeline: replay equals live, restored equals lived, evolve never fails, refusals change nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.model import intents as i
from controller.model.batch import Stage
from controller.model.floor import Floor
from controller.model.prescription import Handling, Item, RecipeClass
from controller.pipeline import evolve, is_open, restore_row
from devices.model import Expired, LinkState, Mode, OrderStatus, Unknown
from tests.pure_line import Crew, PureLine, badge, prescription

_SPECIAL = [("石膏", Handling.DECOCT_FIRST), ("薄荷", Handling.ADD_LATE), ("阿胶", Handling.MELT), ("三七", Handling.TAKE_WITH)]
_READY = PureLine.ready()


def a_line() -> PureLine:
    """A copy of the prepared line; floors are immutable, so copying is cheap."""
    return replace(_READY, facts=list(_READY.facts), machines={name: replace(m, starts=[]) for name, m in _READY.machines.items()}, _events=[])


class Line(RuleBasedStateMachine):
    """Anything may happen in any order; the laws hold after each step."""

    @initialize()
    def open(self) -> None:
        self.line = a_line()
        self.prescriptions = 0

    @rule(special=st.lists(st.sampled_from(_SPECIAL), unique=True), doses=st.sampled_from([3, 7]))
    def receive(self, special: list[tuple[str, Handling]], doses: int) -> None:
        self.prescriptions += 1
        items = (*prescription().items, *(Item(herb, 6.0, handling) for herb, handling in special))
        self.line.do(i.ReceivePrescription(prescription(prescription_no=f"N{self.prescriptions}", items=items, doses=doses), "d"))

    @rule(steps=st.integers(1, 40))
    def work(self, steps: int) -> None:
        crew = Crew(self.line)
        for _ in range(steps):
            if not crew._once():
                break

    @rule(minutes=st.floats(0.2, 40))
    def wait(self, minutes: float) -> None:
        self.line.run(minutes)

    @rule(number=st.integers(0, 100), link=st.sampled_from([LinkState.STALE, LinkState.FRESH]))
    def link(self, number: int, link: LinkState) -> None:
        names = sorted(self.line.machines)
        self.line.must(i.ReportLink(names[number % len(names)], link))

    @rule(number=st.integers(0, 100))
    def reboot(self, number: int) -> None:
        names = sorted(self.line.machines)
        machine = self.line.machines[names[number % len(names)]]
        machine.boot += 1
        if machine.status is OrderStatus.RUNNING:
            machine.status, machine.began_at = OrderStatus.FAILED, 0
        self.line.report(names[number % len(names)])

    @rule(number=st.integers(0, 100), mode=st.sampled_from([Mode.MANUAL, Mode.PRODUCE]))
    def panel(self, number: int, mode: Mode) -> None:
        names = sorted(self.line.machines)
        self.line.machines[names[number % len(names)]].mode = mode
        self.line.report(names[number % len(names)])

    @rule(number=st.integers(0, 100), lost=st.booleans())
    def carrier(self, number: int, lost: bool) -> None:
        """An order of a machine expired or has an unknown outcome, whether or not the machine has it."""
        pending = [m for m in self.line.floor.machines.values() if m.pending is not None and not m.accepted]
        if pending:
            machine = pending[number % len(pending)]
            order = machine.pending
            assert order is not None
            receipt = Unknown(order.number, "test") if lost else Expired(order.number)
            if lost or self.line.machines[machine.id].number < order.number:
                self.line.must(i.ReportOrder(machine.id, receipt))

    @rule(number=st.integers(0, 100), choice=st.sampled_from(["continue", "deficit", "accept", "scrap", "cancel"]))
    def sign(self, number: int, choice: str) -> None:
        batches = sorted(self.line.floor.batches)
        if not batches:
            return
        batch = self.line.floor.batches[batches[number % len(batches)]]
        who, reason = badge("reviewer"), batch.holds[0].reason if batch.holds else ""
        match choice:
            case "continue":
                self.line.do(i.Continue(batch.id, reason, who, "st"))
            case "deficit":
                self.line.do(i.RunDeficit(batch.id, who, "st"))
            case "accept":
                self.line.do(i.AcceptDeviation(batch.id, reason, who, "st", "note"))
            case "scrap":
                self.line.do(i.Scrap(batch.id, who, "st", "note"))
            case _:
                self.line.do(i.CancelPrescription(batch.case, "note"))

    @rule(data=st.data())
    def scan_anything(self, data: st.DataObject) -> None:
        """Two codes that exist, bound at random by a random person: most of it must be refused, none of it may break."""
        line = self.line
        codes = sorted({*line.floor.codes, *list(line.book.vessels), *sorted(line.book.pails)[:3], *sorted(line.floor.drawers)[:3]})
        code, into = data.draw(st.sampled_from(codes)), data.draw(st.sampled_from([*codes, badge("courier")]))
        before = line.floor
        outcome = line.scan(code, into, data.draw(st.sampled_from(["operator", "dispenser", "packer"])))
        if outcome.refusal is not None:
            assert outcome.floor is before

    @rule(number=st.integers(0, 100), recipe=st.sampled_from(list(RecipeClass)))
    def amend(self, number: int, recipe: RecipeClass) -> None:
        cases = sorted(self.line.floor.cases)
        if cases:
            case = self.line.floor.cases[cases[number % len(cases)]]
            newest = case.amendment or case.prescription
            self.line.do(i.ReceivePrescription(replace(newest, version=newest.version + 1, recipe_class=recipe), "d"))

    @invariant()
    def replay_equals_live(self) -> None:
        if not hasattr(self, "line"):
            return
        folded = Floor()
        for fact in self.line.facts[len(_READY.facts):]:
            folded = evolve(folded if folded.at else _READY.floor, fact)
        if folded.at:
            assert replace(folded, touched=folded.touched) == self.line.floor

    @invariant()
    def restored_equals_lived(self) -> None:
        if not hasattr(self, "line"):
            return
        lived = self.line.floor
        floor = replace(Floor(), at=lived.at)
        for (kind, key), aggregate in sorted(lived.touched.items(), key=lambda row: row[0]):
            if is_open(aggregate):
                floor = restore_row(floor, kind, key, aggregate)
        assert floor == lived.stored()

    @invariant()
    def no_step_of_a_batch_starts_twice(self) -> None:
        if hasattr(self, "line"):
            starts = [start for machine in self.line.machines.values() for start in machine.starts]
            assert len(starts) == len(set(starts)), starts

    @invariant()
    def a_machine_holds_one_batch_and_nothing_is_released_early(self) -> None:
        if not hasattr(self, "line"):
            return
        for batch in self.line.floor.batches.values():
            if batch.stage in (Stage.RELEASED, Stage.BOXED):
                assert all(record.settled for record in batch.boils)
                assert batch.packed == batch.plan.bags
        pots = [m.batch for m in self.line.floor.machines.values() if m.kind == "decoction" and m.batch]
        assert len(pots) == len(set(pots))


Line.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
TestLine = Line.TestCase
