"""Packers box bags and hand parcels over; couriers deliver them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.staff.crew import PutDown, must

if TYPE_CHECKING:
    from controller.staff.board import Job
    from controller.staff.crew import Crew
    from controller.staff.settings import Person

DESK = "dispatch"


async def box(crew: Crew, person: Person, job: Job) -> None:
    """Put every bag into the parcel."""
    task = job.task
    for bag in task["codes"]:
        await crew.spend("box")
        must(await crew.scan(person, DESK, bag, task["into"]))
        if crew.mistakes.strike():
            crew.mistakes.answered("scanned-twice", await crew.scan(person, DESK, bag, task["into"]))


async def box_packet(crew: Crew, person: Person, job: Job) -> None:
    """Put a packet to take with the medicine into the parcel."""
    await crew.spend("box-packet")
    must(await crew.scan(person, DESK, job.task["code"], job.task["into"]))


async def hand_over(crew: Crew, person: Person, job: Job) -> None:
    """Give the parcel to a courier or the ward by badge, or to whoever shows the pickup code."""
    task = job.task
    await crew.spend("hand-over")
    into = task["into"]
    if not into:
        into = crew.somebody("ward" if task["details"].get("method") == "ward" else "courier").badge
    must(await crew.scan(person, DESK, task["code"], into))


async def deliver(crew: Crew, person: Person, job: Job) -> None:
    """Say how a parcel ended, once the way to its receiver is over."""
    task = job.task
    arrives = task["opens_at"] + int(crew.settings.transit_minutes * 60_000)
    if crew.time.now() < arrives:
        raise PutDown("on the way", not_before=arrives)
    await crew.spend("deliver")
    outcome = crew.script.outcome(task["prescription_no"])
    fields = {"parcel": task["code"], "outcome": outcome, "note": "" if outcome == "delivered" else "收件人拒收"}
    must(await crew.intend(person, "courier", "ConfirmDelivery", **fields))
