"""`loop_lag.p99` and `loop_lag.max`: how late the controller's event loop is while it runs a large centre at plant speed 1.

Measured: inside the controller's process, on its own loop, for every 5 ms how much later than due it was; 200 machines over
Modbus and 100 over OPC UA are simulated by the plant in another process, staff are at work, and one prescription of fourteen
herbs arrives a second. The reference is an idle loop in a process of its own, in turn with ours, on the same busy computer.
The p99 is the median of the turns, the maximum the largest of all.
"""

from __future__ import annotations

import asyncio
import threading
import time
from statistics import median
from typing import Any

from controller.demo.layout import Counts
from tests.bench.centre import HOSPITAL, Centre, scratch
from tests.bench.child import Child
from tests.bench.figure import Figure
from tests.bench.prescriptions import body
from tests.bench.wire import Wire, post

NAMES = ("loop_lag.p99", "loop_lag.max")
P99_MS, MAX_MS = 20.0, 250.0
_LARGE = Counts(pots_modbus=90, pots_opcua=70, soaks=97, packers=30)
_QUICK = Counts(pots_modbus=8, pots_opcua=2, soaks=4, packers=2)


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure both figures."""
    counts, rounds, ours_s, idle_s = (_QUICK, 1, 2.0, 1.0) if quick else (_LARGE, 4, 12.0, 4.0)
    ours: list[dict[str, Any]] = []
    idle: list[dict[str, Any]] = []
    with scratch() as folder, Centre(folder, counts=counts) as centre, Child("tests.bench.late") as nothing:
        centre.start_plant()
        with Child("tests.bench.late_controller", str(centre.path)) as controller:
            centre.start("staff", "controller.staff")
            with _Arrivals(centre):
                for _ in range(rounds):
                    ours.append(controller.ask(seconds=ours_s))
                    idle.append(nothing.ask(seconds=idle_s))
            centre.end("staff")
    p99, idle_p99 = (median(turn["p99"] for turn in turns) for turns in (ours, idle))
    worst, idle_worst = (max(turn["max"] for turn in turns) for turns in (ours, idle))
    note = f"{counts.modbus} Modbus, {counts.opcua} OPC UA"
    return [
        Figure(NAMES[0], p99, "ms", "an idle loop", idle_p99, f"<= {P99_MS:.0f} ms", p99 <= P99_MS, note),
        Figure(NAMES[1], worst, "ms", "an idle loop", idle_worst, f"<= {MAX_MS:.0f} ms", worst <= MAX_MS, note),
    ]


class _Arrivals:
    """One prescription a second, from a thread, for as long as the context lasts. Every one must be taken."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._post()))
        self._failed: Exception | None = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    async def _post(self) -> None:
        config, key = self._centre.config, self._centre.keys["hospitals"][HOSPITAL]
        try:
            async with Wire(config.host, config.port) as wire:
                number = 0
                while not self._over.is_set():
                    number += 1
                    one = body(number, hospital=HOSPITAL, issued_at=int(time.time() * 1000))
                    status, said = await wire.send(post("/api/v1/prescriptions", key, one))
                    if status != 201:
                        raise RuntimeError(f"a prescription was not taken: {status} {said.decode()}")
                    await asyncio.sleep(1)
        except Exception as error:  # noqa: BLE001 - it is raised again where the context ends
            self._failed = error
