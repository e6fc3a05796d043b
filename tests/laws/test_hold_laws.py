"""Every trouble at every moment of a batch, in every machine it is in: each hold offers a way out, and each way ends honestly.

One life on the pure line is stopped at every moment that differs; each trouble happens there to each machine; each choice of each
hold is signed, the machines come back or stay dead, and the prescription must come to its end without a step started twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from controller.model import intents as i
from devices.model import Accepted, Expired, LinkState, Mode, OrderStatus, Receipt, Refused, RefusedReason, Unknown
from tests.pure_line import Crew, PureLine, badge, prescription

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.model.batch import Batch, Hold
    from devices.model import Order

WHO = badge("reviewer")
FAULT = 7


@dataclass
class FrailLine(PureLine):
    """Machines that keep a fault until a stop ends it, and dead ones that neither hear nor say anything."""

    faults: dict[str, int] = field(default_factory=dict[str, int])
    dead: set[str] = field(default_factory=set[str])

    def copy(self) -> FrailLine:
        machines = {name: replace(machine, starts=list(machine.starts)) for name, machine in self.machines.items()}
        kept: dict[str, Any] = {"facts": list(self.facts), "machines": machines, "_events": list(self._events)}
        return replace(self, **kept, faults=dict(self.faults), dead=set(self.dead))

    def report(self, name: str, **changes: Any) -> None:
        if name not in self.dead:
            super().report(name, fault=self.faults.get(name, 0), **changes)

    def _take(self, order: Order) -> None:
        if order.machine in self.dead:
            return
        super()._take(order)
        machine = self.machines[order.machine]
        if order.verb == "stop" and machine.number == order.number:
            self.faults.pop(order.machine, None)
            machine.status = OrderStatus.FINISHED
            self.report(order.machine)

    def _drained(self, machine: Any) -> int:
        return super()._drained(machine) if machine.order.batch in self.floor.batches else 0

    @property
    def batch(self) -> Batch:
        return next(iter(self.floor.batches.values()))


def breaks_off(line: FrailLine, name: str, *, fault: int = 0, boots: bool = False, mode: Mode = Mode.PRODUCE) -> None:
    machine = line.machines[name]
    machine.mode = mode
    machine.boot += boots
    line.faults[name] = fault
    if machine.status is OrderStatus.RUNNING:
        machine.status, machine.began_at = OrderStatus.FAILED, 0
    line.report(name)


def never_came(line: FrailLine, name: str, receipt: Callable[[int], Receipt]) -> None:
    """An order that the line has just issued never reached its machine, and this is what the carrier says of it."""
    row, machine = line.floor.machines[name], line.machines[name]
    if row.pending is not None and not row.accepted:
        machine.starts.remove((row.pending.batch, row.pending.step))
        machine.order, machine.number, machine.status = None, row.pending.number - 1, OrderStatus.NONE
        line.must(i.ReportOrder(name, receipt(row.pending.number)))


def forgets(line: FrailLine, name: str, *, boots: bool) -> None:
    """The machine no longer knows the order that it took."""
    pending, machine = line.floor.machines[name].pending, line.machines[name]
    if pending is None:
        return
    line.must(i.ReportOrder(name, Accepted(pending.number)))
    machine.boot += boots
    machine.order, machine.number, machine.status, machine.began_at = None, 0, OrderStatus.NONE, 0
    if boots:
        line.report(name)
    line.must(i.ReportOrder(name, Unknown(pending.number, "it no longer knows it")))


def goes_dark(line: FrailLine, name: str) -> None:
    line.must(i.ReportLink(name, LinkState.STALE))


def dies(line: FrailLine, name: str) -> None:
    goes_dark(line, name)
    line.dead.add(name)


def boots_on(line: FrailLine, name: str) -> None:
    line.machines[name].boot += 1
    line.report(name)


TROUBLES: dict[str, Callable[[FrailLine, str], None]] = {
    "goes dark": goes_dark,
    "dies": dies,
    "boots and goes on": boots_on,
    "boots and has stopped": lambda line, name: breaks_off(line, name, boots=True),
    "fault": lambda line, name: breaks_off(line, name, fault=FAULT),
    "fault and boot": lambda line, name: breaks_off(line, name, fault=FAULT, boots=True),
    "panel": lambda line, name: breaks_off(line, name, mode=Mode.MANUAL),
    "forgets": lambda line, name: forgets(line, name, boots=False),
    "forgets in a boot": lambda line, name: forgets(line, name, boots=True),
    "unknown": lambda line, name: never_came(line, name, lambda number: Unknown(number, "no answer")),
    "expired": lambda line, name: never_came(line, name, Expired),
    **{
        f"refused {reason.name}": lambda line, name, reason=reason: never_came(
            line, name, lambda number: Refused(number, reason)
        )
        for reason in (RefusedReason.BUSY, RefusedReason.MODE, RefusedReason.DUPLICATE)
    },
}


@cache
def moments() -> tuple[FrailLine, ...]:
    """Return the line at every moment of one life that differs from those before."""
    ready = PureLine.ready()
    line = FrailLine(book=ready.book, floor=ready.floor, machines=ready.machines, _tokens=ready._tokens)
    line.must(i.ReceivePrescription(prescription(), "d"))
    crew, seen = Crew(line), dict[tuple[object, ...], FrailLine]()
    while line.floor.cases:
        for batch in line.floor.batches.values():
            at = line.floor.machines.get(batch.order_machine)
            asked = at and at.pending and (at.pending.verb, at.accepted)
            key = (batch.stage, batch.boil, asked, bool(batch.boils and batch.boils[batch.boil].began_at), batch.packer)
            seen.setdefault(key, line.copy())
        if not crew._once():
            line.run(0.25)
    return tuple(line for line in seen.values() if line.floor.batches)


def sign(line: FrailLine, batch: str, hold: Hold, choice: str) -> bool:
    """A pharmacist signs; return whether that was taken."""
    signatures: dict[str, i.ExternalIntent] = {
        "continue": i.Continue(batch, hold.reason, WHO, "st"),
        "retry": i.Retry(batch, WHO, "st", "note"),
        "assume_ok": i.AssumeOk(batch, WHO, "st", "note"),
        "run_deficit": i.RunDeficit(batch, WHO, "st"),
        "migrate": i.Migrate(batch, WHO, "st", "note"),
        "accept_deviation": i.AcceptDeviation(batch, hold.reason, WHO, "st", "note"),
        "scrap": i.Scrap(batch, WHO, "st", "note"),
    }
    return line.do(signatures[choice]).refusal is None


def finish(line: FrailLine) -> None:
    """Bring the prescription to its end by the mildest choice that is taken; scrap only what nothing else helps."""
    crew = Crew(line)
    for name, machine in line.machines.items():
        if name not in line.dead and line.floor.machines[name].link is LinkState.STALE:
            line.must(i.ReportLink(name, LinkState.FRESH))
        machine.mode = Mode.PRODUCE
        line.report(name)
    for turn in range(600):
        while crew._once():
            pass
        for batch in list(line.floor.batches.values()):
            for hold in batch.holds:
                assert hold.choices, hold
                mild = any(sign(line, batch.id, hold, choice) for choice in hold.choices if choice != "scrap")
                if not mild and (turn % 20 == 19 or hold.choices == ("scrap",)):
                    sign(line, batch.id, hold, "scrap")
        if not line.floor.cases:
            return
        line.run(2)
    raise AssertionError([(batch.stage, batch.holds, batch.order_step) for batch in line.floor.batches.values()])


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_hold_that_a_trouble_places_offers_a_way_to_an_honest_end(trouble: str) -> None:
    for moment in moments():
        batch = moment.batch
        for name in {batch.soak_machine, batch.pot, batch.packer} - {""}:
            line = moment.copy()
            TROUBLES[trouble](line, name)
            ways = [(hold, choice) for hold in line.batch.holds for choice in hold.choices]
            assert all(hold.choices for hold in line.batch.holds)
            for hold, choice in ways or [(None, "")]:
                life = line.copy()
                if hold is not None:
                    sign(life, batch.id, hold, choice)
                finish(life)
                starts = Counter(start for machine in life.machines.values() for start in machine.starts)
                assert max(starts.values()) == 1, (batch.stage, name, choice, starts.most_common(1))


def test_the_moments_are_those_of_a_whole_life() -> None:
    stages = {moment.batch.stage for moment in moments()}
    assert {"soaking", "soaked", "charged", "boiling", "boiled", "packing", "quality-check"} <= stages
