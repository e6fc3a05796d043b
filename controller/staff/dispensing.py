"""Dispensers bind a pail, draw and weigh every herb; checkers look at it all again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.staff.crew import PutDown, must

if TYPE_CHECKING:
    from controller.staff.board import Job
    from controller.staff.crew import Crew
    from controller.staff.settings import Person
    from controller.wire import TaskView

DESK = "dispensing"
_TRIES = 8
_UNFIT = {"lot-failed", "lot-expired", "lot-quarantined"}


async def bind_pail(crew: Crew, person: Person, job: Job) -> None:
    """Take any pail that nobody uses."""
    await crew.spend("bind-pail")
    for _ in range(_TRIES):
        pails = job.task["codes"] or crew.settings.pails
        reply = await crew.scan(person, DESK, crew.mistakes.pick(pails), job.task["into"])
        if reply.rule != "pail-in-use":
            break
    must(reply)  # pyright: ignore[reportPossiblyUnboundVariable] - it is tried at least once


async def draw(crew: Crew, person: Person, job: Job) -> None:
    """Take one herb from its drawer into the pail, and weigh it."""
    task = job.task
    await crew.spend("draw")
    if crew.mistakes.strike():
        await _wrong_drawer(crew, person, task)
    drawer = await _draw(crew, person, task)
    crew.drawers[str(task["details"]["herb"])] = drawer
    if crew.mistakes.strike():
        crew.mistakes.answered("scanned-twice", await crew.scan(person, DESK, drawer, task["into"]))
    for _ in range(int(task["details"]["times"])):
        await _weigh(crew, person, task)


async def _draw(crew: Crew, person: Person, task: TaskView) -> str:
    """Try the drawers of the herb until one has a lot that may be used; return its code."""
    for drawer in task["codes"]:
        reply = await crew.scan(person, DESK, drawer, task["into"])
        if reply.rule not in _UNFIT:
            must(reply)
            return drawer
    raise PutDown("no drawer has a fit lot of this herb")


async def _wrong_drawer(crew: Crew, person: Person, task: TaskView) -> None:
    seen = await crew.read(task["case"])
    wanted = {item["herb"] for item in seen["items"]}
    strangers = [code for herb, code in crew.drawers.items() if herb not in wanted]
    if strangers:
        reply = await crew.scan(person, DESK, crew.mistakes.pick(strangers), task["into"])
        crew.mistakes.answered("wrong-drawer", reply)


async def _weigh(crew: Crew, person: Person, task: TaskView) -> None:
    await crew.spend("weigh")
    details = task["details"]
    herb, wanted, tolerance = str(details["herb"]), float(details["grams"]), float(details["tolerance_g"])
    fields = {"batch": task["batch"], "herb": herb}
    if crew.mistakes.strike():
        wrong = round(wanted + 3 * tolerance, 2)
        crew.mistakes.answered("weight", await crew.intend(person, DESK, "RecordWeight", grams=wrong, **fields))
    grams = round(wanted + crew.mistakes.noise(tolerance), 2)
    must(await crew.intend(person, DESK, "RecordWeight", grams=grams, **fields))


async def verify(crew: Crew, person: Person, job: Job) -> None:
    """Check herbs, weights and pail, and sign."""
    await crew.spend("verify")
    must(await crew.intend(person, "verification", "SignVerify", batch=job.task["batch"]))
