"""Rows run in parts, each in a process of its own with a seed of its own, some at a time; what they found is added up.

`for place, row in in_parts(works, jobs, say)`: rows as they are complete. `say` is told now and then how far all is. A part
that fails fails the run, with its own words.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sys
import time
import traceback
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller import logs
from tests.faults.centre import PlantNotUp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from ctypes import c_longlong
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from tests.faults.verdict import Row

_LOOK_S = 0.5
_STARTS = 3
_SPAWN = multiprocessing.get_context("spawn")  # a part forks controllers of its own: it must not be a fork itself


@dataclass(frozen=True, slots=True)
class Work:
    """One row: `run` with `n` of it in `parts` parts, in `folder`."""

    name: str
    run: Callable[..., Row]
    n: int
    parts: int
    folder: Path
    seed: int


class PartFailed(Exception):
    """A part came to no end of its own."""


class _Part:
    """One process."""

    def __init__(self, work: Work, place: int, number: int) -> None:
        self.place = place
        n = work.n * (number + 1) // work.parts - work.n * number // work.parts
        self._done = _SPAWN.RawValue("q", 0)
        self._hears, says = _SPAWN.Pipe(duplex=False)
        folder = work.folder / f"part-{number + 1}"
        self._name = f"{work.name}, part {number + 1}"
        self._process: BaseProcess = _SPAWN.Process(
            target=_work, args=(work.run, folder, n, work.seed + number, self._done, says), name=self._name
        )
        self._process.start()
        says.close()

    @property
    def done(self) -> int:
        """How much of its n."""
        return self._done.value

    def answer(self) -> Row | None:
        """Return what it found, None while it works. Raises PartFailed."""
        if not self._hears.poll() and self._process.is_alive():
            return None
        try:
            found = self._hears.recv()
        except EOFError:
            found = ""
        self._process.join()
        if isinstance(found, str):
            raise PartFailed(f"{self._name} ended with {self._process.exitcode}\n{found}")
        return found

    def end(self) -> None:
        """End it before its time."""
        self._process.terminate()
        self._process.join()


def _work(run: Callable[..., Row], folder: Path, n: int, seed: int, done: c_longlong, says: Connection) -> None:
    def tell(count: int) -> None:
        done.value = count

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        logs.set_up(folder.with_suffix(".jsonl"))
        says.send(_started(run, folder, n=n, seed=seed, tell=tell))
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 - told by the parent, whatever it is
        says.send(traceback.format_exc())


def _started(run: Callable[..., Row], folder: Path, **given: Any) -> Row:
    """Run where the plant comes up: a port that was free a moment ago may be another's by then."""
    for again in range(1, _STARTS):
        try:
            return run(folder, **given)
        except PlantNotUp:
            folder = folder.with_name(f"{folder.name}-again-{again}")
    return run(folder, **given)


def in_parts(works: Sequence[Work], jobs: int, say: Callable[[str], None]) -> Iterator[tuple[int, Row]]:
    """Run all, `jobs` processes at a time; yield (place in `works`, row) as they are complete. Raises PartFailed."""
    waiting = deque((place, number) for place, work in enumerate(works) for number in range(work.parts))
    running: list[_Part] = []
    found: dict[int, list[Row]] = {place: [] for place in range(len(works))}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                place, number = waiting.popleft()
                running.append(_Part(works[place], place, number))
            time.sleep(_LOOK_S)
            say(_progress(works, found, running, len(waiting)))
            for part in list(running):
                row = part.answer()
                if row is None:
                    continue
                running.remove(part)
                rows = found[part.place]
                rows.append(row)
                if len(rows) == works[part.place].parts:
                    yield part.place, _whole(rows, works[part.place].seed)
    finally:
        for part in running:
            part.end()


def _whole(rows: list[Row], seed: int) -> Row:
    whole, *others = rows
    for other in others:
        whole.add(other)
    whole.seed = seed
    return whole


def _progress(works: Sequence[Work], found: dict[int, list[Row]], running: list[_Part], waiting: int) -> str:
    """Say of each row at work how much of its n is done, and how many parts still wait."""
    told: list[str] = []
    for place in dict.fromkeys(part.place for part in running):
        done = sum(part.done for part in running if part.place == place) + sum(row.n for row in found[place])
        told.append(f"{works[place].name} {done}/{works[place].n}")
    return ", ".join(told) + (f"; {waiting} parts wait" if waiting else "")
