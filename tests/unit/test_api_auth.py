"""Who may call what, whose things a key sees, and how much of a person."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.routing import Route

from controller.api.auth import ACCESS, OPEN, KeyRole
from controller.api.pins import Pins, hash_pin
from controller.api.problems import Problematic
from controller.api.subjects import masked
from tests.api_rig import KEYS, PIN, MemoryStore, Rig, body, key_of, rig
from tests.pure_line import badge

ROLES = {
    "admin": KeyRole.ADMIN,
    "screen": KeyRole.FLOOR,
    "hospital": KeyRole.HOSPITAL,
    "courier": KeyRole.COURIER,
    "review": KeyRole.STATION,
}
EXAMPLE = {"case": "R-NONE", "machine": "pot-01", "batch": "B-NONE", "alarm": "fault:pot-01"}


def routes(api: Rig) -> set[tuple[str, str]]:
    described = {(method.upper(), path) for path, ways in api.app.openapi()["paths"].items() for method in ways}
    plain = {
        (method, route.path) for route in api.app.routes if isinstance(route, Route) for method in route.methods or ()
    }
    return described | {(method, path) for method, path in plain if method != "HEAD"}


async def test_the_table_names_every_route_and_nothing_else() -> None:
    async with rig() as api:
        assert routes(api) == OPEN | ACCESS.keys()


async def test_every_route_answers_each_kind_of_key_as_the_table_says() -> None:
    async with rig() as api:
        for (method, path), allowed in ACCESS.items():
            if path == "/api/v1/stream":
                continue
            for who, role in ROLES.items():
                answer = await api.http.request(method, path.format(**EXAMPLE), json={}, headers=key_of(who))
                assert (answer.status_code == 403) == (role not in allowed), (method, path, who, answer.text)


async def test_without_a_good_key_only_health_and_the_document_are_open() -> None:
    async with rig() as api:
        for method, path in routes(api):
            for headers in ({}, key_of("nobody"), {"authorization": "Basic key-admin"}, {"authorization": "Bearer "}):
                answer = await api.http.request(method, path.format(**EXAMPLE), headers=headers)
                assert (answer.status_code == 401) == ((method, path) not in OPEN), (method, path)
                if answer.status_code == 401:
                    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_route_that_is_not_in_the_table_is_closed_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig() as api:
        monkeypatch.delitem(ACCESS, ("GET", "/api/v1/line"))
        assert (await api.get("admin", "/api/v1/line")).status_code == 403


async def test_a_prescription_of_another_hospital_does_not_exist() -> None:
    async with rig() as api:
        case = await api.receive()
        batch = await api.approve(case)
        for path in (f"prescriptions/{case}", f"prescriptions/{case}/record", f"batches/{batch}/curve"):
            assert (await api.get("other-hospital", f"/api/v1/{path}")).status_code == 404, path
            assert (await api.get("hospital", f"/api/v1/{path}")).status_code == 200, path
        for act in ("answer", "cancel"):
            assert (await api.post("other-hospital", f"/api/v1/prescriptions/{case}/{act}", {})).status_code == 404
        for query in ({}, {"hospital": "RS-TCM"}):
            page = await api.get("other-hospital", "/api/v1/prescriptions", **query)
            assert page.json()["items"] == []
        assert case in api.line.floor.cases


@pytest.mark.parametrize(
    ("who", "name", "diagnosis"),
    [
        ("hospital", "测试患者001", "测试诊断"),
        ("review", "测试患者001", "测试诊断"),
        ("release", "测试患者001", ""),
        ("dispatch", "测试患者001", ""),
        ("dispensing", "测*", ""),
        ("verification", "测*", ""),
        ("screen", "测*", ""),
        ("floor", "测*", ""),
        ("admin", "测*", ""),
    ],
)
async def test_a_name_is_whole_only_where_it_is_needed_and_never_alone(who: str, name: str, diagnosis: str) -> None:
    async with rig() as api:
        case = await api.receive()
        view = (await api.get(who, f"/api/v1/prescriptions/{case}")).json()
        assert (view["patient"]["name"], view["patient"]["second"], view["diagnosis"]) == (name, "1029", diagnosis)
        row = (await api.get(who, "/api/v1/prescriptions")).json()["items"][0]
        assert (row["patient"]["name"], row["patient"]["second"]) == (name, "1029")


async def test_a_courier_sees_parcels_and_neither_names_nor_medicine() -> None:
    async with rig() as api:
        waiting = await api.receive(prescription_no="T-0002")
        assert (await api.get("courier", f"/api/v1/prescriptions/{waiting}")).status_code == 404
        case, packed = await api.parcel()
        listed = (await api.get("courier", "/api/v1/prescriptions")).json()["items"]
        assert [row["id"] for row in listed] == [case]
        view = (await api.get("courier", f"/api/v1/prescriptions/{case}")).json()
        assert view["patient"]["name"] == "测*"
        assert (view["items"], view["findings"], view["batches"], view["diagnosis"]) == ([], [], [], "")
        assert view["parcel"]["code"] == packed
        assert view["parcel"]["pickup_code"] == ""
        assert {fact["kind"] for fact in view["timeline"]} <= {"BatchBoxed", "ParcelHandedOver", "DeliveryConfirmed"}


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("欧阳某某", "欧*"), ("张", "*"), ("", "*"), ("Li Si", "L*")]
)
def test_a_masked_name_shows_its_first_character(name: str, shown: str) -> None:
    assert masked(name) == shown


async def test_a_signature_needs_the_right_pin() -> None:
    async with rig() as api:
        case = await api.receive()
        fields: dict[str, Any] = {"case": case, "decision": "approve"}
        wrong = await api.intend("review", "SignReview", "reviewer", pin="000000", **fields)
        assert (wrong.status_code, wrong.json()["rule"]) == (403, "pin-wrong")
        missing = await api.intend("review", "SignReview", "reviewer", **fields)
        assert [error["pointer"] for error in missing.json()["errors"]] == ["/pin"]
        assert (await api.intend("review", "SignReview", "reviewer", pin=PIN, **fields)).status_code == 200


async def test_after_five_misses_a_badge_waits_a_minute_even_with_the_right_pin() -> None:
    store, now_s = MemoryStore(), [0.0]
    store.set_pin(badge("reviewer"), hash_pin(PIN))
    pins = Pins(store, lambda: now_s[0])  # type: ignore[arg-type]
    rules = await asyncio.gather(*(refused(pins, "000000") for _ in range(8)))
    assert sorted(rules) == ["pin-locked"] * 3 + ["pin-wrong"] * 5
    assert await refused(pins, PIN) == "pin-locked"
    now_s[0] = 59.0
    assert await refused(pins, PIN) == "pin-locked"
    now_s[0] = 61.0
    await pins.check(badge("reviewer"), PIN)
    pins.close()


async def test_a_badge_without_a_pin_signs_nothing() -> None:
    pins = Pins(MemoryStore())  # type: ignore[arg-type]
    assert await refused(pins, "000000") == "pin-wrong"
    pins.close()


async def refused(pins: Pins, pin: str) -> str:
    try:
        await pins.check(badge("reviewer"), pin)
    except Problematic as problem:
        return problem.rule
    return ""


async def test_an_administrator_makes_and_revokes_keys_that_count_at_once() -> None:
    async with rig() as api:
        made = (await api.post("admin", "/api/v1/keys", {"role": "hospital", "scope": "RS-YULI"})).json()
        headers = {"authorization": f"Bearer {made['key']}"}
        assert (await api.http.get("/api/v1/whoami", headers=headers)).json()["scope"] == "RS-YULI"
        assert made["key"] not in (await api.get("admin", "/api/v1/keys")).text
        assert all(made["key"] not in row.digest for row in api.store.key_rows.values())
        gone = await api.post("admin", "/api/v1/keys", {"revoke": made["id"]})
        assert gone.json()["revoked"] is True
        assert (await api.http.get("/api/v1/whoami", headers=headers)).status_code == 401
        assert (await api.post("admin", "/api/v1/keys", {"revoke": "id-admin"})).status_code == 409
        assert (await api.post("admin", "/api/v1/keys", {"revoke": "no-such"})).status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [{"role": "hospital", "scope": "X"}, {"role": "station"}, {"role": "floor", "scope": "a"}, {"role": "king"}],
)
async def test_a_key_is_made_only_for_what_the_site_has(wanted: dict[str, str]) -> None:
    async with rig() as api:
        assert (await api.post("admin", "/api/v1/keys", wanted)).status_code == 422


async def test_an_administrator_enters_people_who_can_then_sign() -> None:
    async with rig() as api:
        content = {"name": "测试药师\u202e09", "roles": ["pharmacist"], "pin": "7654321"}
        person = (await api.post("admin", "/api/v1/people", content)).json()
        assert person["name"] == "测试药师09"
        assert person in (await api.get("admin", "/api/v1/people")).json()
        case = await api.receive()
        act = {"type": "SignReview", "actor": person["badge"], "pin": "7654321", "case": case, "decision": "approve"}
        assert (await api.post("review", "/api/v1/intents", act)).status_code == 200
        off = person | {"enabled": False}
        assert (await api.post("admin", "/api/v1/people", off)).json()["enabled"] is False
        refusal = await api.post("review", "/api/v1/intents", act)
        assert (refusal.status_code, refusal.json()["rule"]) == (409, "person-disabled")
        for wrong in ({"badge": "A-1", "name": "x", "roles": ["packer"]}, {"name": "\u200b", "roles": ["packer"]}):
            assert (await api.post("admin", "/api/v1/people", wrong)).status_code == 422


async def test_whoami_tells_where_a_key_stands() -> None:
    async with rig() as api:
        for who, (role, scope) in KEYS.items():
            told = (await api.get(who, "/api/v1/whoami")).json()
            assert (told["role"], told["scope"]) == (role, scope)
            assert (told["station"] is None) == (role not in ("station", "courier"))
        assert body()["hospital"] == "RS-TCM"
