"""Laws of intake: no bytes bring it down, equal contents are equal, and what was answered once is answered for ever."""

from __future__ import annotations

import asyncio
import copy
import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from controller.api.kept import differences
from controller.api.posted import post
from controller.api.problems import Problematic
from controller.api.strict import parse
from controller.store.codec import encode
from tests.api_rig import Rig, body, key_of, rig
from tests.pure_line import FORMULARY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.api.posted import Posted

PATH = "/api/v1/prescriptions"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)
NOISE = st.one_of(
    st.binary(max_size=400),
    st.text(alphabet='{}[]",:\\0123456789.eE+-truefalsn \u202e\ud800', max_size=200).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
    JSON.map(lambda value: json.dumps(value).encode()),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    match value:
        case dict():
            for key, inner in value.items():
                yield from places(inner, (*path, key))
        case list():
            for index, inner in enumerate(value):
                yield from places(inner, (*path, index))
        case _:
            pass


def put(content: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Return a copy with another value at a place; nothing there where `new` is ...."""
    changed = copy.deepcopy(content)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return changed


ANYWHERE = st.sampled_from(sorted(places(body()), key=str))


def taken(content: Any) -> Posted | list[str]:
    """Return what intake makes of a body, or where it is wrong."""
    try:
        return post(parse(json.dumps(content).encode()), FORMULARY)
    except Problematic as problem:
        told = problem
    assert told.status in {400, 422}
    return [error["pointer"] for error in told.errors]


@given(NOISE)
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    try:
        value = parse(content)
    except Problematic as problem:
        told = problem
    else:
        json.dumps(value, ensure_ascii=False, allow_nan=True).encode()
        return
    assert 400 <= told.status < 500


@given(JSON)
def test_any_value_is_a_prescription_or_told_where_it_is_wrong(value: Any) -> None:
    assert taken(value) is not None


@settings(max_examples=300)
@given(st.lists(st.tuples(ANYWHERE, st.just(...) | JSON), min_size=1, max_size=3))
def test_a_body_with_anything_anywhere_is_taken_whole_or_refused_by_place(
    changes: list[tuple[tuple[str | int, ...], Any]],
) -> None:
    content = body()
    for path, new in changes:
        try:
            content = put(content, path, new)
        except (KeyError, IndexError, TypeError):
            assume(False)
    result = taken(content)
    if not isinstance(result, list):
        encode(result.prescription)
        assert json.loads(result.subject.data)["name"]


@given(st.lists(ANYWHERE, min_size=1, max_size=6, unique=True))
def test_every_error_is_told_at_once(where: list[tuple[str | int, ...]]) -> None:
    leaves = [path for path in where if not any(path != other and other[: len(path)] == path for other in where)]
    content = body()
    for path in leaves:
        content = put(content, path, {"unknown": 1})
    result = taken(content)
    assert isinstance(result, list)
    for path in leaves:
        wanted = "".join(f"/{part}" for part in path)
        assert any(pointer == wanted or pointer.startswith(f"{wanted}/") for pointer in result), (wanted, result)


@given(st.permutations(sorted(body())), st.sampled_from(["NFC", "NFD"]), st.sampled_from(["", " ", "\u200b", "\u3000"]))
def test_equal_contents_have_equal_digests_however_they_are_written(order: list[str], form: str, pad: str) -> None:
    plain = body(diagnosis="é 咳嗽")
    other = {key: plain[key] for key in order}
    other["diagnosis"] = unicodedata.normalize(form, plain["diagnosis"]) + pad
    other["items"] = [{**item, "grams": int(item["grams"])} for item in plain["items"]]
    first, second = taken(plain), taken(other)
    assert not isinstance(first, list)
    assert not isinstance(second, list)
    assert first.digest == second.digest
    assert differences(first.kept, json.loads(first.subject.data), second.form) == {}
    assert first.subject.id != second.subject.id


WORD = st.text(alphabet="测试患者 abc\u200b", min_size=1, max_size=8)
SOUND = st.one_of(
    st.tuples(st.just(("doses",)), st.integers(1, 30)),
    st.tuples(st.just(("serving_ml",)), st.integers(30, 500)),
    st.tuples(st.sampled_from([("diagnosis",), ("patient", "name"), ("delivery", "address")]), WORD),
    st.tuples(
        st.sampled_from([("patient", "pregnant"), ("patient", "lactating")]), st.sampled_from([None, True, False])
    ),
    st.tuples(st.just(("patient", "allergies")), st.none() | st.lists(WORD, max_size=2)),
    st.tuples(st.just(("items", 2, "grams")), st.integers(1, 9_000).map(lambda grams: grams / 1000)),
    st.tuples(st.just(("items", 1, "handling")), st.sampled_from(["none", "wrap", "add-late"])),
    st.tuples(st.just(("items", 4, "herb")), st.sampled_from(["桂枝", "薄荷", "炙甘草"])),
    st.tuples(st.just(("class",)), st.sampled_from([..., None, "general", "tonic"])),
)


@settings(max_examples=200)
@given(SOUND)
def test_contents_that_differ_have_other_digests_and_a_difference_with_a_place(
    change: tuple[tuple[str | int, ...], Any],
) -> None:
    first, second = taken(body()), taken(put(body(), *change))
    assume(not isinstance(second, list))
    assert not isinstance(first, list)
    assert not isinstance(second, list)
    told = differences(first.kept, json.loads(first.subject.data), second.form)
    assert bool(told) == (first.digest != second.digest)
    assert all(old != other for old, other in told.values())


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_nothing_of_a_person_is_in_the_prescription_or_in_what_is_kept(name: str, address: str) -> None:
    content = body()
    content["patient"]["name"] = f"甲{name}甲"
    content["delivery"]["address"] = f"乙{address}乙"
    result = taken(content)
    assume(not isinstance(result, list))
    assert not isinstance(result, list)
    person = json.loads(result.subject.data)
    for secret in (person["name"], person["address"]):
        assert json.dumps(secret, ensure_ascii=False)[1:-1] not in encode(result.prescription) + result.kept


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as held:
        yield held


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([3, 5, 7])), min_size=2, max_size=10))
def test_what_was_answered_for_a_version_is_answered_for_ever(
    runner: asyncio.Runner, posts: list[tuple[int, int]]
) -> None:
    runner.run(_versions(posts))


async def _versions(posts: list[tuple[int, int]]) -> None:
    first: dict[int, tuple[int, bytes]] = {}
    async with rig() as api:
        for version, doses in posts:
            answer = await api.post("hospital", PATH, body(version=version, doses=doses))
            if version in first:
                same = first[version][0] == doses
                assert answer.status_code == (200 if same else 409)
                assert not same or answer.content == first[version][1]
            elif any(known > version for known in first):
                assert (answer.status_code, answer.json()["rule"]) == (409, "version-lower")
            else:
                assert answer.status_code == 201, answer.text
                first[version] = doses, answer.content
        assert {row.version for row in api.store.taken.values()} == first.keys()
        assert len(api.line.floor.cases) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(NOISE, min_size=10, max_size=30), st.sampled_from(["prescriptions", "intents", "scans", "keys", "people"])
)
def test_no_body_brings_a_server_error(runner: asyncio.Runner, bodies: list[bytes], where: str) -> None:
    runner.run(_noise(bodies, where))


async def _noise(bodies: list[bytes], where: str) -> None:
    who = {"prescriptions": "hospital", "intents": "review", "scans": "floor"}.get(where, "admin")
    async with rig() as api:
        for content in bodies:
            answer = await send(api, who, where, content)
            assert 400 <= answer.status_code < 500, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
        assert not api.store.facts


async def send(api: Rig, who: str, where: str, content: bytes) -> Any:
    headers = key_of(who) | {"content-type": "application/json"}
    return await api.http.post(f"/api/v1/{where}", content=content, headers=headers)
