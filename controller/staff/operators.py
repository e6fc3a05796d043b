"""Operators carry pails, add the late packet inside its window, work by hand what has no wire, and make the parts apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.staff.crew import PutDown, must

if TYPE_CHECKING:
    from controller.staff.board import Job
    from controller.staff.crew import Crew
    from controller.staff.settings import Person

DESK = "floor"
_INTO_WINDOW = 0.2
"""How far into the window the packet goes in: not at its very edge."""
_AS_LONG_AS = {"strain": "add-main", "load-hopper": "add-late"}


async def carry(crew: Crew, person: Person, job: Job) -> None:
    """Carry a pail to the place that the task names."""
    task = job.task
    await crew.spend(_AS_LONG_AS.get(job.kind, job.kind))
    strangers = [other["code"] for other in crew.board.others(task)]
    if strangers and crew.mistakes.strike():
        crew.mistakes.answered("wrong-pail", await crew.scan(person, DESK, crew.mistakes.pick(strangers), task["into"]))
    must(await crew.scan(person, DESK, task["code"], task["into"]))
    if crew.mistakes.strike():
        crew.mistakes.answered("scanned-twice", await crew.scan(person, DESK, task["code"], task["into"]))


async def empty_pot(crew: Crew, person: Person, job: Job) -> None:
    """Take what is in a pot that is given up into any pail that nobody uses."""
    await crew.spend("empty-pot")
    for pail in job.task["codes"]:
        reply = await crew.scan(person, DESK, pail, job.task["into"])
        if reply.ok:
            return
    raise PutDown("no pail is free")


async def add_late(crew: Crew, person: Person, job: Job) -> None:
    """Wait beside the pot for the window, then add the packet; somebody who forgets never comes."""
    task = job.task
    if crew.mistakes.strike():
        crew.mistakes.unnoticed("late-missed")
        crew.board.forget(job)
        return
    await crew.time.until(task["opens_at"] + int((task["closes_at"] - task["opens_at"]) * _INTO_WINDOW))
    must(await crew.scan(person, DESK, task["code"], task["into"]))


async def by_hand(crew: Crew, person: Person, job: Job) -> None:
    """Do what a machine that is worked by hand needs, when it is due, and say so with its label and the code of the batch."""
    task = job.task
    await crew.time.until(task["opens_at"])
    await crew.spend("charge")
    must(await crew.scan(person, DESK, task["code"], task["into"]))


async def separate(crew: Crew, person: Person, job: Job) -> None:
    """Put a part on apart, leave it alone for its minutes, then say that it is done."""
    task, minutes = job.task, int(job.task["details"]["least_minutes"])
    herb = str(task["details"]["herb"])
    crew.leave_alone(task["code"], minutes)
    await crew.spend("separate")
    stated = {"herb": herb, "code": task["code"], "minutes": minutes}
    must(await crew.intend(person, DESK, "AttestSeparate", batch=task["batch"], **stated))
