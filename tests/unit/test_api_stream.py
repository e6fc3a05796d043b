"""The stream and the server, over real sockets: in order, resumable, filtered, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from controller.api import server, stream
from controller.api.server import Server, listen
from tests.api_rig import Rig, body, key_of, rig

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

PATH = "/api/v1/stream"


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Rig, int]]:
    """Serve a rig on a free port."""
    async with rig() as api:
        socket = listen("127.0.0.1", 0)
        port = socket.getsockname()[1]
        web = Server(api.app)
        serving = asyncio.create_task(web.serve(sockets=[socket]))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5.0, trust_env=False) as http:
            async with asyncio.timeout(5):
                while not web.started:  # noqa: ASYNC110 - the library has a flag and no event
                    await asyncio.sleep(0.01)
            api.http = http
            try:
                yield api, port
            finally:
                web.should_exit = True
                await asyncio.wait_for(serving, 5.0)


Event = tuple[str, str, Any]


async def events(api: Rig, who: str, **asked: Any) -> AsyncGenerator[Event]:
    """Read (event, id, data); a comment is an event without a name."""
    headers = key_of(who) | asked.pop("headers", {})
    async with api.http.stream("GET", PATH, params=asked, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = number = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "id":
                number = value
            elif name == "data":
                yield kind, number, json.loads(value)
                kind = number = ""
            elif line.startswith(":"):
                yield "", "", value


async def take(api: Rig, who: str, count: int, kind: str = "fact", **asked: Any) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(8), aclosing(events(api, who, **asked)) as reading:
        async for event in reading:
            if event[0] == kind:
                found.append(event)
            if len(found) == count:
                break
    return found


async def test_facts_come_in_order_with_their_numbers_and_go_on_after_the_last_one_seen() -> None:
    async with served() as (api, _):
        for number in range(4):
            await api.receive(prescription_no=f"T-{number}")
        seen = await take(api, "screen", 4, **{"from": 0})
        assert [int(number) for _, number, _ in seen] == [1, 2, 3, 4]
        assert [data["seq"] for *_, data in seen] == [1, 2, 3, 4]
        assert seen[0][2]["kind"] == "PrescriptionReceived"
        rest = await take(api, "screen", 2, headers={"last-event-id": "2"})
        assert [int(number) for _, number, _ in rest] == [3, 4]


async def test_what_happens_while_somebody_listens_is_told_at_once() -> None:
    async with served() as (api, _):
        listening = asyncio.create_task(take(api, "screen", 1))
        await asyncio.sleep(0.5)
        began_s = time.monotonic()
        case = await api.receive()
        ((_, _, data),) = await listening
        assert data["about"] == case
        assert time.monotonic() - began_s < 2


async def test_machines_come_whole_first_and_then_only_what_changed() -> None:
    async with served() as (api, _), aclosing(events(api, "screen")) as reading:
        whole = await anext(event async for event in reading if event[0] == "machines")
        assert len(whole[2]) == len(api.line.book.machines)
        assert whole[1] == ""
        api.fleet.see("pot-02", 42.0)
        change = await anext(event async for event in reading if event[0] == "machines")
        assert [row["id"] for row in change[2]] == ["pot-02"]


async def test_a_hospital_hears_of_its_own_prescriptions_and_nothing_else() -> None:
    async with served() as (api, _):
        own = await api.receive()
        foreign = await api.post("other-hospital", "/api/v1/prescriptions", body(hospital="RS-YULI"))
        cancelled = await api.receive(prescription_no="T-0002")
        await api.post("hospital", f"/api/v1/prescriptions/{cancelled}/cancel", {})
        await api.approve(own)
        seen = await take(api, "hospital", 6, **{"from": 0})
        abouts = {data["about"] for *_, data in seen}
        assert abouts == {own, cancelled}
        assert foreign.json()["id"] not in abouts
        async with aclosing(events(api, "hospital", **{"from": 0})) as reading:
            kinds = [kind async for kind, *_ in _for(reading, 1.0)]
        assert set(kinds) == {"fact"}


async def _for(reading: AsyncGenerator[Event], seconds: float) -> AsyncGenerator[Event]:
    try:
        async with asyncio.timeout(seconds):
            async for event in reading:
                yield event
    except TimeoutError:
        return


async def test_a_courier_hears_only_how_parcels_go() -> None:
    async with served() as (api, _):
        await api.parcel()
        seen = await take(api, "courier", 1, **{"from": 0})
        assert seen[0][2]["kind"] == "BatchBoxed"


async def test_a_comment_keeps_a_quiet_stream_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "COMMENT_S", 0.3)
    async with served() as (api, _):
        assert len(await take(api, "hospital", 2, kind="")) == 2


async def test_the_stream_of_a_revoked_key_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "COMMENT_S", 0.3)
    async with served() as (api, _), asyncio.timeout(5), aclosing(events(api, "other-hospital")) as reading:
        assert (await anext(reading))[0] == ""
        await api.post("admin", "/api/v1/keys", {"revoke": "id-other-hospital"})
        assert [event async for event in reading if event[0]] == []


async def test_a_reader_who_fell_behind_is_cut_and_comes_back() -> None:
    async with served() as (api, _):
        await api.receive()
        async with asyncio.timeout(5), aclosing(events(api, "hospital", **{"from": 0})) as reading:
            await anext(reading)
            for listener in tuple(api.context.feed._listeners):
                listener.close()
            assert [event async for event in reading if event[0]] == []
        assert len(await take(api, "hospital", 1, **{"from": 0})) == 1


@pytest.mark.parametrize("last", ["x", "-1", "１２", "9" * 30])
async def test_a_number_that_is_none_is_an_error(last: str) -> None:
    async with rig() as api:
        headers = key_of("screen") | {"last-event-id": last.encode()}  # type: ignore[dict-item]
        answer = await api.http.get(PATH, headers=headers)
        assert answer.status_code == 422
        assert (await api.get("screen", PATH, **{"from": -1})).status_code == 422


async def test_streams_are_bounded() -> None:
    async with rig() as api:
        desk = api.app.state.desk
        for _ in range(200):
            await desk.readers.acquire()
        assert (await api.get("screen", PATH)).status_code == 429


async def closed_after(port: int, sent: bytes, *, limit_s: float, trickle: bytes = b"") -> tuple[float, bytes]:
    """Send bytes and return after how many seconds the server hung up, and what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began_s = time.monotonic()
    writer.write(sent)

    async def drip() -> None:
        while True:
            await asyncio.sleep(0.05)
            writer.write(trickle)

    dripping = asyncio.create_task(drip()) if trickle else None
    try:
        async with asyncio.timeout(limit_s):
            said = await _all(reader)
    finally:
        if dripping:
            dripping.cancel()
        writer.close()
    return time.monotonic() - began_s, said


