"""`readings.write`, `readings.megabytes_per_million`, `curve.read`: what it costs to keep every sample of every batch for ever.

Measured: 18 pots are read once a second for two hours under one batch each, and again under the next, four readings a time as
the table of the pot has them: a temperature with noise of 0.1 degrees, a level, a set point and a power, at instants that
wander by some milliseconds. They are written as the recorder does it, a minute of all pots in one call, and joined when the
batch is over. Samples a second are counted from samples in memory until all of them are durable and joined; megabytes are those
by which the file grows from the first batches to the second, since short blocks take the room that others left. The reference
is `executemany` of Python's sqlite3, the same samples in the same transactions, one row (instant, machine, tag, value) a
sample, no index. A curve is the temperature of one batch, from the store. In turn, medians.
"""

from __future__ import annotations

import gc
import sqlite3
import time
from contextlib import closing, contextmanager
from itertools import count
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from controller.runtime.recorder import BLOCK
from controller.store import ReadingBlock, Store
from devices.model import Quality
from tests.bench.centre import scratch
from tests.bench.figure import Figure, in_turn

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

NAMES = ("readings.write", "readings.megabytes_per_million", "curve.read")
LEAST_RATIO, MOST_MEGABYTES, MOST_MS = 0.3, 2.0, 50.0
_POTS, _SECONDS, _BATCHES = 18, 7_200, 2
_START, _GAP_MS = 1_790_000_000_000, 3_000
_JITTER_MS, _CELSIUS_SIGMA, _LEVEL_SIGMA = 2.0, 0.1, 1.0
_BOILING = 99.8
_GOOD = Quality.GOOD.value
Points = list[tuple[int, float, str]]
Curves = dict[tuple[str, str, str], Points]
"""(machine, batch, tag) -> samples."""


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the three figures."""
    pots, seconds, rounds = (2, 600, 1) if quick else (_POTS, _SECONDS, 3)
    past = [_curves(wave, pots, seconds) for wave in range(_BATCHES)]
    megabytes: dict[str, float] = {}
    read_ms: list[float] = []
    numbers = count()
    with scratch() as folder, _left_alone():

        def ours() -> float:
            path = folder / f"{next(numbers)}.db"
            rate, megabytes["ours"] = _ours(path, past)
            read_ms.extend(_read_ms(path, past[0]))
            return rate

        def reference() -> float:
            rate, megabytes["raw"] = _raw(folder / f"{next(numbers)}.db", past)
            return rate

        rate, raw = in_turn(ours, reference, rounds)
    size, ms, plain = megabytes["ours"], median(read_ms), "raw sqlite3 executemany"
    met, small, quick_enough = rate / raw >= LEAST_RATIO, size <= MOST_MEGABYTES, ms <= MOST_MS
    note = f"worst {max(read_ms):.1f}, {seconds} samples"
    return [
        Figure(NAMES[0], rate, "samples/s", plain, raw, f"ratio >= {LEAST_RATIO}", met),
        Figure(NAMES[1], size, "MB", plain, megabytes["raw"], f"<= {MOST_MEGABYTES:.0f} MB", small),
        Figure(NAMES[2], ms, "ms", "-", None, f"<= {MOST_MS:.0f} ms", quick_enough, note),
    ]


@contextmanager
def _left_alone() -> Generator[None]:
    """Keep the garbage collector from walking through millions of prepared samples, which no controller holds."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _curves(wave: int, pots: int, seconds: int) -> Curves:
    """Return what the pots measured under one batch each, rounded as the plant rounds it."""
    curves: Curves = {}
    for pot in range(pots):
        noise = Random(f"{wave} {pot}")
        batch = f"B-{noise.randbytes(8).hex().upper()}7"
        began = _START + wave * seconds * 1000 + pot * 37
        ats = [began + second * 1000 + round(noise.gauss(0, _JITTER_MS)) for second in range(seconds)]
        hot = [min(22.0 + second * 0.04, _BOILING) for second in range(seconds)]
        values = {
            "ActualTemperature": [round(noise.gauss(celsius, _CELSIUS_SIGMA), 3) for celsius in hot],
            "Level": [round(noise.gauss(8000 - second * 0.13, _LEVEL_SIGMA), 3) for second in range(seconds)],
            "SetTemperature": [100.0] * seconds,
            "HeaterPower": [3.0 if celsius < _BOILING else 0.6 for celsius in hot],
        }
        for tag, measured in values.items():
            curves[f"pot-{pot:02}", batch, tag] = [(at, value, _GOOD) for at, value in zip(ats, measured, strict=True)]
    return curves


def _minutes(curves: Curves) -> Iterator[list[tuple[tuple[str, str, str], Points]]]:
    """Give block after block of all curves."""
    longest = max(map(len, curves.values()))
    for start in range(0, longest, BLOCK):
        yield [(name, points[start : start + BLOCK]) for name, points in curves.items()]


def _ours(path: Path, past: list[Curves]) -> tuple[float, float]:
    """Return samples a second, and by how many MB a million samples make the file grow."""
    rates: list[float] = []
    sizes: list[int] = []
    with closing(Store.open(f"sqlite:///{path}")) as store:
        store.take_mastery()
        for curves in past:
            minutes = [[_block(name, points) for name, points in minute] for minute in _minutes(curves)]
            began_s = time.perf_counter()
            for minute in minutes:
                store.append_readings(minute)
            for batch in {batch for _, batch, _ in curves}:
                store.join_readings(batch)
            rates.append(_samples(curves) / (time.perf_counter() - began_s))
            store.checkpoint()
            sizes.append(path.stat().st_size)
    return median(rates), (sizes[-1] - sizes[0]) / sum(map(_samples, past[1:]))


def _block(name: tuple[str, str, str], points: Points) -> ReadingBlock:
    machine, batch, tag = name
    return ReadingBlock(machine, tag, batch, points[0][0], points, _GAP_MS)


def _samples(curves: Curves) -> int:
    return sum(map(len, curves.values()))


def _read_ms(path: Path, curves: Curves) -> Iterator[float]:
    with closing(Store.open_readonly(f"sqlite:///{path}")) as store:
        for (_, batch, tag), points in curves.items():
            if tag == "ActualTemperature":
                began_s = time.perf_counter()
                curve = store.curve(batch, tag)
                yield (time.perf_counter() - began_s) * 1000
                if curve != points:
                    raise RuntimeError("the curve is not the one that was written")


def _raw(path: Path, past: list[Curves]) -> tuple[float, float]:
    """Return the same two of plain rows, at the same level of durability."""
    rates: list[float] = []
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = wal")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("CREATE TABLE samples (at INTEGER, machine TEXT, tag TEXT, value REAL)")
        for curves in past:
            minutes = [
                [(at, machine, tag, value) for (machine, _, tag), points in minute for at, value, _ in points]
                for minute in _minutes(curves)
            ]
            began_s = time.perf_counter()
            for rows in minutes:
                with raw:
                    raw.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", rows)
            rates.append(_samples(curves) / (time.perf_counter() - began_s))
    return median(rates), path.stat().st_size / sum(map(_samples, past))
