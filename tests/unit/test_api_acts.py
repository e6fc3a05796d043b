"""People's acts and scans: the line decides, the API says what it decided, and a repeat by the network changes nothing."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from controller.api.acts import ACTS
from controller.model import intents
from controller.model.codes import make_code
from tests.api_rig import PIN, Rig, key_of, rig
from tests.pure_line import START, badge

SIGNING = {
    "SignReview",
    "SignVerify",
    "SignRelease",
    "AcceptDeviation",
    "ApproveRecipe",
    "Continue",
    "Retry",
    "AssumeOk",
    "RunDeficit",
    "Migrate",
    "Scrap",
    "Skip",
    "ShelveAlarm",
    "UnshelveAlarm",
    "TakeOutOfService",
    "ReturnToService",
}


def test_exactly_the_signing_acts_ask_for_a_pin() -> None:
    asking = {kind for kind, act in ACTS.items() if "pin" in act.shape.json_schema()["required"]}
    assert asking == SIGNING


def test_every_act_makes_the_intent_of_its_name_and_takes_its_station_from_the_key_alone() -> None:
    for kind, act in ACTS.items():
        assert act.intent is getattr(intents, kind)
        assert "station" not in act.shape.json_schema()["properties"]


async def test_an_act_answers_with_its_facts_and_says_what_it_did() -> None:
    async with rig() as api:
        case = await api.receive()
        answer = await api.intend("review", "SignReview", "reviewer", pin=PIN, case=case, decision="approve")
        told = answer.json()
        assert told["action"] == "SignReview"
        assert [fact["kind"] for fact in told["facts"]] == ["ReviewSigned", "BatchOpened", "CheckpointRecorded"]
        assert [fact["seq"] for fact in told["facts"]] == [2, 3, 4]
        assert (told["text_zh"], told["text_en"]) == ("审方通过", "The review was signed")


async def test_a_refusal_tells_rule_facts_who_may_and_what_to_do_in_both_languages() -> None:
    async with rig() as api:
        case = await api.receive()
        fields = {"pin": PIN, "case": case, "decision": "approve"}
        refusal = await api.intend("review", "SignReview", "packer", **fields)
        assert refusal.status_code == 409
        assert refusal.headers["content-type"] == "application/problem+json"
        told = refusal.json()
        assert (told["rule"], told["who_may_override"]) == ("role-missing", ["pharmacist"])
        assert told["facts"]["actor"] == badge("packer")
        assert badge("packer") in told["text_zh"]
        assert badge("packer") in told["text_en"]
        unknown = await api.intend("review", "SignReview", "reviewer", pin=PIN, case="R-NONE", decision="approve")
        assert (unknown.status_code, unknown.json()["rule"]) == (404, "not-found")


@pytest.mark.parametrize("content", [{}, {"type": "EnrolPerson"}, {"type": 1}, [], "x", {"type": ["SignReview"]}])
async def test_only_acts_of_people_are_intents_of_people(content: object) -> None:
    async with rig() as api:
        answer = await api.post("review", "/api/v1/intents", content)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/type"]


async def begun(api: Rig) -> tuple[str, str]:
    """Return a batch that waits for a pail, and a pail."""
    batch = await api.approve(await api.receive())
    return batch, min(api.line.book.pails)


async def test_a_bind_of_two_codes_acts_and_its_repeat_gets_the_same_bytes() -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        first = await api.scan("dispensing", pail, batch, "dispenser", "nonce-0001")
        assert first.status_code == 200
        assert first.json()["shows"] is None
        facts = len(api.store.facts)
        api.clock.at += 3_600_000 * 60
        again = await api.http.post(
            "/api/v1/scans",
            json={"code": pail, "into": batch, "actor": badge("dispenser"), "scanned_at": START, "nonce": "nonce-0001"},
            headers=key_of("dispensing"),
        )
        assert (again.status_code, again.content) == (200, first.content)
        assert len(api.store.facts) == facts


async def test_a_second_scan_with_a_new_nonce_was_done_already() -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        await api.scan("dispensing", pail, batch, "dispenser", "nonce-0001")
        second = await api.scan("dispensing", pail, batch, "dispenser", "nonce-0002")
        assert (second.status_code, second.json()["rule"]) == (409, "already-done")
        repeat = await api.scan("dispensing", pail, batch, "dispenser", "nonce-0002")
        assert (repeat.status_code, repeat.content) == (409, second.content)


async def test_twenty_repeats_at_once_act_once() -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        scans = (api.scan("dispensing", pail, batch, "dispenser", "nonce-0001") for _ in range(20))
        answers = await asyncio.gather(*scans)
        assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
        assert [fact.kind for fact in api.store.facts].count("PailBound") == 1


async def test_a_nonce_is_good_for_one_scan_of_one_key() -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        await api.scan("dispensing", pail, batch, "dispenser", "nonce-0001")
        other = await api.scan("dispensing", sorted(api.line.book.pails)[1], batch, "dispenser", "nonce-0001")
        assert (other.status_code, other.json()["rule"]) == (409, "nonce-used")
        elsewhere = await api.scan("floor", pail, batch, "dispenser", "nonce-0001")
        assert elsewhere.json()["rule"] == "already-done"


@pytest.mark.parametrize("minutes_of_the_wall", [-6, 6])
async def test_a_scan_of_another_time_is_refused(minutes_of_the_wall: int) -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        at = START + minutes_of_the_wall * 60_000 * api.clock.speed
        content = {"code": pail, "into": batch, "actor": badge("dispenser"), "scanned_at": at, "nonce": "nonce-0001"}
        answer = await api.post("dispensing", "/api/v1/scans", content)
        assert (answer.status_code, answer.json()["rule"]) == (409, "scan-out-of-time")


async def test_a_scan_says_its_time_as_number_or_text_and_its_station_as_the_key_does() -> None:
    async with rig() as api:
        batch, pail = await begun(api)
        content = {
            "code": pail, "into": batch, "actor": badge("dispenser"), "scanned_at": "2026-11-22T08:00:10.5+08:00",
            "nonce": "nonce-0001", "station": "st-dispensing",
        }  # fmt: skip
        elsewhere = await api.post("floor", "/api/v1/scans", content)
        assert (elsewhere.status_code, elsewhere.json()["rule"]) == (403, "station-not-yours")
        wrong = await api.post("dispensing", "/api/v1/scans", content | {"scanned_at": "yesterday"})
        assert wrong.status_code == 422
        assert (await api.post("dispensing", "/api/v1/scans", content)).status_code == 200


async def test_one_code_alone_shows_what_it_is_and_changes_nothing() -> None:
    async with rig() as api:
        case, parcel = await api.parcel()
        batch = api.line.floor.cases[case].batch
        facts = len(api.store.facts)
        lot = next(iter(api.line.floor.lots.values()))
        vessel = next(iter(api.line.book.vessels))
        wanted = {
            case: ("prescription", "case"), parcel: ("parcel", "case"), batch: ("batch", "stage"),
            lot.drawer: ("drawer", "herb"), vessel: ("vessel", "clean"), badge("packer"): ("badge", "roles"),
            max(api.line.book.pails): ("pail", "batch"),
        }  # fmt: skip
        for code, (kind, known) in wanted.items():
            answer = (await api.scan("dispatch", code, "", "packer")).json()
            assert answer["shows"]["kind"] == kind, answer
            assert known in answer["shows"]
            assert answer["text_zh"]
            assert answer["facts"] == []
        assert len(api.store.facts) == facts
        assert not [nonce for nonce in api.store.scans if "dispatch" in nonce]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("T-000000000000000AA", "code-misread"),
        ("https://示例/\x1b[2J", "code-misread"),
        (make_code("G", "Z" * 16), "unknown-code"),
    ],
)
@pytest.mark.parametrize("into", ["", "R-NONE"])
async def test_a_code_that_was_misread_or_that_nobody_knows_is_refused(code: str, rule: str, into: str) -> None:
    async with rig() as api:
        target = into and make_code("B", "Z" * 16)
        answer = await api.scan("dispatch", code, target, "packer")
        assert (answer.status_code, answer.json()["rule"]) == (409, rule)


async def test_a_courier_confirms_a_delivery_with_the_couriers_key() -> None:
    async with rig() as api:
        case, parcel = await api.parcel()
        hand = await api.scan("dispatch", parcel, badge("courier"), "packer", "nonce-hand")
        assert hand.status_code == 200, hand.text
        tasks = (await api.get("courier", "/api/v1/tasks")).json()
        assert [(task["kind"], task["code"]) for task in tasks] == [("deliver", parcel)]
        done = await api.intend("courier", "ConfirmDelivery", "courier", parcel=parcel, outcome="delivered")
        assert done.status_code == 200
        assert [fact["kind"] for fact in done.json()["facts"]] == ["DeliveryConfirmed"]
        assert case not in api.line.floor.cases
        ended = (await api.get("screen", "/api/v1/prescriptions", status="delivered")).json()["items"]
        assert [row["id"] for row in ended] == [case]
        assert (await api.get("courier", f"/api/v1/prescriptions/{case}")).status_code == 200


async def test_a_failing_rule_answers_500_and_says_nothing_of_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig() as api:
        batch, pail = await begun(api)

        def fails(*_: object) -> object:
            raise KeyError("测试患者001")

        monkeypatch.setattr(api.line, "_handle", fails)
        with capture_logs():
            scanned = await api.scan("dispensing", pail, batch, "dispenser")
            weighed = await api.intend("dispensing", "RecordWeight", "dispenser", batch=batch, herb="桂枝", grams=1.0)
        for answer in (scanned, weighed):
            assert (answer.status_code, answer.json()["rule"]) == (500, "internal-error")
            assert "测试患者" not in answer.text
