"""What ails the process: said when it begins and when it ends, by the limits of the table, and never in a circle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from immutables import Map

from controller.formulary import load_alarms
from controller.model.alarm import Ailment, Alarm, AlarmState, Priority
from controller.model.floor import Floor
from controller.model.intents import ReportSelf, Tick
from controller.pipeline import handle
from controller.runtime import ailments as module
from controller.runtime.ailments import Ailments, watch_disk
from controller.runtime.inbox import Lane
from tests import pure_line
from tests.runtime_fakes import running_line, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from controller.model.intents import ExternalIntent
    from controller.model.world import World
    from controller.pipeline import Outcome

RULES = load_alarms().rules


def told(*, floor: Floor | None = None) -> tuple[Ailments, list[ReportSelf]]:
    posted: list[ReportSelf] = []
    return Ailments(posted.append, RULES, floor or Floor()), posted


def test_what_lasts_is_said_once_and_its_end_once() -> None:
    ails, posted = told()
    for lag_s in (0.2, 1.2, 3.0, 0.9, 0.1, 1.3):
        ails.late(lag_s)
    assert [(one.ailment, one.detail) for one in posted] == [
        (Ailment.LOOP_LATE, "1.2"),
        (Ailment.LOOP_LATE, ""),
        (Ailment.LOOP_LATE, "1.3"),
    ]


def test_a_disk_has_room_again_only_by_the_deadband() -> None:
    ails, posted = told()
    rule = RULES["disk-low"]
    for percent in (
        rule.limit,
        rule.limit - 0.1,
        rule.limit + 0.1,
        rule.limit - 0.1,
        rule.limit + rule.deadband["percent"],
    ):
        ails.disk_free(percent)
    assert [one.detail for one in posted] == ["9.9", ""]


def test_commits_are_slow_until_they_are_clearly_not() -> None:
    ails, posted = told()
    for took_s in (0.01, 1.5, 0.9, 0.2):
        ails.committed(took_s)
    assert [one.detail for one in posted] == ["1.5", ""]


def test_what_a_former_process_left_behind_is_ended_by_this_one() -> None:
    left = Alarm("disk-low:line", "disk-low", "line", Priority.MEDIUM, 1)
    ails, posted = told(floor=Floor(alarms=Map({left.id: left})))
    ails.disk_free(50.0)
    assert posted == [ReportSelf(Ailment.DISK_LOW, "")]


def test_errors_that_come_by_the_hundred_are_told_now_and_then() -> None:
    ails, posted = told()
    for _ in range(300):
        ails.failed("ScanCode")
    assert posted == [ReportSelf(Ailment.INTERNAL_ERROR, "ScanCode"), ReportSelf(Ailment.INTERNAL_ERROR, "")]


async def test_the_disk_is_looked_at_and_one_that_cannot_be_looked_at_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    seen: list[float] = []
    folder = tmp_path / "state"
    looking = asyncio.create_task(watch_disk(folder, seen.append))
    await asyncio.sleep(0.05)
    assert not seen
    folder.mkdir()
    await until(lambda: len(seen) > 1)
    looking.cancel()
    assert 0 <= seen[0] <= 100


async def test_a_rule_that_fails_is_an_alarm_on_the_floor_and_the_line_goes_on() -> None:
    def rules(floor: Floor, intent: ExternalIntent, world: World) -> Outcome:
        if isinstance(intent, Tick):
            raise KeyError("a defect")
        return handle(floor, intent, world)

    async with running_line(handle=rules, floor=pure_line.PureLine.ready().floor.stored()) as run:
        answer = await run.line.submit(Tick(), lane=Lane.MACHINES)
        assert answer.refusal is not None
        await until(lambda: "internal-error:line" in run.line.floor.alarms)
        alarm = run.line.floor.alarms["internal-error:line"]
        await until(lambda: run.line.floor.alarms["internal-error:line"].state is AlarmState.LATCH)
        assert alarm.detail == "Tick"


async def test_a_mistake_in_telling_of_mistakes_does_not_tell_for_ever() -> None:
    asked: list[Any] = []

    def rules(_floor: Floor, intent: ExternalIntent, _world: World) -> Outcome:
        asked.append(intent)
        raise KeyError("everything fails")

    async with running_line(handle=rules) as run:
        await run.line.submit(Tick(), lane=Lane.MACHINES)
        await run.line.submit(Tick(), lane=Lane.MACHINES)
        await asyncio.sleep(0.05)
    assert len(asked) == 4, "two ticks, and one error with its end"
