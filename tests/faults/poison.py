"""Poison readings, between honest ones, while a pot heats up and boils: each must be flagged in time and none may be credited.

`poison` counts episodes; `clean` counts whole honest boils, none of which may be doubted. Recovery is the time from the first
poisoned sample to the flag, in wall seconds at plant speed 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from tests.faults.telemetry import LATE, PROFILE, TEMPERATURE, Boil, Values, Words
from tests.faults.verdict import Row, quietly

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.verdict import Tell

_FLAGGED_POLLS = 3
_SEA_LEVEL_KPA, _HIGH_KPA = 101.325, 57.7
_REQUIRED_S = (600, 3600)
_CALM = (5, 60)
_LASTS = (1, 40)
_ALIKE = PROFILE.tags[TEMPERATURE].rate_per_s * (1 + LATE)
"""Poison so near to the truth is no lie, degrees: an honest sensor may say as much at the latest poll."""
_CROSS_CHECK_S = 30.0
_SPEEDS = (1, 20, 20, 240, 240, 240)

Poison = Callable[[Boil, Random], Callable[[Values, Words], Words]]


def _shows(celsius: Callable[[float, Random], float]) -> Poison:
    """Show another temperature, made from the true one."""

    def begin(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
        shown = celsius(boil.celsius, random)
        return lambda values, words: boil.encode({**values, TEMPERATURE: shown})

    return begin


def _fahrenheit(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
    return lambda values, words: boil.encode({**values, TEMPERATURE: values[TEMPERATURE] * 1.8 + 32})


def _swapped(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
    at = PROFILE.tags[TEMPERATURE].address or 0

    def spoil(values: Values, words: Words) -> Words:
        return [*words[:at], words[at + 1], words[at], *words[at + 2 :]]

    return spoil


def _frozen(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
    first: list[int] = []

    def spoil(values: Values, words: Words) -> Words:
        first.append(values["SourceTime"])
        return boil.encode({**values, "SourceTime": first[0]})

    return spoil


def _stuck(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
    first: list[float] = []

    def spoil(values: Values, words: Words) -> Words:
        first.append(values[TEMPERATURE])
        return boil.encode({**values, TEMPERATURE: first[0]})

    return spoil


def _time_off(low_s: float, high_s: float) -> Poison:
    """Let the machine's clock be off by so many seconds, another number each time."""

    def begin(boil: Boil, random: Random) -> Callable[[Values, Words], Words]:
        def spoil(values: Values, words: Words) -> Words:
            off_ms = round(random.uniform(low_s, high_s) * 1000)
            return boil.encode({**values, "SourceTime": values["SourceTime"] + off_ms})

        return spoil

    return begin


KINDS: dict[str, Poison] = {
    "not a number": _shows(lambda true, random: math.nan),
    "infinite": _shows(lambda true, random: random.choice([math.inf, -math.inf])),
    "zero": _shows(lambda true, random: random.choice([0.0, -0.0])),
    "65535": _shows(lambda true, random: 65535.0),
    "850, scaled wrongly": _shows(lambda true, random: 850.0),
    "85.0 of a sensor that woke": _shows(lambda true, random: 85.0),
    "a jump": _shows(lambda true, random: true + random.choice([-1, 1]) * random.uniform(10, 25)),
    "stuck": _stuck,
    "frozen time": _frozen,
    "time back": _time_off(-7200, -60),
    "time ahead": _time_off(60, 7200),
    "swapped words": _swapped,
    "degrees Fahrenheit": _fahrenheit,
}
_STUCK_POLLS = PROFILE.tags[TEMPERATURE].stuck_polls
_NOT_FALSE_AT_FIRST = frozenset({"stuck", "frozen time"})
_LIMITS = {"stuck": _STUCK_POLLS + 1}
"""Polls until the flag where it is not `_FLAGGED_POLLS`: a stuck value needs as many as its profile says to be one."""


