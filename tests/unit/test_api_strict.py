"""Bodies are bounded before they are parsed, and every error has its place."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pydantic import TypeAdapter

from controller.api.body import POSTED, Reading
from controller.api.problems import Problematic
from controller.api.strict import MAX_BYTES, MAX_DEPTH, MAX_VALUES, check, parse
from tests.api_rig import body, key_of, rig
from tests.pure_line import FORMULARY


def refusal(content: bytes) -> Problematic:
    with pytest.raises(Problematic) as caught:
        parse(content)
    return caught.value


def test_sound_json_is_parsed_as_python_would() -> None:
    content = {"a": [1, 2.5, "x", None, True, {"b": '}{][\\"'}], "中": "文"}
    assert parse(json.dumps(content).encode()) == content
    assert parse(json.dumps(content, ensure_ascii=False).encode()) == content


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(number: str) -> None:
    assert refusal(f'{{"t": {number}}}'.encode()).status == 400


def test_a_number_beyond_every_float_is_an_error_with_its_place() -> None:
    content = json.dumps(body()).replace('"grams": 6.0', '"grams": 1e999')
    with pytest.raises(Problematic) as caught:
        check(parse(content.encode()), POSTED, Reading(FORMULARY))
    assert [error["pointer"] for error in caught.value.errors] == ["/items/4/grams"]


def test_every_key_that_is_there_twice_is_named_with_its_place() -> None:
    problem = refusal(b'{"a": 1, "b": [{"c/~": 1, "c/~": 2}], "a": 3}')
    assert problem.status == 422
    assert {error["pointer"] for error in problem.errors} == {"/a", "/b/0/c~1~0"}


def test_depth_is_counted_without_parsing() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert refusal(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)).rule == "body-too-deep"
    assert refusal(b'{"a":' * 20 + b"1" + b"}" * 20).rule == "body-too-deep"
    assert parse(json.dumps({"text": "[" * 100}).encode()) == {"text": "[" * 100}


def test_the_number_of_values_is_bounded_and_commas_in_texts_do_not_count() -> None:
    assert refusal(b"[" + b"1," * (MAX_VALUES + 1) + b"1]").rule == "body-too-many"
    assert parse(json.dumps(["," * (MAX_VALUES * 2)]).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"[" * MAX_BYTES,
        b"[]" * (MAX_BYTES // 2),
        b"{}" * (MAX_BYTES // 2),
        b'\\"' * (MAX_BYTES // 2),
        b'"' * MAX_BYTES,
        b'"' + b"\\" * (MAX_BYTES - 1),
        b"9" * MAX_BYTES,
        b"\xff" * MAX_BYTES,
        b'{"a":' * (MAX_BYTES // 5),
    ],
)
def test_a_hostile_body_of_the_largest_size_is_refused_quickly(content: bytes) -> None:
    began_s = time.perf_counter()
    assert 400 <= refusal(content).status < 500
    assert time.perf_counter() - began_s < 0.2


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udfff": 1}', '["\\ud83dx"]'])
def test_half_a_surrogate_pair_is_no_text(text: str) -> None:
    assert refusal(text.encode()).rule == "not-json"


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse(b'"\\ud840\\udc0b"') == "\U0002000b"


@pytest.mark.parametrize("number", ['"１２"', '"1_000"', '"12"', "true", "1.0", "null"])
def test_only_a_json_number_is_a_number(number: str) -> None:
    with pytest.raises(Problematic):
        check(parse(f'{{"doses": {number}}}'.encode()), POSTED, Reading(FORMULARY))


def test_all_errors_of_a_body_are_told_at_once() -> None:
    broken: dict[str, Any] = body(version=0, doses="7", route="eyes", extra=1)
    broken["items"][0]["grams"] = -1
    broken["items"][2]["handling"] = "fried"
    broken["patient"]["sex"] = None
    del broken["delivery"]["method"]
    with pytest.raises(Problematic) as caught:
        check(parse(json.dumps(broken).encode()), POSTED, Reading(FORMULARY))
    assert {error["pointer"] for error in caught.value.errors} == {
        "/version", "/doses", "/route", "/extra", "/items/0/grams", "/items/2/handling", "/patient/sex",
        "/delivery/method",
    }  # fmt: skip


def test_a_hundred_errors_are_enough() -> None:
    shape = TypeAdapter(list[int])
    with pytest.raises(Problematic) as caught:
        check(["x"] * 2_000, shape)
    assert len(caught.value.errors) == 100


async def test_bodies_are_refused_by_size_kind_and_packing_before_they_are_read() -> None:
    async with rig() as api:
        path, key = "/api/v1/prescriptions", key_of("hospital")
        json_type = {"content-type": "application/json"}
        large = await api.http.post(path, content=b"[" * (MAX_BYTES + 1), headers=key | json_type)
        assert (large.status_code, large.json()["rule"]) == (413, "body-too-large")

        async def drops() -> Any:
            for _ in range(MAX_BYTES // 1000 + 2):
                yield b" " * 1000

        chunked = await api.http.post(path, content=drops(), headers=key | json_type)
        assert chunked.status_code == 413
        packed = await api.http.post(path, content=b"x", headers=key | json_type | {"content-encoding": "gzip"})
        assert (packed.status_code, packed.json()["rule"]) == (415, "body-compressed")
        form = await api.http.post(path, content=b"a=1", headers=key)
        assert (form.status_code, form.json()["rule"]) == (415, "body-not-json")
        assert large.headers["content-type"] == "application/problem+json"
