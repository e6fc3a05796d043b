"""The board of simulated staff: each task to one person, the most pressing first, nothing twice, late additions in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.staff.board import Board, Job
from controller.staff.door import Reply
from controller.staff.plant_time import PlantTime
from controller.staff.script import Script
from controller.staff.settings import Person

NOW = 1_795_305_600_000
MINUTE = 60_000
OPERATOR = Person("A-1", "模拟煎药员1", ("operator",), "111111")
OTHER = Person("A-2", "模拟煎药员2", ("operator",), "222222")


def task(kind: str = "charge", batch: str = "B-1", **more: Any) -> dict[str, Any]:
    """A task as the API shows it."""
    plain = {"case": f"R-{batch}", "prescription_no": f"N-{batch}", "role": "operator", "rank": NOW, "code": "T-1", "into": "V-1",
             "codes": [], "choices": [], "opens_at": 0, "closes_at": 0, "details": {}, "text_zh": "", "text_en": ""}  # fmt: skip
    return {"kind": kind, "batch": batch, **plain, **more}


class FakeDoor:
    """Answers with the tasks it was given; counts how often it was asked for them."""

    def __init__(self, *tasks: dict[str, Any]) -> None:
        self.tasks = list(tasks)
        self.asked = 0
        self.told = asyncio.Event()

    async def get(self, path: str, _key: str, _params: object = None) -> Reply:
        if path.endswith("/line"):
            return Reply(200, {"now": NOW, "speed": 240})
        self.asked += 1
        self.told.set()
        return Reply(200, list(self.tasks))


async def look(door: FakeDoor, script: Script | None = None) -> tuple[Board, asyncio.Task[None]]:
    """Open a board and wait for its first look."""
    board = Board(door, "key", PlantTime(), script or Script({}), {OPERATOR.badge, OTHER.badge})  # type: ignore[arg-type]
    watching = asyncio.create_task(board.keep_current())
    await asyncio.wait_for(door.told.wait(), 2)
    return board, watching


async def taken(board: Board, person: Person = OPERATOR) -> Job:
    async with asyncio.timeout(2):
        return await board.take(person)


async def test_numbers_that_act_on_medicine_are_left_to_real_people() -> None:
    board, watching = await look(FakeDoor(task("recipe", "", case="", rank=0), task("separate", "B-3")))
    assert (await taken(board)).kind == "separate"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await board.take(OTHER)
    watching.cancel()


async def test_the_most_pressing_task_is_handed_out_first_and_to_one_person_only() -> None:
    board, watching = await look(FakeDoor(task("place-pail", "B-2"), task("charge", "B-1"), task("separate", "B-3")))
    assert [(await taken(board)).kind, (await taken(board, OTHER)).kind] == ["charge", "place-pail"]
    watching.cancel()


async def test_what_was_finished_is_not_handed_out_before_a_later_list_has_it_too() -> None:
    door = FakeDoor(task())
    board, watching = await look(door)
    job = await taken(board)
    asked = door.asked
    board.finish(job)
    again = await taken(board)
    assert again.key == job.key
    assert door.asked > asked
    watching.cancel()


async def test_what_was_put_back_waits_until_its_time() -> None:
    board, watching = await look(FakeDoor(task()))
    board.put_back(await taken(board), not_before=NOW + 4 * MINUTE)
    began = asyncio.get_running_loop().time()
    await taken(board)
    assert asyncio.get_running_loop().time() - began > 0.8
    watching.cancel()


async def test_a_late_packet_is_handed_out_shortly_before_its_window_opens() -> None:
    soon, much_later = NOW + 5 * MINUTE, NOW + 60 * MINUTE
    door = FakeDoor(task("add-late", "B-9", opens_at=much_later), task("add-late", "B-1", opens_at=soon))
    board, watching = await look(door)
    job = await taken(board)
    assert (job.task["batch"], soon) == ("B-1", job.task["opens_at"])
    watching.cancel()


async def test_a_pail_is_filled_by_whoever_began() -> None:
    board, watching = await look(FakeDoor(task("draw", details={"dispenser": OTHER.badge})))
    mine, theirs = asyncio.create_task(board.take(OPERATOR)), asyncio.create_task(taken(board, OTHER))
    await theirs
    assert not mine.done()
    mine.cancel()
    watching.cancel()


async def test_a_task_of_somebody_who_is_not_one_of_us_may_be_taken_on() -> None:
    board, watching = await look(FakeDoor(task("draw", details={"dispenser": "A-REAL"})))
    assert (await taken(board)).kind == "draw"
    watching.cancel()


async def test_a_detour_takes_the_place_of_its_task_until_it_was_acted() -> None:
    script = Script({"N-B-1": {"act": "scrap", "at": "charge"}})
    door = FakeDoor(task())
    board, watching = await look(door, script)
    due, entry = await asyncio.wait_for(script.due.get(), 2)
    waiting = asyncio.create_task(taken(board))
    await asyncio.sleep(0.6)
    assert (entry["act"], waiting.done(), script.due.empty()) == ("scrap", False, True)
    script.done(due)
    assert (await waiting).kind == "charge"
    watching.cancel()


def test_only_a_scripted_parcel_comes_back() -> None:
    script = Script({"N-1": {"act": "undelivered", "outcome": "refused"}})
    assert (script.outcome("N-1"), script.outcome("N-2")) == ("refused", "delivered")
