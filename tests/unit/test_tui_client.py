"""The terminal's HTTP: deadlines, what is tried again and what never, and server-sent events taken apart."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tui import client as client_module
from tui.client import Client, Denied, Unreached
from tui.keys import Keys, KeysMissing, read_keys
from tui.stream import Event, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

KEYS = Keys(floor="F", stations={"bench-1": "S"}, couriers={"courier-1": "C"})


class Road(httpx.AsyncBaseTransport):
    """Answers by a list: a status, or an exception to raise; remembers what came."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.came: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={"path": request.url.path, "rule": "no"})


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAUSE_S", 0.001)


def speaking(road: httpx.AsyncBaseTransport, place: str = "bench-1") -> Client:
    return Client("http://controller", KEYS, place, transport=road)


def lost() -> Exception:
    return httpx.ReadError("gone")


async def test_a_read_is_tried_again_and_uses_the_floor_key() -> None:
    road = Road(lost(), 200)
    assert (await speaking(road).get("/line"))["path"] == "/api/v1/line"
    assert [one.headers["authorization"] for one in road.came] == ["Bearer F"] * 2


async def test_a_read_gives_up_after_its_tries() -> None:
    road = Road(lost())
    with pytest.raises(Unreached, match="ReadError"):
        await speaking(road).get("/line")
    assert len(road.came) == client_module.TRIES


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_good_is_not_tried_again(status: int) -> None:
    road = Road(status)
    with pytest.raises(Denied):
        await speaking(road).get("/line")
    assert len(road.came) == 1


async def test_a_thing_that_is_not_there_is_not_asked_for_again() -> None:
    road = Road(404)
    with pytest.raises(Unreached, match="404"):
        await speaking(road).get("/machines/x")
    assert len(road.came) == 1


async def test_a_scan_is_sent_again_with_the_same_body() -> None:
    road = Road(lost(), 503, 200)
    reply = await speaking(road).scan({"nonce": "n-1", "code": "T-1111"})
    assert reply.answer is not None
    assert [json.loads(one.content)["nonce"] for one in road.came] == ["n-1"] * 3
    assert {one.headers["authorization"] for one in road.came} == {"Bearer S"}


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.ConnectError("down"), 500, 503])
async def test_an_act_is_sent_once_whatever_happens(failure: int | Exception) -> None:
    road = Road(failure)
    with pytest.raises(Unreached):
        await speaking(road).act("/intents", {"type": "SignRelease"})
    assert len(road.came) == 1


async def test_a_refusal_is_an_answer() -> None:
    reply = await speaking(Road(409)).act("/intents", {})
    assert reply.answer is None
    assert reply.problem is not None
    assert reply.problem.get("rule") == "no"


async def test_a_courier_acts_with_the_couriers_key() -> None:
    road = Road(200)
    await speaking(road, "courier-1").act("/intents", {})
    assert road.came[0].headers["authorization"] == "Bearer C"


async def test_a_hanging_controller_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "ACT_DEADLINE_S", 0.05)

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            raise AssertionError(request)

    with pytest.raises(Unreached, match="TimeoutError"):
        await speaking(Hanging()).act("/intents", {})


async def test_a_closed_client_says_so_instead_of_failing() -> None:
    client = speaking(Road(200))
    await client.aclose()
    with pytest.raises(Unreached):
        await client.get("/line")
    with pytest.raises(Unreached):
        await client.act("/intents", {})


async def test_an_answer_that_is_not_json_is_no_answer() -> None:
    class Page(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text="<html>")

    with pytest.raises(Unreached, match="not JSON"):
        await speaking(Page()).get("/line")


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event: fact\nid: 7\ndata: {}\n\n", [Event("fact", "{}")]),
        (": 5\n\n", [Event()]),
        ("data: a\ndata: b\n\n", [Event("message", "a\nb")]),
        ("event: machines\ndata:[]\n\nevent: fact\ndata: 1\n\n", [Event("machines", "[]"), Event("fact", "1")]),
        ("event: fact\n\n", []),
        ("event: fact\ndata: half", []),
        ("retry: 1000\n\n", []),
    ],
)
async def test_events_are_taken_apart_as_the_standard_says(text: str, expected: list[Event]) -> None:
    assert [one async for one in events(lines(text))] == expected


def write(content: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "keys.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return make


def test_the_key_file_gives_stations_couriers_and_the_floor(tmp_path: Path) -> None:
    path = write({"admin": "A", "hospitals": {}, "stations": {"b": "S"}, "couriers": {"c": "C"}, "floor": "F"})(
        tmp_path
    )
    keys = read_keys(path)
    assert keys.places() == ("b", "c")
    assert (keys.reading(""), keys.acting("b"), keys.acting("c"), keys.acting("x")) == ("F", "S", "C", "")
    assert Keys(couriers={"c": "C"}).reading("c") == "C"


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_a_key_file_that_is_none_is_waited_for(content: str, tmp_path: Path) -> None:
    with pytest.raises(KeysMissing):
        read_keys(write(content)(tmp_path))
    with pytest.raises(KeysMissing):
        read_keys(tmp_path / "absent.json")
