"""`review.25_herbs`: how long the review of one prescription of 25 herbs takes.

Measured: one call of `controller.review.review`, on prescriptions of 25 herbs drawn at random (seed 1) from the whole formulary,
most of which quarrel, are over-dosed or lack a handling; the p99 of all calls. There is no reference.
"""

from __future__ import annotations

import time
from random import Random
from statistics import quantiles

from controller.formulary import load_formulary
from controller.model.prescription import Handling, Item
from controller.review import review
from tests.bench.figure import Figure
from tests.pure_line import prescription

NAMES = ("review.25_herbs",)
BOUND_MS = 5.0
_HERBS = 25


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    random, formulary = Random(1), load_formulary()
    names = sorted(formulary.herbs)
    took_ms: list[float] = []
    findings = 0
    for _ in range(200 if quick else 5_000):
        items = tuple(Item(herb, random.uniform(1, 40), Handling.NONE) for herb in random.sample(names, _HERBS))
        one = prescription(items=items)
        began_s = time.perf_counter()
        found = review(one, formulary)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        findings += len(found)
    p99 = quantiles(took_ms, n=100)[98]
    note = f"{findings / len(took_ms):.1f} findings each"
    return [Figure(NAMES[0], p99, "ms", "-", None, f"<= {BOUND_MS:.0f} ms", p99 <= BOUND_MS, note)]
