"""Hospitals' calls: taken once, answered the same, and nothing of the patient in a fact."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from controller.api.known import Known
from controller.model.case import Status
from controller.runtime.inbox import LineBusy
from controller.store import ReadFailed
from controller.store.codec import encode
from tests.api_rig import PIN, MemoryStore, Rig, body, rig

PATH = "/api/v1/prescriptions"
HOSTILE = "[@click=app.release('B-001')]张\u202e三[/]\x1b]0;x\x07\u009b2J[a='\u200b"


async def test_a_prescription_is_taken_and_the_answer_says_what_was_promised() -> None:
    async with rig() as api:
        answer = await api.post("hospital", PATH, body())
        assert answer.status_code == 201
        told = answer.json()
        assert set(told) == {"id", "status", "promised_at", "promise_at_risk", "findings"}
        assert told["promised_at"] == "2026-11-23T18:00:00+08:00"
        assert api.line.floor.cases[told["id"]].prescription.items[0].herb == "桂枝"


async def test_the_same_content_again_gets_the_first_answers_bytes() -> None:
    async with rig() as api:
        first = await api.post("hospital", PATH, body())
        again = json.loads(json.dumps(body()))
        again["items"][4]["grams"] = 6
        again["patient"]["name"] = " 测试患者001\u200b"
        second = await api.post("hospital", PATH, again)
        assert (second.status_code, second.content) == (200, first.content)
        assert len(api.store.taken) == 1


async def test_other_content_under_the_same_version_is_a_conflict_that_says_what_differs() -> None:
    async with rig() as api:
        await api.post("hospital", PATH, body())
        other = body(doses=5)
        other["patient"] = {**other["patient"], "name": "测试患者002", "allergies": None}
        other["items"] = other["items"][:-1]
        answer = await api.post("hospital", PATH, other)
        assert (answer.status_code, answer.json()["rule"]) == (409, "content-differs")
        assert answer.json()["diff"] == {
            "/doses": [7, 5],
            "/items/4/grams": [6.0, None],
            "/items/4/handling": ["none", None],
            "/items/4/herb": ["炙甘草", None],
            "/patient/allergies": [[], None],
            "/patient/name": ["测试患者001", "测试患者002"],
        }


async def test_twenty_posts_at_once_are_stored_once_and_all_get_its_answer() -> None:
    async with rig() as api:
        answers = await asyncio.gather(*(api.post("hospital", PATH, body()) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert len({answer.content for answer in answers}) == 1
        assert len(api.line.floor.cases) == len(api.store.taken) == len(api.store.subjects) == 1


async def test_a_newer_version_takes_the_place_of_one_that_nobody_has_weighed() -> None:
    async with rig() as api:
        case = await api.receive()
        answer = await api.post("hospital", PATH, body(version=2, doses=3))
        assert (answer.status_code, answer.json()["id"]) == (201, case)
        assert api.line.floor.cases[case].prescription.doses == 3
        lower = await api.post("hospital", PATH, body(version=1, doses=4))
        assert lower.json()["rule"] == "content-differs"
        first = await api.post("hospital", PATH, body())
        assert first.status_code == 200


async def test_a_version_lower_than_the_newest_is_refused() -> None:
    async with rig() as api:
        await api.receive(version=3)
        answer = await api.post("hospital", PATH, body(version=2))
        assert (answer.status_code, answer.json()["rule"]) == (409, "version-lower")


async def test_a_newer_version_after_weighing_holds_and_answers_202() -> None:
    async with rig() as api:
        case = await api.receive()
        await weigh_one(api, case)
        answer = await api.post("hospital", PATH, body(version=2, doses=3))
        assert (answer.status_code, answer.json()["status"]) == (202, "held")
        assert api.line.floor.cases[case].prescription.doses == 7
        again = await api.post("hospital", PATH, body(version=2, doses=3))
        assert (again.status_code, again.content) == (200, answer.content)


async def weigh_one(api: Rig, case: str) -> str:
    batch = await api.approve(case)
    pail = min(api.line.book.pails)
    assert (await api.scan("dispensing", pail, batch, "dispenser", "nonce-pail")).status_code == 200
    herb = api.line.floor.batches[batch].plan.items[0]
    drawer = next(lot.drawer for lot in api.line.floor.lots.values() if lot.herb == herb.herb)
    assert (await api.scan("dispensing", drawer, pail, "dispenser", "nonce-drawer")).status_code == 200
    weighed = await api.intend("dispensing", "RecordWeight", "dispenser", batch=batch, herb=herb.herb, grams=herb.grams)
    assert weighed.status_code == 200, weighed.text
    return batch


async def test_an_ended_prescription_is_not_taken_up_again() -> None:
    async with rig() as api:
        case = await api.receive()
        cancelled = await api.post("hospital", f"{PATH}/{case}/cancel", {"reason": "重复开方"})
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert (await api.post("hospital", PATH, body())).status_code == 200
        newer = await api.post("hospital", PATH, body(version=2))
        assert (newer.status_code, newer.json()["rule"]) == (409, "prescription-ended")


async def test_a_cancellation_needs_no_body() -> None:
    async with rig() as api:
        case = await api.receive()
        answer = await api.http.post(f"{PATH}/{case}/cancel", headers={"authorization": "Bearer key-hospital"})
        assert answer.json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("changes", "rule"), [({"preparation": "paste"}, "not-made-here"), ({"route": "enema"}, "not-made-here")]
)
async def test_what_the_site_cannot_make_is_told_as_unprocessable(changes: dict[str, Any], rule: str) -> None:
    async with rig() as api:
        answer = await api.post("hospital", PATH, body(**changes))
        assert (answer.status_code, answer.json()["rule"]) == (422, rule)
        assert not api.store.taken


async def test_errors_that_need_the_formulary_or_the_calendar_are_told_at_once_too() -> None:
    async with rig() as api:
        wrong = body(issued_at="2026-11-22T08:00:00")
        wrong["items"][1] = {"herb": "没有这味药", "grams": 1.2345, "handling": "none"}
        wrong["patient"]["birth_date"] = "1999-02-30"
        wrong["patient"]["name"] = "\u200b\u202e"
        wrong["delivery"]["address"] = ""
        wrong["prescriber"]["overrides"] = [
            {
                "rule": "dose-above-range",
                "herbs": ["无此药"],
                "reason": "\x00",
                "signed_by": "测试医师01",
                "signed_at": "1" * 20,
            }
        ]
        answer = await api.post("hospital", PATH, wrong)
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {
            "/issued_at", "/items/1/herb", "/items/1/grams", "/patient/birth_date", "/patient/name",
            "/delivery/address", "/prescriber/overrides/0/herbs/0", "/prescriber/overrides/0/reason",
            "/prescriber/overrides/0/signed_at",
        }  # fmt: skip


async def test_a_key_speaks_for_its_own_hospital_alone() -> None:
    async with rig() as api:
        answer = await api.post("other-hospital", PATH, body())
        assert (answer.status_code, answer.json()["rule"]) == (403, "other-hospital")


async def test_no_fact_row_or_answer_holds_anything_personal() -> None:
    async with rig() as api:
        await api.receive()
        await api.post("hospital", PATH, body(version=2, doses=3))
        personal = ["测试患者001", "P-1029", "1961-03-02", "13800000001", "测试镇1号", "测试诊断", "测试证型"]
        said = [encode(fact.fact) for fact in api.store.facts] + [encode(row) for row in api.store.rows.values()]
        said += [row.body + row.answer.decode() for row in api.store.taken.values()]
        assert not [(secret, text) for secret in personal for text in said if secret in text]
        row = next(iter(api.store.subjects.values()))
        assert set(personal) <= set(json.loads(row.data).values())


async def test_facts_name_the_subject_by_a_salted_digest_of_its_data() -> None:
    async with rig() as api:
        case = await api.receive()
        patient = api.line.floor.cases[case].prescription.patient
        row = api.store.subjects[patient.subject]
        assert patient.digest == hashlib.sha256((row.salt + row.data).encode()).hexdigest()
        assert patient.age_years == 65


async def test_hostile_text_is_made_inert_and_its_original_kept_with_the_subject_alone() -> None:
    async with rig() as api:
        hostile = body()
        hostile["patient"]["name"] = HOSTILE
        hostile["prescriber"]["name"] = f"医师{HOSTILE}"
        answer = await api.post("hospital", PATH, hostile)
        case = api.line.floor.cases[answer.json()["id"]]
        data = json.loads(api.store.subjects[case.prescription.patient.subject].data)
        assert data["name"] == "[@click=app.release('B-001')]张三[/]]0;x2J[a='"
        assert data["raw"]["/patient/name"] == HOSTILE
        assert case.prescription.prescriber.isprintable()
        seen = await api.get("hospital", f"{PATH}/{case.id}")
        assert seen.json()["patient"]["name"] == data["name"]


async def test_the_prescriber_answers_a_return_with_one_override_or_withdraws() -> None:
    async with rig() as api:
        over = body()
        over["items"][0] = {"herb": "细辛", "grams": 9.0, "handling": "none"}
        answer = await api.post("hospital", PATH, over)
        case = answer.json()["id"]
        assert answer.json()["findings"][0]["overridden_by"] == ""
        await api.intend("review", "SignReview", "reviewer", pin=PIN, case=case, decision="return")
        assert api.line.floor.cases[case].status is Status.RETURNED
        path = f"{PATH}/{case}/answer"
        finding = answer.json()["findings"][0]
        signed = {
            "rule": finding["rule"], "herbs": finding["herbs"], "reason": "病情需要", "signed_by": "测试医师01",
            "signed_at": "2026-11-22T09:00:00+08:00",
        }  # fmt: skip
        assert (await api.post("hospital", path, {"version": 1, "overrides": []})).status_code == 422
        assert (await api.post("hospital", path, {"withdraw": False})).status_code == 422
        wrong = await api.post("hospital", path, {"version": 9, "overrides": [signed]})
        assert wrong.status_code == 409
        told = await api.post("hospital", path, {"version": 1, "overrides": [signed]})
        assert told.status_code == 200
        assert told.json()["findings"][0]["overridden_by"] == "测试医师01"
        assert (await api.post("hospital", path, {"withdraw": True})).json()["rule"] == "not-returned"


async def test_a_withdrawn_prescription_ends_rejected() -> None:
    async with rig() as api:
        over = body()
        over["items"][0] = {"herb": "细辛", "grams": 9.0, "handling": "none"}
        case = (await api.post("hospital", PATH, over)).json()["id"]
        await api.intend("review", "SignReview", "reviewer", pin=PIN, case=case, decision="return")
        told = await api.post("hospital", f"{PATH}/{case}/answer", {"withdraw": True})
        assert (told.status_code, told.json()["status"]) == (200, "rejected")


async def test_nothing_is_answered_2xx_that_was_not_written_down() -> None:
    async with rig() as api:
        api.store.broken = True
        answer = await api.post("hospital", PATH, body())
        assert (answer.status_code, answer.json()["rule"]) == (503, "line-stopped")
        assert answer.headers["retry-after"]
        assert not api.store.taken


async def test_a_full_inbox_answers_that_the_line_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig() as api:

        async def busy(*_: object, **__: object) -> None:
            raise LineBusy

        monkeypatch.setattr(api.line, "submit", busy)
        answer = await api.post("hospital", PATH, body())
        assert (answer.status_code, answer.json()["rule"], answer.headers["retry-after"]) == (503, "line-busy", "1")


async def test_the_rate_of_a_hospital_is_limited_where_the_site_says_so() -> None:
    async with rig(requests_per_minute=2) as api:
        numbers = [body(prescription_no=f"T-{n}") for n in range(3)]
        answers = [await api.post("hospital", PATH, one) for one in numbers]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) <= 30
        assert (await api.post("other-hospital", PATH, body(hospital="RS-YULI"))).status_code == 201


async def test_posts_that_ask_at_once_are_looked_up_together_and_each_gets_its_own() -> None:
    looks: list[int] = []

    class Slow(MemoryStore):
        def intakes(self, numbers: list[tuple[str, str]]) -> list[list[Any]]:
            if ("RS-TCM", "bad") in numbers:
                raise ReadFailed("no")
            return [[number] for _, number in numbers]

    known = Known(Slow())  # type: ignore[arg-type]
    read = known._read
    known._read = lambda numbers: looks.append(len(numbers)) or read(numbers)  # type: ignore[method-assign]
    numbers = [f"T-{n}" for n in range(30)]
    found = await asyncio.gather(*(known.versions(("RS-TCM", number)) for number in numbers))
    assert found == [[number] for number in numbers]
    assert looks == [30]
    left = asyncio.create_task(known.versions(("RS-TCM", "left")))
    await asyncio.sleep(0)
    left.cancel()
    assert await known.versions(("RS-TCM", "stays")) == ["stays"]
    with pytest.raises(ReadFailed):
        await known.versions(("RS-TCM", "bad"))
    assert await known.versions(("RS-TCM", "next")) == ["next"]
    known.close()
