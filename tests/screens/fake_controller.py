"""A controller that is only a mouth: it answers over a real socket what `plant_data` says, and remembers what it was asked to do.

`with FakeController() as controller:` serves on a free port of this machine; `controller.line` may be changed at any time,
`push` sends an event, `cut` breaks every stream, `refuse` and `lost` make acts fail.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.screens.plant_data import MINUTE, PIN, Line, code, curve, fact, load
from tests.screens.recipe_data import recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from starlette.requests import Request

STATIONS = ("review-1", "dispensing-1", "verification-1", "floor-1", "release-1", "dispatch-1")
NAMES = {
    "review": "审方台",
    "dispensing": "调剂台",
    "verification": "复核台",
    "floor": "煎药区",
    "release": "放行台",
    "dispatch": "发药台",
}
KEYS = {
    "admin": "key-admin",
    "hospitals": {},
    "stations": {station: f"key-{station}" for station in STATIONS},
    "couriers": {"courier-1": "key-courier-1"},
    "floor": "key-floor",
}
COMMENT_S = 0.5


class FakeController:
    """One controller on one free port. `scans` and `intents`: bodies as they came, with the key that sent them."""

    def __init__(self) -> None:
        self.line = Line()
        self.recipe = recipe()
        self.scans: list[dict[str, Any]] = []
        self.intents: list[dict[str, Any]] = []
        self.acknowledged: list[tuple[str, str]] = []
        self.asked: list[tuple[str, str]] = []
        self.refusals: dict[str, dict[str, Any]] = {}
        self.lost = 0
        self.silent = False
        self._answers: dict[str, dict[str, Any]] = {}
        self._streams: list[asyncio.Queue[bytes | None]] = []
        self._loop = asyncio.new_event_loop()
        self._folder = TemporaryDirectory()
        self.key_file = Path(self._folder.name) / "keys.json"
        self.key_file.write_text(json.dumps(KEYS))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(self._app(), log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def stop(self) -> None:
        """Die, as a controller does that was killed: streams end, nobody listens any more."""
        if self._thread.is_alive():
            self.cut()
            self._server.should_exit = True
            self._thread.join(timeout=5)
        self._socket.close()

    def push(self, name: str, data: Any, seq: int = 0) -> None:
        """Send an event to every stream."""
        head = f"id: {seq}\n" if seq else ""
        self._send(f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())

    def happen(self, kind: str, about: str, **body: Any) -> None:
        """Let a fact become true now."""
        one = fact(self.line.facts[-1]["seq"] + 1, kind, 0, about, **body)
        self.line.facts.append(one)
        self.push("fact", one, one["seq"])

    def cut(self) -> None:
        """Break every stream."""
        self._send(None)

    def refuse(self, what: str, rule: str, text: str, **more: Any) -> None:
        """Refuse an intent by its type, or a scan by its code."""
        self.refusals[what] = {
            "rule": rule,
            "text_zh": text,
            "text_en": f"{rule}!",
            "facts": {},
            "who_may_override": [],
            **more,
        }

    def _send(self, chunk: bytes | None) -> None:
        for stream in list(self._streams):
            self._loop.call_soon_threadsafe(stream.put_nowait, chunk)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve([self._socket]))
        self._loop.close()

    def _app(self) -> Starlette:
        gets = {
            "/line": lambda _request: self.line.glance(),
            "/machines": lambda _request: self.line.machines,
            "/alarms": lambda _request: self.line.alarms,
            "/alarms/kpi": lambda request: load(request.query_params.get("month", "2026-11")),
            "/prescriptions": self._page,
            "/recipe": lambda _request: self.recipe,
            "/tasks": self._tasks,
            "/whoami": self._whoami,
            "/machines/{id}": lambda request: _by_id(self.line.machines, request),
            "/prescriptions/{id}": lambda request: self.line.case(request.path_params["id"]),
            "/batches/{id}/curve": self._curve,
        }

        def route(path: str, answer: Any) -> Route:
            async def endpoint(request: Request) -> Response:
                self.asked.append((request.url.path, _key(request)))
                if _key(request) not in _all_keys():
                    return _problem(
                        401, {"rule": "key-unknown", "text_zh": "访问密钥无效。", "text_en": "The key is not good."}
                    )
                found = answer(request)
                return JSONResponse(found) if found is not None else _problem(404, {"rule": "not-found"})

            return Route(f"/api/v1{path}", endpoint)

        return Starlette(
            routes=[
                *(route(path, answer) for path, answer in gets.items()),
                Route("/api/v1/stream", self._stream),
                Route("/api/v1/scans", self._scan, methods=["POST"]),
                Route("/api/v1/intents", self._intent, methods=["POST"]),
                Route("/api/v1/alarms/{id}/acknowledge", self._acknowledge, methods=["POST"]),
            ]
        )

    def _page(self, request: Request) -> dict[str, Any]:
        status = request.query_params.get("status", "")
        return {"items": [one for one in self.line.rows if not status or one["status"] == status], "cursor": None}

    def _tasks(self, request: Request) -> list[dict[str, Any]]:
        kind = request.query_params.get("kind", "")
        return [one for one in self.line.tasks if not kind or one["kind"] == kind]

    def _whoami(self, request: Request) -> dict[str, Any]:
        scope = _key(request).removeprefix("key-")
        kind = scope.rpartition("-")[0]
        if kind not in NAMES:
            return {"key": scope, "role": kind or scope, "scope": scope, "station": None}
        station = {"id": scope, "kind": kind, "name_zh": NAMES[kind] + scope[-1], "name_en": f"{kind} {scope[-1]}"}
        return {"key": scope, "role": "station", "scope": scope, "station": station}

    def _curve(self, request: Request) -> dict[str, Any] | None:
        batch = request.path_params["id"]
        return next((curve(batch, one["id"]) for one in self.line.machines if one["batch"] == batch), None)

    async def _stream(self, request: Request) -> Response:
        if _key(request) not in _all_keys():
            return _problem(401, {"rule": "key-unknown"})
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        after = int(request.query_params.get("from", "0"))
        for one in self.line.facts:
            if one["seq"] > after:
                queue.put_nowait(f"event: fact\nid: {one['seq']}\ndata: {json.dumps(one)}\n\n".encode())
        queue.put_nowait(f"event: machines\ndata: {json.dumps(self.line.machines)}\n\n".encode())
        self._streams.append(queue)
        return StreamingResponse(self._chunks(queue), media_type="text/event-stream")

    async def _chunks(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        try:
            while not self._server.should_exit:
                try:
                    chunk = await asyncio.wait_for(queue.get(), COMMENT_S)
                except TimeoutError:
                    if not self.silent:
                        yield b": beat\n\n"
                    continue
                if chunk is None:
                    return
                yield chunk
        finally:
            self._streams.remove(queue)

    async def _scan(self, request: Request) -> Response:
        body = await request.json()
        self.scans.append({**body, "key": _key(request)})
        if body["nonce"] not in self._answers:
            self._answers[body["nonce"]] = self._scanned(body)
        return self._answered(self._answers[body["nonce"]])

    def _scanned(self, body: dict[str, Any]) -> dict[str, Any]:
        refusal = self.refusals.get(body["code"])
        if refusal:
            return {"status": 409, **refusal}
        if body.get("into"):
            return self._bound(body["code"], body["into"])
        person = self.line.people.get(body["code"])
        if body["code"].startswith("A-") and person is None:
            return {
                "status": 409,
                "rule": "person-unknown",
                "text_zh": "没有此工牌的人员。",
                "text_en": "There is no such person.",
            }
        shows = (
            {"kind": "badge", "id": body["code"], "name": person, "enabled": True}
            if person
            else {"kind": "pail", "id": body["code"]}
        )
        return {
            "action": "show",
            "facts": [],
            "text_zh": f"条码 {body['code']}",
            "text_en": f"code {body['code']}",
            "shows": shows,
        }

    def _bound(self, source: str, target: str) -> dict[str, Any]:
        facts: list[dict[str, Any]] = []
        if source.startswith("D-"):
            drawn = next((one for one in self.line.tasks if one["kind"] == "draw" and one["into"] == target), None)
            if drawn is not None:
                drawn["details"]["lot"] = "L-1"
                facts = [fact(0, "DrawerScanned", 0, drawn["case"], batch=drawn["batch"], item=0, lot="L-1")]
        return {"action": "ScanCode", "facts": facts, "text_zh": "已完成", "text_en": "done", "shows": None}

    async def _intent(self, request: Request) -> Response:
        body = await request.json()
        self.intents.append({**body, "key": _key(request)})
        if "pin" in body and body["pin"] != PIN:
            return _problem(409, {"rule": "pin-wrong", "text_zh": "工牌的密码不正确。", "text_en": "The PIN is wrong."})
        refusal = self.refusals.get(body["type"])
        if refusal:
            return _problem(409, refusal)
        self._shelf(body)
        self._service(body)
        facts = [fact(0, "HerbWeighed", 0, code("R", 21), done=True)] if body["type"] == "RecordWeight" else []
        return self._answered({"action": body["type"], "facts": facts, "text_zh": "已记录", "text_en": "recorded"})

    def _shelf(self, body: dict[str, Any]) -> None:
        for one in self.line.alarms:
            if one["id"] == body.get("alarm") and body["type"] == "ShelveAlarm":
                until = self.line.now + body["minutes"] * MINUTE
                one |= {"state": "SHLVD", "shelved_until": until, "shelved_by": body["actor"]}
            elif one["id"] == body.get("alarm"):
                seen = {"acknowledged_by": body["actor"], "acknowledged_at": self.line.now}
                one |= {"state": "ACKED", "shelved_until": 0, "shelved_by": "", **seen}

    def _service(self, body: dict[str, Any]) -> None:
        out = {"out_by": body["actor"], "out_at": self.line.now, "out_note": body.get("note", "")}
        for one in (*self.line.machines, *self.line.alarms):
            if one["id"] == body.get("target"):
                one.update(out if body["type"] == "TakeOutOfService" else dict.fromkeys(out, ""))

    async def _acknowledge(self, request: Request) -> Response:
        body = await request.json()
        name = request.path_params["id"]
        self.acknowledged.append((name, body["actor"]))
        for one in self.line.alarms:
            if one["id"] == name:
                one |= {"state": "ACKED", "acknowledged_by": body["actor"], "acknowledged_at": self.line.now}
        return self._answered(
            {"action": "AcknowledgeAlarm", "facts": [], "text_zh": "报警已确认", "text_en": "acknowledged"}
        )

    def _answered(self, answer: dict[str, Any]) -> Response:
        if self.lost:
            self.lost -= 1
            return _problem(503, {"rule": "line-busy", "text_zh": "生产线正忙。", "text_en": "The line is busy."})
        return _problem(answer["status"], answer) if "status" in answer else JSONResponse(answer)


def nonce() -> str:
    """Return a fresh nonce."""
    return uuid4().hex


def _by_id(found: list[dict[str, Any]], request: Request) -> dict[str, Any] | None:
    return next((one for one in found if one["id"] == request.path_params["id"]), None)


def _key(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _all_keys() -> set[str]:
    return {KEYS["floor"], *KEYS["stations"].values(), *KEYS["couriers"].values()}  # type: ignore[union-attr,list-item]


def _problem(status: int, problem: dict[str, Any]) -> JSONResponse:
    return JSONResponse(
        {"title": "problem", "status": status, **problem}, status, media_type="application/problem+json"
    )
