"""What simulated people do at a task: they settle, sign, err now and then, and count a mistake by the answer it got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from controller.staff import alarms, dispensing, operators, pharmacists
from controller.staff.board import Board, Job
from controller.staff.crew import Crew, PutDown
from controller.staff.door import Reply
from controller.staff.mistakes import Mistakes
from controller.staff.plant_time import PlantTime
from controller.staff.prescribers import answer_to
from controller.staff.script import Script
from controller.staff.settings import Keys, Person, Settings
from controller.staff.shift import earlier_mistakes
from tests.unit.test_staff_board import NOW, task

if TYPE_CHECKING:
    from pathlib import Path

MINUTES = dict.fromkeys(
    ("review", "hold", "draw", "weigh", "verify", "charge", "separate", "release", "add-late", "bind-pail"), 0.0
)
PERSON = Person("A-1", "模拟药师1", ("pharmacist",), "482913")


class SayingDoor:
    """Keeps what was said; answers by the first rule that fits, else with 200."""

    def __init__(self, *refusals: tuple[str, object, str]) -> None:
        self.said: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.seen: Any = {}
        self._refusals = list(refusals)

    async def post(self, path: str, _key: str, body: dict[str, Any]) -> Reply:
        self.said.append(body)
        self.paths.append(path)
        for field, value, rule in self._refusals:
            if body.get(field) == value:
                return Reply(409, {"rule": rule})
        return Reply(200, {})

    async def get(self, _path: str, _key: str, _params: object = None) -> Reply:
        return Reply(200, self.seen)


def crew(door: SayingDoor, *, rate: float = 0.0, tmp: Any = None) -> Crew:
    stations = {
        "review": ["review-1"],
        "release": ["release-1"],
        "dispensing": ["d-1"],
        "verification": ["v-1"],
        "floor": ["f-1"],
    }
    keys = Keys(
        {"RS-TCM": "h"}, {name: f"key-{name}" for names in stations.values() for name in names}, {"courier-1": "c"}
    )
    settings = Settings("http://127.0.0.1:1", tmp, MINUTES, 60.0, stations, ("T-1",), {}, None)
    time, script = PlantTime(), Script({})
    time.hear({"now": NOW, "speed": 240}, 0.0)  # type: ignore[typeddict-item, arg-type] - all that it reads
    board = Board(door, "key", time, script, {PERSON.badge})  # type: ignore[arg-type]
    return Crew(settings, keys, (PERSON,), door, time, board, Mistakes(1, rate), script)  # type: ignore[arg-type]


def finding(
    rule: str, *herbs: str, settles: str = "prescriber", proposal: str = "", signed: str = ""
) -> dict[str, Any]:
    return {"rule": rule, "herbs": list(herbs), "settles": settles, "proposal": proposal, "overridden_by": signed,
            "text_zh": "", "text_en": "", "source": ""}  # fmt: skip


def returned(*findings: dict[str, Any], pregnant: bool | None = None) -> Any:
    return {"findings": findings, "patient": {"pregnant": pregnant}, "prescriber": "测试医师01", "version": 3}


def test_each_finding_is_signed_again_by_an_override_of_its_own() -> None:
    asked = (
        finding("dose-above-range", "细辛"),
        finding("dose-above-range", "黄连"),
        finding("pregnancy-unknown", "桃仁", "红花"),
    )
    answer = answer_to(
        returned(*asked, finding("pregnancy-caution", "牛膝", signed="测试医师01")), "2026-11-22T10:00:00+00:00"
    )
    assert answer["version"] == 3
    signed = [(one["rule"], one["herbs"]) for one in answer["overrides"]]
    assert signed == [
        ("dose-above-range", ["细辛"]),
        ("dose-above-range", ["黄连"]),
        ("pregnancy-unknown", ["桃仁", "红花"]),
    ]
    assert all(one["reason"] and one["signed_by"] == "测试医师01" for one in answer["overrides"])


@pytest.mark.parametrize(
    ("one", "pregnant", "withdrawn"),
    [
        (finding("incompatible-pair", "海藻", "甘草"), None, True),
        (finding("pregnancy-forbidden", "三棱"), True, True),
        (finding("pregnancy-caution", "牛膝"), True, False),
        (finding("pregnancy-unknown", "三棱"), None, False),
        (finding("allergy-match", "桂枝"), None, True),
    ],
)
def test_what_must_not_be_made_is_withdrawn(one: dict[str, Any], pregnant: bool | None, withdrawn: bool) -> None:
    assert (answer_to(returned(one, pregnant=pregnant), "")).get("withdraw", False) is withdrawn


async def test_the_reviewer_sends_back_what_only_the_prescriber_can_settle() -> None:
    door = SayingDoor()
    door.seen = {"findings": [finding("dose-above-range", "细辛"), finding("class-not-stated", settles="reviewer")]}
    await pharmacists.review(crew(door), PERSON, Job(task("review")))  # type: ignore[arg-type]
    assert [(said["type"], said["decision"], said["pin"]) for said in door.said] == [("SignReview", "return", "482913")]


async def test_the_reviewer_settles_class_and_handling_as_proposed() -> None:
    door = SayingDoor()
    door.seen = {
        "findings": [
            finding("class-not-stated", settles="reviewer", proposal="general"),
            finding("handling-missing", "石膏", settles="reviewer", proposal="decoct-first"),
        ]
    }
    await pharmacists.review(crew(door), PERSON, Job(task("review")))  # type: ignore[arg-type]
    said = door.said[0]
    assert (said["decision"], said["recipe_class"], said["handlings"]) == (
        "approve",
        "general",
        {"石膏": "decoct-first"},
    )


def held(*choices: str, reason: str = "fault") -> Job:
    return Job(task("hold", choices=list(choices), details={"reason": reason, "machine": "pot-01"}))  # type: ignore[arg-type]


async def test_a_hold_is_ended_by_the_mildest_choice_and_by_the_next_after_three_that_did_not_help() -> None:
    door = SayingDoor()
    people = crew(door)
    for _ in range(4):
        await pharmacists.hold(people, PERSON, held("scrap", "run_deficit"))
    assert [said["type"] for said in door.said] == ["RunDeficit"] * 3 + ["Scrap"]


async def test_a_batch_is_not_scrapped_because_its_machine_is_away_for_a_moment_but_for_good() -> None:
    door = SayingDoor(("type", "RunDeficit", "machine-not-ready"))
    people = crew(door)
    for _ in range(30):
        with pytest.raises(PutDown, match="machine-not-ready"):
            await pharmacists.hold(people, PERSON, held("scrap", "run_deficit"))
    await pharmacists.hold(people, PERSON, held("scrap", "run_deficit"))
    assert [said["type"] for said in door.said] == ["RunDeficit"] * 30 + ["Scrap"]


@pytest.mark.parametrize(
    ("step", "level_ml", "signed"),
    [("charge", 0.0, "Retry"), ("charge", 6000.0, "AssumeOk"), ("drain.1", 6000.0, "Retry"), ("drain.1", 0.0, "AssumeOk")],
)  # fmt: skip
async def test_an_order_in_doubt_is_settled_by_what_the_pharmacist_sees_in_the_pot(
    step: str, level_ml: float, signed: str
) -> None:
    door = SayingDoor()
    door.seen = {"order_step": step, "readings": {"Level": {"value": level_ml}}}
    await pharmacists.hold(crew(door), PERSON, held("retry", "assume_ok", "scrap", reason="unknown"))
    assert [(said["type"], said["pin"]) for said in door.said] == [(signed, "482913")]


async def test_nobody_empties_a_pot_that_has_only_lost_its_link() -> None:
    door = SayingDoor()
    with pytest.raises(PutDown, match="link"):
        await pharmacists.hold(crew(door), PERSON, held("migrate", "scrap", reason="link-stale.pot-01"))
    assert not door.said


async def test_another_pot_is_tried_before_a_batch_is_destroyed() -> None:
    door = SayingDoor(("type", "RunDeficit", "machine-not-ready"))
    people = crew(door)
    for _ in range(30):
        with pytest.raises(PutDown, match="machine-not-ready"):
            await pharmacists.hold(people, PERSON, held("run_deficit", "migrate", "scrap"))
    door.said.clear()
    await pharmacists.hold(people, PERSON, held("run_deficit", "migrate", "scrap"))
    assert [said["type"] for said in door.said] == ["Migrate"]


async def test_a_step_that_can_be_left_out_is_tried_again_first_and_left_out_before_all_is_destroyed() -> None:
    door = SayingDoor()
    people = crew(door)
    for _ in range(4):
        await pharmacists.hold(people, PERSON, held("continue", "skip", "scrap"))
    assert [(said["type"], said["pin"]) for said in door.said] == [*[("Continue", "482913")] * 3, ("Skip", "482913")]


async def test_an_alarm_that_nobody_has_seen_is_acknowledged_and_no_other() -> None:
    door = SayingDoor()
    door.seen = [
        {"id": f"{state}:pot-01", "state": state} for state in ("UNACK", "ACKED", "RTNUN", "LATCH", "SHLVD", "OOSRV")
    ]
    await alarms.acknowledge_unseen(crew(door))
    assert door.paths == [f"/api/v1/alarms/{state}:pot-01/acknowledge" for state in ("UNACK", "RTNUN", "LATCH")]
    assert {said["actor"] for said in door.said} == {PERSON.badge}


async def test_minutes_that_nobody_can_see_are_asked_for_again_and_then_given_up() -> None:
    door = SayingDoor()
    door.seen = {"order_step": "boil.1", "readings": {"Level": {"value": 6000.0}}}
    people = crew(door)
    for _ in range(4):
        await pharmacists.hold(people, PERSON, held("retry", "scrap", reason="unknown"))
    assert [said["type"] for said in door.said] == ["Retry"] * 3 + ["Scrap"]


async def test_a_careful_dispenser_weighs_inside_the_tolerance() -> None:
    door, details = SayingDoor(), {"herb": "桂枝", "grams": 63.0, "tolerance_g": 3.15, "times": 2}
    await dispensing.draw(crew(door), PERSON, Job(task("draw", codes=["D-1"], details=details)))  # type: ignore[arg-type]
    assert door.said[0]["code"] == "D-1"
    weights = [said["grams"] for said in door.said if said.get("type") == "RecordWeight"]
    assert len(weights) == 2
    assert all(abs(grams - 63.0) <= 3.15 for grams in weights)


async def test_a_failed_lot_is_left_for_the_next_drawer() -> None:
    door, details = (
        SayingDoor(("code", "D-1", "lot-failed")),
        {"herb": "茯苓", "grams": 9.0, "tolerance_g": 0.5, "times": 1},
    )
    await dispensing.draw(crew(door), PERSON, Job(task("draw", codes=["D-1", "D-2"], details=details)))  # type: ignore[arg-type]
    assert [said["code"] for said in door.said if "code" in said] == ["D-1", "D-2"]


async def test_a_mistake_is_refused_on_a_4xx_and_recorded_on_anything_else() -> None:
    door, details = SayingDoor(), {"herb": "桂枝", "grams": 9.0, "tolerance_g": 0.5, "times": 1}
    door.seen = {"items": [{"herb": "桂枝"}]}
    people = crew(door, rate=1.0)
    people.drawers["麻黄"] = "D-9"
    door._refusals.append(("code", "D-9", "wrong-drawer"))
    await dispensing.draw(people, PERSON, Job(task("draw", codes=["D-1"], details=details)))  # type: ignore[arg-type]
    assert people.mistakes.refused == {"wrong-drawer": 1}
    assert people.mistakes.recorded == {"scanned-twice": 1, "weight": 1}
    assert people.mistakes.summary() == {"made": 3, "refused": 1, "recorded": 2}


async def test_a_late_packet_that_was_forgotten_is_a_mistake_that_nobody_could_refuse() -> None:
    door = SayingDoor()
    people = crew(door, rate=1.0)
    await operators.add_late(people, PERSON, Job(task("add-late", opens_at=NOW, closes_at=NOW + 600_000)))  # type: ignore[arg-type]
    assert (door.said, people.mistakes.recorded) == ([], {"late-missed": 1})


async def test_a_part_made_apart_is_attested_after_its_minutes() -> None:
    door = SayingDoor()
    people, job = crew(door), Job(task("separate", details={"herb": "西洋参", "least_minutes": 120}))  # type: ignore[arg-type]
    with pytest.raises(PutDown) as put_down:
        await operators.separate(people, PERSON, job)
    assert put_down.value.not_before >= people.time.now() + 119 * 60_000
    people.begun[job.task["code"]] -= 121 * 60_000
    await operators.separate(people, PERSON, job)
    assert door.said[0]["minutes"] == 120


def test_mistakes_of_staff_who_died_stay_counted(tmp_path: Path) -> None:
    kept = tmp_path / "staff-summary.json"
    assert earlier_mistakes(kept) == {}
    kept.write_text('{"mistakes": {"made": 3, "refused": 2, "recorded": 1}}', encoding="utf-8")
    mistakes = Mistakes(1, 0.0, earlier_mistakes(kept))
    mistakes.unnoticed("late-missed")
    assert mistakes.summary() == {"made": 4, "refused": 2, "recorded": 2}
