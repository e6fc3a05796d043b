"""A shift: everybody at work at once until somebody ends it; the count of mistakes is kept in a file all the while."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NoReturn

from controller.staff import alarms, dispatch, dispensing, operators, pharmacists, prescribers
from controller.staff.board import LOG
from controller.staff.crew import PutDown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from controller.staff.board import Job
    from controller.staff.crew import Crew
    from controller.staff.settings import Person

ACTS: dict[str, Callable[[Crew, Person, Job], Awaitable[None]]] = {
    "review": pharmacists.review,
    "hold": pharmacists.hold,
    "excursion": pharmacists.excursion,
    "release": pharmacists.release,
    "bind-pail": dispensing.bind_pail,
    "draw": dispensing.draw,
    "verify": dispensing.verify,
    "place-pail": operators.carry,
    "charge": operators.carry,
    "empty-pot": operators.empty_pot,
    "strain": operators.carry,
    "add-main": operators.carry,
    "load-hopper": operators.carry,
    "add-late": operators.add_late,
    "begin-by-hand": operators.by_hand,
    "end-by-hand": operators.by_hand,
    "do-by-hand": operators.by_hand,
    "separate": operators.separate,
    "box": dispatch.box,
    "box-packet": dispatch.box_packet,
    "hand-over": dispatch.hand_over,
    "deliver": dispatch.deliver,
}
_PAUSE_MS = 120_000
_PAUSE_WALL_S = 0.5
_KEEP_S = 1.0


async def work(crew: Crew, file: Path) -> NoReturn:
    """Let everybody work. `file`: where the summary is kept."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crew.board.keep_current())
            tasks.create_task(alarms.watch(crew))
            tasks.create_task(prescribers.act_detours(crew))
            for hospital in crew.keys.hospitals:
                tasks.create_task(prescribers.answer_returns(crew, hospital))
            for person in crew.people:
                tasks.create_task(_work(crew, person))
            while True:
                _keep(crew, file)
                await asyncio.sleep(_KEEP_S)
    finally:
        _keep(crew, file)


async def _work(crew: Crew, person: Person) -> NoReturn:
    while True:
        job = await crew.board.take(person)
        try:
            await ACTS[job.kind](crew, person, job)
        except PutDown as why:
            pause = max(_PAUSE_MS, int(_PAUSE_WALL_S * 1000 * crew.time.speed))
            crew.board.put_back(job, not_before=why.not_before or crew.time.now() + pause)
            if not why.not_before:
                LOG.info("put down %s of %s: %s", job.kind, job.task["batch"] or job.task["case"], why)
        else:
            crew.board.finish(job)


def earlier_mistakes(file: Path) -> dict[str, int]:
    """Return the summary of mistakes that staff left in `file` before they were sent home or died; empty where there is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))["mistakes"]
    except FileNotFoundError:
        return {}


def _keep(crew: Crew, file: Path) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"mistakes": crew.mistakes.summary()}), encoding="utf-8")
    fresh.replace(file)