async def _all(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1_000_000)
    except ConnectionError:
        return b""


async def test_who_says_nothing_or_drips_a_head_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.5)
    async with served() as (api, port):
        silent = closed_after(port, b"", limit_s=4)
        drips = closed_after(port, b"GET /healthz HTTP/1.1\r\nhost: x\r\n", limit_s=4, trickle=b"a: b\r\n")
        for seconds, said in await asyncio.gather(silent, drips):
            assert 0.3 < seconds < 3
            assert said == b""
        assert (await api.http.get("/healthz")).status_code == 200


async def test_a_body_that_drips_is_answered_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.api.strict.BODY_SECONDS", 0.4)
    async with served() as (_, port):
        head = (
            b"POST /api/v1/prescriptions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-hospital\r\n"
            b"content-type: application/json\r\ncontent-length: 100000\r\n\r\n{"
        )
        _, said = await closed_after(port, head, limit_s=4, trickle=b" ")
        assert said.startswith(b"HTTP/1.1 408 ")


async def test_a_head_without_end_is_cut() -> None:
    async with served() as (_, port):
        seconds, _ = await closed_after(port, b"GET / HTTP/1.1\r\nx: " + b"a" * 200_000, limit_s=4)
        assert seconds < 3


async def test_more_connections_than_the_floor_can_bear_are_cut_and_the_rest_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 5)
    async with served() as (api, port):
        assert (await api.http.get("/healthz")).status_code == 200
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        await asyncio.sleep(0.2)
        cut = [await asyncio.wait_for(_ended(reader), 1.0) for reader, _ in idle]
        assert cut.count(True) == 4
        assert (await api.http.get("/healthz")).status_code == 200
        for _, writer in idle:
            writer.close()


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.05):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_an_answer_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "READ_S", 0.5)
    async with served() as (api, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        ask = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"
        for _ in range(300):
            writer.write(ask)
        async with asyncio.timeout(6):
            while not writer.transport.is_closing():
                await asyncio.sleep(0.1)
                try:
                    writer.write(b" ")
                    await writer.drain()
                except ConnectionError:
                    break
        assert (await api.http.get("/healthz")).status_code == 200
        writer.close()


async def test_the_server_ends_quickly_though_streams_are_open() -> None:
    async with served() as (api, _):
        reading = events(api, "screen")
        await anext(reading)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 3
    await reading.aclose()
