"""One look at the open tasks serves everybody: the board hands each task to one free person, the most pressing first.

A task that somebody finished may still stand in a list that was asked for before; it is not handed out again until a
later list has it too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from controller.staff.door import Door
    from controller.staff.plant_time import PlantTime
    from controller.staff.script import Script
    from controller.staff.settings import Person
    from controller.wire import TaskView

PRESSING = (
    "add-late",
    "hold",
    "excursion",
    "strain",
    "end-by-hand",
    "begin-by-hand",
    "do-by-hand",
    "add-main",
    "empty-pot",
    "load-hopper",
    "charge",
    "place-pail",
    "release",
    "draw",
    "hand-over",
    "deliver",
)
"""What cannot wait goes before everything else, in this order."""
REAL = frozenset({"recipe"})
"""What nobody signs for play: numbers that act on medicine."""

LOG = logging.getLogger("controller.staff")
_LEAD_MS = 120_000
_LEAD_WALL_S = 0.5
_LEAST_PERIOD_S = 0.25
_MOST_PERIOD_S = 2.0
_PERIOD_PLANT_S = 15.0
_AFTER_CHANGE_S = 0.05
_LINE_PERIOD_S = 5.0
_MOST_TASKS = 500


@dataclass(frozen=True, slots=True)
class Job:
    """A task as one person takes it on."""

    task: TaskView

    @property
    def kind(self) -> str:
        """Which act it is."""
        return self.task["kind"]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same task in the next list."""
        return self.kind, self.task["batch"] or self.task["case"], self.task["code"]

    @property
    def order(self) -> tuple[int, int]:
        """How pressing it is."""
        pressing = PRESSING.index(self.kind) if self.kind in PRESSING else len(PRESSING)
        return pressing, self.task["rank"]

    @property
    def owner(self) -> str:
        """Badge of whoever began to fill the pail or has the parcel, empty where anybody may go on."""
        details = self.task["details"]
        return details.get("dispenser") or details.get("courier") or ""


class Board:
    """The open tasks and who has which. `key`: of any station. `badges`: of everybody who works here."""

    def __init__(self, door: Door, key: str, time_: PlantTime, script: Script, badges: Collection[str]) -> None:
        self._door = door
        self._key = key
        self._time = time_
        self._script = script
        self._badges = badges
        self._jobs: Mapping[str, list[Job]] = {}
        self._taken: set[tuple[str, str, str]] = set()
        self._finished: dict[tuple[str, str, str], float] = {}
        self._not_before: dict[tuple[str, str, str], int] = {}
        self._fresh = asyncio.Event()
        self._changed = asyncio.Event()

    async def keep_current(self) -> None:
        """Ask for the tasks again and again, soon after every act; tell everybody who waits."""
        heard_s = -_LINE_PERIOD_S
        while True:
            if time.monotonic() - heard_s >= _LINE_PERIOD_S and await self._hear():
                heard_s = time.monotonic()
            asked_s = time.monotonic()
            reply = await self._door.get("/api/v1/tasks", self._key, {"limit": _MOST_TASKS})
            if reply.ok:
                self._show(reply.body, asked_s)
            else:
                LOG.warning("tasks are not shown to us: %s %s", reply.status, reply.rule)
            period_s = max(_LEAST_PERIOD_S, min(_MOST_PERIOD_S, _PERIOD_PLANT_S / self._time.speed))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), period_s)
                await asyncio.sleep(_AFTER_CHANGE_S)
            self._changed.clear()

    async def _hear(self) -> bool:
        asked_s = time.monotonic()
        line = await self._door.get("/api/v1/line", self._key)
        if line.ok:
            self._time.hear(line.body, asked_s)
        return line.ok

    def _show(self, tasks: list[TaskView], asked_s: float) -> None:
        self._finished = {key: at_s for key, at_s in self._finished.items() if at_s >= asked_s}
        jobs: defaultdict[str, list[Job]] = defaultdict(list)
        for task in tasks:
            if task["kind"] not in REAL and not self._script.claims(task):
                jobs[task["role"]].append(Job(task))
        for queue in jobs.values():
            queue.sort(key=lambda job: job.order)
        self._jobs = jobs
        fresh, self._fresh = self._fresh, asyncio.Event()
        fresh.set()

    async def take(self, person: Person) -> Job:
        """Wait for something that `person` may do and nobody else does."""
        while True:
            for role in person.roles:
                for job in self._jobs.get(role, ()):
                    if self._free(job) and (job.owner == person.badge or job.owner not in self._badges):
                        self._taken.add(job.key)
                        return job
            await self._fresh.wait()

    def _free(self, job: Job) -> bool:
        if job.key in self._taken or job.key in self._finished:
            return False
        lead = max(_LEAD_MS, int(_LEAD_WALL_S * 1000 * self._time.speed))
        return self._time.now() >= max(job.task["opens_at"] - lead, self._not_before.get(job.key, 0))

    def finish(self, job: Job) -> None:
        """Take it off the board: its person says that it is done."""
        self._taken.discard(job.key)
        self._not_before.pop(job.key, None)
        self._finished[job.key] = time.monotonic()
        self._changed.set()

    def put_back(self, job: Job, *, not_before: int) -> None:
        """Let somebody take it again from plant time `not_before`, ms."""
        self._taken.discard(job.key)
        self._not_before[job.key] = not_before

    def forget(self, job: Job) -> None:
        """Let nobody ever do it: its person believes that it was done."""
        self._taken.add(job.key)

    def others(self, task: TaskView) -> list[TaskView]:
        """Return tasks of the same kind for other batches: what a mistake mixes up."""
        jobs = [job for queue in self._jobs.values() for job in queue if job.kind == task["kind"]]
        return [job.task for job in jobs if job.task["batch"] != task["batch"]]
