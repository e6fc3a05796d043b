"""`intake.durable`: prescriptions of fourteen herbs that are accepted and written down, a second.

Measured: 201 answers a second that 32 clients get from a controller as `decoction run` starts it, each client with one
connection and one request at a time, every prescription a new one; its machines are off. The reference is the same load on a
server that only validates, with the same strict parser, schema and uvicorn (`validating.py`). In turn, medians. What a durable
write costs on this disk at that time is printed beside: the p50 of write and fdatasync of 4 KiB in the database's folder.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from typing import TYPE_CHECKING

import uvloop

from tests.bench.centre import HOSPITAL, Centre, scratch
from tests.bench.child import Child
from tests.bench.figure import Figure
from tests.bench.prescriptions import body
from tests.bench.wire import Wire, post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("intake.durable",)
LEAST_RATIO, P99_MS, P99_SYNCS = 0.3, 100.0, 8
_CLIENTS = 32
_SYNCS = 200


@dataclass(frozen=True, slots=True)
class _Turn:
    """One turn of load."""

    per_s: float
    p99_ms: float


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    rounds, seconds = (1, 1.0) if quick else (3, 5.0)
    ours: list[_Turn] = []
    validating: list[_Turn] = []
    syncs_ms: list[float] = []
    with scratch() as folder, Centre(folder) as centre, Child("tests.bench.validating") as reference:
        centre.start_controller()
        centre.wait_ready()
        key, numbers = centre.keys["hospitals"][HOSPITAL], count(1)
        for _ in range(rounds):
            syncs_ms.append(_sync_ms(folder))
            ours.append(uvloop.run(_load(centre.config.port, key, numbers, seconds)))
            validating.append(uvloop.run(_load(reference.said["port"], key, numbers, seconds)))
    per_s, alone_per_s = median(turn.per_s for turn in ours), median(turn.per_s for turn in validating)
    p99_ms, sync_ms = median(turn.p99_ms for turn in ours), median(syncs_ms)
    most_ms = max(P99_MS, P99_SYNCS * sync_ms)
    met = per_s / alone_per_s >= LEAST_RATIO and p99_ms <= most_ms
    bound = f"ratio >= {LEAST_RATIO}, p99 <= {most_ms:.0f} ms"
    note = f"p99 {p99_ms:.1f} ms, fdatasync p50 {sync_ms:.2f} ms"
    return [Figure(NAMES[0], per_s, "accepted/s", "FastAPI validation alone", alone_per_s, bound, met, note)]


async def _load(port: int, key: str, numbers: Iterator[int], seconds: float) -> _Turn:
    """Post from all clients for a while."""
    took_ms: list[float] = []
    issued_at = int(time.time() * 1000)
    # One text for all, but for the number and the person, so that the client costs little beside the server.
    sample = post("/api/v1/prescriptions", key, body(0, hospital=HOSPITAL, issued_at=issued_at))
    ends_s = time.monotonic() + seconds

    async def client() -> None:
        async with Wire("127.0.0.1", port) as wire:
            while (began_s := time.monotonic()) < ends_s:
                status, said = await wire.send(sample.replace(b"BENCH-0000000", b"BENCH-%07d" % next(numbers)))
                if status != 201:
                    raise RuntimeError(f"a prescription was not accepted: {status} {said.decode()}")
                took_ms.append((time.monotonic() - began_s) * 1000)

    began_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(_CLIENTS):
            group.create_task(client())
    return _Turn(len(took_ms) / (time.monotonic() - began_s), quantiles(took_ms, n=100)[98])


def _sync_ms(folder: Path) -> float:
    """Return the p50 of making 4 KiB durable, in ms."""
    took_ms: list[float] = []
    file = os.open(folder / "sync", os.O_RDWR | os.O_CREAT)
    try:
        for _ in range(_SYNCS):
            began_s = time.perf_counter()
            os.pwrite(file, b"x" * 4096, 0)
            os.fdatasync(file)
            took_ms.append((time.perf_counter() - began_s) * 1000)
    finally:
        os.close(file)
    return median(took_ms)
