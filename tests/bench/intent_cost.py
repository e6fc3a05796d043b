"""`intent.cost`: what one intent costs on a large floor against a small one; it must not follow the size.

Measured: microseconds per intent of the pure line while one prescription goes from intake to its soaking position, again and
again, on a floor of 5,000 open prescriptions and 1,000 machines; the reference is the same on 50 and 18. In turn, medians.
The time is that of this process alone: it only computes, and whoever else is on the machine does not count.
"""

from __future__ import annotations

import time

from controller.model import intents as i
from tests.bench.figure import Figure, in_turn
from tests.pure_line import PureLine, badge, prescription

NAMES = ("intent.cost",)
BOUND = 1.3
_ROUNDS = 40


def _line(open_prescriptions: int, pots: int) -> PureLine:
    """A floor with so many open prescriptions, half of them approved and waiting for a pail, and so many machines."""
    line = PureLine.ready(pots=pots)
    for number in range(open_prescriptions):
        facts = line.must(i.ReceivePrescription(prescription(prescription_no=f"B{number}"), "d"))
        if number % 2:
            line.must(i.SignReview(facts[0].about, badge("reviewer"), "st", "approve"))
    return line


def _cost(line: PureLine) -> float:
    """Carry one prescription from intake to its soaking position, again and again; microseconds per intent."""
    counted, spent = 0, 0.0
    for number in range(_ROUNDS):
        start_count = line.intents
        began = time.process_time()
        _one_life(line, f"C{number}")
        spent += time.process_time() - began
        counted += line.intents - start_count
    return spent / counted * 1e6


def _one_life(line: PureLine, number: str) -> None:
    before = line.floor
    facts = line.must(i.ReceivePrescription(prescription(prescription_no=number), "d"))
    case = facts[0].about
    line.must(i.SignReview(case, badge("reviewer"), "st", "approve"))
    batch = line.floor.batches[line.floor.cases[case].batch]
    pail = next(p for p in line.book.pails if p not in line.floor.codes)
    line.must_scan(pail, batch.id, "dispenser")
    for item in batch.plan.items:
        drawer = next(iter(line.floor.by_herb[item.herb]))
        line.must_scan(drawer, pail, "dispenser")
        line.must(i.RecordWeight(batch.id, item.herb, item.grams, badge("dispenser"), "st"))
    line.must(i.SignVerify(batch.id, badge("checker"), "st"))
    line.floor = before
    line.facts.clear()


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    large, small = _line(*((500, 100) if quick else (5_000, 1_000))), _line(50, 18)
    ours, reference = in_turn(lambda: _cost(large), lambda: _cost(small), rounds=5)
    ratio = ours / reference
    return [Figure(NAMES[0], ours, "us/intent", "50 open, 18 machines", reference, f"ratio <= {BOUND}", ratio <= BOUND)]
