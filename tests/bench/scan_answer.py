"""`scan.answer_p99`: how long a person with a scanner waits for the answer while the demo runs.

Measured: from the POST to the answer in hand, for every scan that the demo's own simulated staff make, right and wrong ones, at
the speed of a headless demo (240) with the default plant; the project's sample prescriptions arrive twice a second. Plant and
controller are processes of their own; staff run in this one, whose own delays are counted too. There is no reference.
"""

from __future__ import annotations

import asyncio
import time
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import uvloop
from typing_extensions import override

from controller.demo.folder import SAMPLES
from controller.demo.workload import once_more, read_workload
from controller.staff.board import Board
from controller.staff.crew import Crew
from controller.staff.door import Door, Reply
from controller.staff.mistakes import Mistakes
from controller.staff.plant_time import PlantTime
from controller.staff.script import Script
from controller.staff.settings import load_keys, load_people, load_settings
from controller.staff.shift import work
from tests.bench.centre import HOSPITAL, Centre, scratch
from tests.bench.figure import Figure
from tests.bench.wire import Wire, post

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("scan.answer_p99",)
BOUND_MS = 50.0
_SPEED, _ERROR_RATE, _EVERY_S = 240, 0.02, 0.5


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the figure."""
    seconds = 8.0 if quick else 45.0
    with scratch() as folder, Centre(folder, speed=_SPEED) as centre:
        centre.start_plant()
        centre.start_controller()
        centre.wait_ready()
        took_ms = uvloop.run(_shift(centre, seconds))
    if len(took_ms) < 2:
        raise RuntimeError("nobody has scanned anything")
    p99 = quantiles(took_ms, n=100)[98]
    note = f"{len(took_ms)} scans, p50 {quantiles(took_ms, n=2)[0]:.1f} ms, max {max(took_ms):.1f} ms"
    return [Figure(NAMES[0], p99, "ms", "-", None, f"<= {BOUND_MS:.0f} ms", p99 <= BOUND_MS, note)]


class _TimedDoor(Door):
    """Notes how long each scan was on its way."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.took_ms: list[float] = []

    @override
    async def post(self, path: str, key: str, body: Mapping[str, Any]) -> Reply:
        began_s = time.perf_counter()
        reply = await super().post(path, key, body)
        if path == "/api/v1/scans":
            self.took_ms.append((time.perf_counter() - began_s) * 1000)
        return reply


async def _shift(centre: Centre, seconds: float) -> list[float]:
    """Let everybody work for a while; return what their scans took."""
    settings = load_settings(centre.path)
    keys, people = load_keys(centre.state / "keys.json"), load_people(centre.state / "staff.json")
    time_, script, mistakes = PlantTime(), Script({}), Mistakes(seed=1, rate=_ERROR_RATE)
    async with _TimedDoor(settings.url) as door:
        board = Board(door, next(iter(keys.stations.values())), time_, script, {person.badge for person in people})
        crew = Crew(settings, keys, people, door, time_, board, mistakes, script)
        parts = (work(crew, centre.state / "staff-summary.json"), _arrivals(centre, keys.hospitals[HOSPITAL]))
        tasks = [asyncio.ensure_future(part) for part in parts]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return door.took_ms


async def _arrivals(centre: Centre, key: str) -> None:
    """Post the samples, all for one hospital, on and on."""
    async with Wire(centre.config.host, centre.config.port) as wire:
        for number, arrival in enumerate(once_more(read_workload(SAMPLES, None))):
            one = {**arrival.body, "hospital": HOSPITAL, "prescription_no": f"BENCH-{number}"}
            status, said = await wire.send(post("/api/v1/prescriptions", key, one))
            if status not in (201, 422):  # some samples are not made by any centre
                raise RuntimeError(f"a prescription was not taken: {status} {said.decode()}")
            await asyncio.sleep(_EVERY_S)
