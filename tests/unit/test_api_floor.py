"""What stands on the floor, read over HTTP: order, pages, one prescription, machines with their ages, alarms, health."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.api.alarms import _rank
from controller.api.machines import Board
from controller.logs import describe
from controller.model import intents as i
from controller.model.alarm import Alarm, Priority
from controller.store import ReadFailed
from devices.model import LinkState
from tests.api_rig import PIN, Rig, body, rig
from tests.pure_line import START, badge

LIST = "/api/v1/prescriptions"


async def three(api: Rig) -> list[str]:
    """Return three prescriptions, the most pressing first."""
    routine = await api.receive(prescription_no="T-1")
    urgent = await api.receive(prescription_no="T-2", urgency="urgent")
    api.clock.at += 60_000
    later = await api.receive(prescription_no="T-3", urgency="urgent")
    return [urgent, later, routine]


async def test_open_prescriptions_come_in_the_order_of_the_time_left() -> None:
    async with rig() as api:
        wanted = await three(api)
        page = (await api.get("screen", LIST)).json()
        assert [row["id"] for row in page["items"]] == wanted
        assert page["cursor"] is None
        assert page["items"][0]["slack_s"] < page["items"][1]["slack_s"] < page["items"][2]["slack_s"]


async def test_pages_follow_each_other_though_the_floor_changes() -> None:
    async with rig() as api:
        wanted = await three(api)
        first = (await api.get("screen", LIST, limit=1)).json()
        assert [row["id"] for row in first["items"]] == wanted[:1]
        await api.post("hospital", f"{LIST}/{wanted[0]}/cancel", {})
        second = (await api.get("screen", LIST, limit=1, cursor=first["cursor"])).json()
        third = (await api.get("screen", LIST, limit=5, cursor=second["cursor"])).json()
        assert [row["id"] for row in (*second["items"], *third["items"])] == wanted[1:]
        assert third["cursor"] is None


async def test_a_table_that_waits_is_shown_with_its_changes_their_layers_and_what_is_wrong_here() -> None:
    async with rig() as api:
        before = api.line.book.recipes
        content = json.loads(before.content) | {"version": "ours-1", "soak_minutes": 40, "fill_share": 0.1}
        content["classes"]["tonic"]["boil_minutes"] = [50, 30]
        ours = replace(
            before,
            version="ours-1",
            soak_minutes=40,
            fill_share=0.1,
            content=json.dumps(content, sort_keys=True),
            site_keys=frozenset({"version", "soak_minutes", "fill_share"}),
        )
        api.line.book = replace(api.line.book, recipes=ours)
        view = (await api.get("screen", "/api/v1/recipe")).json()
        assert (view["version"], view["approved"], view["before"]) == ("ours-1", False, before.version)
        assert {one["place"]: (one["layer"], one["old"], one["new"]) for one in view["changes"]} == {
            "version": ("site", f'"{before.version}"', '"ours-1"'),
            "soak_minutes": ("site", "30", "40"),
            "fill_share": ("site", "0.65", "0.1"),
            "classes.tonic.boil_minutes": ("classes.tonic", "[45, 35]", "[50, 30]"),
        }
        assert {(one["place"], one["rule"]) for one in view["flaws"]} == {("fill_share", "foams-over")}
        assert "溢出" in view["flaws"][0]["text_zh"]
        api.clock.at += 60_000
        signed = await api.intend("release", "ApproveRecipe", "reviewer", pin=PIN, digest=view["digest"], note="停用")
        assert signed.status_code == 200, signed.text
        after = (await api.get("screen", "/api/v1/recipe")).json()
        assert (after["approved"], [one["version"] for one in after["versions"]]) == (True, [before.version, "ours-1"])


@pytest.mark.parametrize("cursor", ["x", "e30=", "WzEsMl0=", "WyJhIiwiYiJd", "W1tbW1tbW1tbW1tbW1s="])
async def test_a_cursor_that_is_not_ours_is_an_error(cursor: str) -> None:
    async with rig() as api:
        answer = await api.get("screen", LIST, cursor=cursor)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")


async def test_a_status_asks_for_those_alone_and_an_unknown_one_is_an_error() -> None:
    async with rig() as api:
        wanted = await three(api)
        await api.approve(wanted[0])
        rows = (await api.get("screen", LIST, status="in_review")).json()["items"]
        assert [row["id"] for row in rows] == wanted[1:]
        assert (await api.get("screen", LIST, status="lost")).status_code == 422
        assert (await api.get("screen", LIST, limit=0)).status_code == 422


async def test_one_prescription_is_shown_whole() -> None:
    async with rig() as api:
        case, parcel = await api.parcel()
        view = (await api.get("dispatch", f"{LIST}/{case}")).json()
        assert view["parcel"]["code"] == parcel
        assert view["timeline"][0]["kind"] == "PrescriptionReceived"
        assert view["batches"][0]["missing"] == [["handover.scan", ""], ["delivery.receipt", ""]]
        assert all(item["weighed"] and item["lot"] for item in view["items"])
        assert {point["gate"] for point in view["batches"][0]["checkpoints"]} == {
            "source",
            "storage",
            "review",
            "decoction",
        }


async def test_the_line_is_counted_by_status() -> None:
    async with rig() as api:
        wanted = await three(api)
        await api.approve(wanted[0])
        view = (await api.get("courier", "/api/v1/line")).json()
        assert view["counts"] == {"in_review": 2, "approved": 1}
        assert (view["line"], view["speed"], view["seq"]) == ("A", 60, api.line.seq)
        assert view["timezone"] == "Asia/Shanghai"


async def test_tasks_are_told_by_role_and_kind_the_most_pressing_first() -> None:
    async with rig() as api:
        wanted = await three(api)
        await api.approve(wanted[2])
        told = (await api.get("dispensing", "/api/v1/tasks")).json()
        assert [(task["kind"], task["case"]) for task in told] == [
            ("review", wanted[0]), ("review", wanted[1]), ("bind-pail", wanted[2]),
        ]  # fmt: skip
        assert all(task["text_zh"] and task["text_en"] for task in told)
        mine = (await api.get("dispensing", "/api/v1/tasks", role="dispenser")).json()
        assert [task["kind"] for task in mine] == ["bind-pail"]
        assert len((await api.get("dispensing", "/api/v1/tasks", kind="review", limit=1)).json()) == 1


async def test_a_machine_is_shown_with_quality_and_age_and_stale_when_its_link_is() -> None:
    async with rig() as api:
        now_s = [100.0]
        api.app.state.desk.board.now_s = lambda: now_s[0]
        api.fleet.see("pot-01", 99.4, received_s=99.0)
        rows = {row["id"]: row for row in (await api.get("screen", "/api/v1/machines")).json()}
        assert rows["pot-01"]["readings"]["ActualTemperature"] == {
            "value": 99.4, "unit": "Cel", "quality": "good", "reason": "", "at": START, "age_s": 1.0,
        }  # fmt: skip
        assert (rows["pot-02"]["link"], rows["pot-02"]["age_s"], rows["pot-02"]["readings"]) == ("never", -1.0, {})
        now_s[0] = 160.0
        api.fleet.links["pot-01"] = LinkState.STALE
        old = (await api.get("screen", "/api/v1/machines/pot-01")).json()
        assert (old["readings"]["ActualTemperature"]["quality"], old["age_s"]) == ("stale", 61.0)
        listed = (await api.get("screen", "/api/v1/machines")).json()
        assert next(row for row in listed if row["id"] == "pot-01") == old
        assert (await api.get("screen", "/api/v1/machines/pot-99")).status_code == 404


async def test_the_board_tells_only_what_changed_and_ages_what_did_not() -> None:
    async with rig() as api:
        now_s = [0.0]
        board = Board(api.context, lambda: now_s[0])
        api.fleet.see("pot-01", 20.0)
        version, everything = board.since(0)
        assert len(json.loads(everything)) == len(api.line.book.machines)
        now_s[0] = 0.3
        assert board.since(version) == (version, b"")
        now_s[0] = 5.0
        assert board.since(version) == (version, b"")
        assert json.loads(board.everything())[0]["age_s"] == 5.0
        api.fleet.see("pot-01", 21.0, received_s=5.2)
        assert board.since(version) == (version, b"")  # not more often than four times a second
        now_s[0] = 5.3
        newer, changed = board.since(version)
        assert newer > version
        assert [row["id"] for row in json.loads(changed)] == ["pot-01"]


async def test_a_curve_marks_its_gaps() -> None:
    async with rig() as api:
        batch = await api.approve(await api.receive())
        api.store.points[batch, "ActualTemperature"] = [(START, 20.0, "good"), (START + 1, None, "stale")]
        view = (await api.get("hospital", f"/api/v1/batches/{batch}/curve")).json()
        assert [point["value"] for point in view["points"]] == [20.0, None]
        assert (await api.get("screen", f"/api/v1/batches/{batch}/curve", tag="'; drop")).status_code == 422
        assert (await api.get("screen", "/api/v1/batches/B-NONE/curve")).status_code == 404


async def test_alarms_say_what_is_wrong_what_follows_and_what_to_do() -> None:
    async with rig() as api:
        await api.line.submit(i.ReportLink("pot-01", LinkState.STALE))
        alarm = (await api.get("screen", "/api/v1/alarms")).json()[0]
        assert (alarm["id"], alarm["state"]) == ("link-stale:pot-01", "UNACK")
        assert "pot-01" in alarm["text_zh"]
        assert alarm["action_zh"]
        assert alarm["action_en"]
        path = "/api/v1/alarms/link-stale:pot-01/acknowledge"
        seen = await api.post("floor", path, {"actor": badge("operator")})
        assert seen.status_code == 200
        assert (await api.get("screen", "/api/v1/alarms")).json()[0]["state"] == "ACKED"
        assert (await api.post("floor", path, {"actor": badge("operator")})).json()["rule"] == "already-done"
        assert (await api.post("screen", path, {"actor": badge("operator")})).status_code == 403


def test_every_alarm_of_the_line_has_words_and_the_gravest_comes_first() -> None:
    low = Alarm("a", "fault", "x", Priority.LOW, 5)
    high = replace(low, priority=Priority.HIGH, raised_at=1)
    over = replace(high, active=False)
    assert sorted([over, low, high], key=_rank) == [high, low, over]


async def test_health_is_open_and_readiness_waits() -> None:
    async with rig() as api:
        assert (await api.http.get("/healthz")).status_code == 200
        assert (await api.http.get("/readyz")).status_code == 200
        api.is_ready[0] = False
        assert (await api.http.get("/readyz")).status_code == 503
        assert (await api.get("screen", "/metrics")).text.startswith("decoct_")


async def test_the_document_tells_every_body_answer_and_problem() -> None:
    async with rig() as api:
        document: dict[str, Any] = (await api.http.get("/openapi.json")).json()
        schemas = document["components"]["schemas"]
        references = set(_references(document))
        assert references
        assert {reference.rpartition("/")[2] for reference in references} <= schemas.keys()
        assert {"class", "items", "patient"} <= schemas["PrescriptionBody"]["properties"].keys()
        for path, ways in document["paths"].items():
            for method, operation in ways.items():
                assert "default" in operation["responses"], (path, method)
        assert "HTTPValidationError" not in schemas


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/api/v1", "/api/v1/prescriptions/", "/api/v2/line", "/%00", "/api/v1/machines/%ff"]
)
async def test_what_does_not_exist_is_a_problem_too(path: str) -> None:
    async with rig() as api:
        answer = await api.get("screen", path)
        assert answer.status_code in {404, 422}
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert (await api.http.put("/api/v1/line", headers={"authorization": "Bearer key-screen"})).status_code == 405


async def test_a_store_that_cannot_be_read_asks_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig() as api:

        def fails(*_: object, **__: object) -> None:
            raise ReadFailed("测试患者001")

        for name in ("row", "closed_cases", "intakes"):
            monkeypatch.setattr(api.store, name, fails)
        answers = [
            await api.get("screen", f"{LIST}/R-NONE"),
            await api.get("screen", LIST, status="delivered"),
            await api.post("hospital", LIST, body()),
        ]
        assert {(answer.status_code, answer.json()["rule"]) for answer in answers} == {(503, "store-unreadable")}


async def test_a_bug_answers_500_and_neither_answer_nor_log_says_whom_it_was_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with rig() as api:

        def fails(*_: object) -> None:
            raise KeyError("测试患者001")

        monkeypatch.setattr("controller.api.floor.prescription_row", fails)
        await api.receive()
        with capture_logs() as logs:
            answer = await api.get("screen", LIST)
        assert (answer.status_code, answer.json()["rule"]) == (500, "internal-error")
        ((event),) = logs
        assert event["route"] == LIST
        assert "测试患者" not in answer.text + str(describe(event["exc_info"]))