def poison(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Give `n` episodes of each kind."""
    random = Random(seed)
    row = Row(f"poison telemetry, {len(KINDS)} kinds", n * len(KINDS), seed)
    waiting = [kind for kind in KINDS for _ in range(n)]
    random.shuffle(waiting)
    row.also = {"not_flagged_in_time": 0, "credit_beyond_truth": 0}
    row.seen = dict.fromkeys(KINDS, 0)
    flagged_s: list[float] = []
    folder.mkdir(parents=True)
    boils = 0
    while waiting:
        boils += 1
        tell(n - len(waiting) // len(KINDS))
        kpa = random.choice([_SEA_LEVEL_KPA, _SEA_LEVEL_KPA, _HIGH_KPA])
        boil = Boil(folder, f"pot-{boils}", random, required_s=random.randint(*_REQUIRED_S), pressure_kpa=kpa)
        while waiting and not boil.is_over:
            calm, wanted = 0, random.randint(*_CALM)
            while calm < wanted and not boil.is_over:
                calm = calm + 1 if boil.poll().good else 0
            if not boil.is_over:
                _episode(boil, waiting.pop(), random, row, flagged_s)
        # Both the machine's count and ours must reach what is required before anything is released.
        enough = min(boil.credit.credit_s + boil.credit.covered_s, boil.credit.counter_s) >= boil.required_s
        row.early_release += enough and boil.true_s < boil.required_s
        boil.close()
    row.recoveries = flagged_s
    row.n = int(sum(row.seen.values()))
    return row


def _episode(boil: Boil, kind: str, random: Random, row: Row, flagged_s: list[float]) -> None:
    """Poison some polls in a row."""
    spoil = KINDS[kind](boil, random)
    limit = _LIMITS.get(kind, _FLAGGED_POLLS)
    lasts = random.randint(*_LASTS) if kind != "stuck" else limit + random.randint(0, 20)
    before_s, true_s = boil.credit.credit_s, boil.true_s
    flagged = 0
    for poll in range(lasts):
        true_c = boil.celsius
        seen = boil.poll(spoil)
        if not poll and seen.good and abs(seen.celsius - true_c) < _ALIKE and kind not in _NOT_FALSE_AT_FIRST:
            return
        if not flagged and not seen.good:
            flagged = poll + 1
        if boil.is_over:
            break
    row.seen[kind] += 1
    if flagged:
        flagged_s.append(flagged * 1.0)
    if not 0 < flagged <= limit and lasts >= limit and not boil.is_over:
        _count(row, "not_flagged_in_time", kind)
    if boil.credit.credit_s - before_s > boil.true_s - true_s + boil.grace_s:
        _count(row, "credit_beyond_truth", kind)


def _count(row: Row, what: str, kind: str) -> None:
    name = f"{what}: {kind}"
    row.also[name] = row.also.get(name, 0) + 1


def clean(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Boil `n` batches of honest readings at several speeds and heights."""
    random = Random(seed)
    row = Row("clean telemetry", n, seed, also={"false_holds": 0})
    doubted = polls = 0
    folder.mkdir(parents=True)
    for number in range(n):
        tell(number)
        speed, kpa = random.choice(_SPEEDS), random.choice([_SEA_LEVEL_KPA, _HIGH_KPA])
        required_s = random.randint(*_REQUIRED_S)
        boil = Boil(folder, f"pot-{number}", random, required_s=required_s, pressure_kpa=kpa, speed=speed)
        while not boil.is_over:
            polls += 1
            doubted += not boil.poll().good
        credit_s = boil.credit.credit_s + boil.credit.covered_s
        apart_s = abs(credit_s - boil.true_s)
        row.also["false_holds"] += credit_s < required_s or apart_s > max(_CROSS_CHECK_S, 2 * boil.grace_s)
        row.early_release += credit_s > boil.true_s + boil.grace_s
        boil.close()
    row.seen = {"polls": polls, "readings_doubted": doubted}
    return row
