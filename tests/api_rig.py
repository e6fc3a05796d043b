"""The whole API over a real line and a store in memory; machines are what a test says they are. For tests of the API.

`async with rig() as api:` gives clients by key: `api.post("hospital", path, body)`.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
from argon2 import PasswordHasher

from controller.api.app import build
from controller.api.auth import digest_of
from controller.api.context import Context
from controller.model.case import ENDS, Case
from controller.model.people import Station, StationKind
from controller.runtime.feed import Feed
from controller.runtime.line import Durable, Line
from controller.store import ClosedPage, Group, IntakeRow, KeyRow, NotThere, ScanRow, StoredFact, SubjectRow
from controller.store.codec import encode
from controller.texts import load_texts
from devices.model import LinkState, Mode, Quality, Reading, Snapshot, State, Step
from devices.profile import load_profile
from tests.pure_line import PEOPLE, START, PureLine, badge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

PIN = "482913"
STATIONS = {
    f"st-{kind}": Station(f"st-{kind}", kind, "工位", "bench")
    for kind in StationKind
    if kind is not StationKind.COURIER
} | {"SF": Station("SF", StationKind.COURIER, "快递", "courier")}
KEYS = {
    "admin": ("admin", ""),
    "screen": ("floor", ""),
    "hospital": ("hospital", "RS-TCM"),
    "other-hospital": ("hospital", "RS-YULI"),
    "courier": ("courier", "SF"),
    **{kind.value: ("station", f"st-{kind}") for kind in StationKind if kind is not StationKind.COURIER},
}
"""Name of the caller in a test -> role and scope. The key of each is `key-NAME`."""


def body(**changes: Any) -> dict[str, Any]:
    """A sound prescription as a hospital sends it."""
    sound: dict[str, Any] = {
        "hospital": "RS-TCM",
        "prescription_no": "T-0001",
        "version": 1,
        "issued_at": "2026-11-22T08:00:00+08:00",
        "patient": {
            "id": "P-1029", "name": "测试患者001", "sex": "female", "birth_date": "1961-03-02",
            "pregnant": False, "lactating": False, "allergies": [],
        },
        "prescriber": {"name": "测试医师01", "department": "中医科", "overrides": []},
        "diagnosis": "测试诊断", "pattern": "测试证型",
        "doses": 7, "servings_per_dose": 2, "serving_ml": 200,
        "route": "oral", "urgency": "routine", "preparation": "decoct", "class": "general",
        "items": [
            {"herb": "桂枝", "grams": 9.0, "handling": "none"},
            {"herb": "白芍", "grams": 9.0, "handling": "none"},
            {"herb": "生姜", "grams": 9.0, "handling": "none"},
            {"herb": "大枣", "grams": 9.0, "handling": "none"},
            {"herb": "炙甘草", "grams": 6.0, "handling": "none"},
        ],
        "delivery": {"method": "courier", "recipient": "测试患者001", "phone": "13800000001", "address": "测试镇1号"},
    }  # fmt: skip
    return {**sound, **changes}


@dataclass
class HandClock:
    """Plant time that moves when a test says so."""

    at: int = START
    speed: int = 60

    def now(self) -> int:
        return self.at


@dataclass
class MemoryStore:
    """Keeps what the real store keeps, with its uniqueness."""

    facts: list[StoredFact] = field(default_factory=list)
    rows: dict[tuple[str, str], object] = field(default_factory=dict)
    subjects: dict[str, SubjectRow] = field(default_factory=dict)
    taken: dict[tuple[str, str, int], IntakeRow] = field(default_factory=dict)
    scans: dict[str, ScanRow] = field(default_factory=dict)
    key_rows: dict[str, KeyRow] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    points: dict[tuple[str, str], list[tuple[int, float | None, str]]] = field(default_factory=dict)
    broken: bool = False

    def commit(self, group: Group) -> int:
        if self.broken:
            raise OSError("the disk is gone")
        for write in group.writes:
            match write:
                case SubjectRow():
                    assert write.id not in self.subjects
                    self.subjects[write.id] = write
                case IntakeRow():
                    key = (write.hospital, write.prescription_no, write.version)
                    assert key not in self.taken
                    self.taken[key] = write
                case ScanRow():
                    assert write.nonce not in self.scans
                    self.scans[write.nonce] = write
        for fact in group.facts:
            encode(fact)
            self.facts.append(StoredFact(len(self.facts) + 1, fact.at, type(fact).__name__, fact.about, fact))
        self.rows |= group.rows
        return len(self.facts)

    def facts_after(self, seq: int, limit: int) -> list[StoredFact]:
        return self.facts[seq : seq + limit]

    def alarm_facts(self, between: tuple[int, int], limit: int) -> list[StoredFact]:
        told = (fact for fact in self.facts if fact.kind.startswith("Alarm"))
        return [fact for fact in told if between[0] <= fact.at < between[1]][:limit]

    def timeline(self, about: str) -> list[StoredFact]:
        return [fact for fact in self.facts if fact.about == about]

    def row(self, kind: str, id_: str) -> object | None:
        return self.rows.get((kind, id_))

    def closed_cases(
        self, *, hospital: str | None = None, status: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> ClosedPage:
        ended = [row for row in self.rows.values() if isinstance(row, Case) and row.status in ENDS]
        fitting = [
            case for case in ended if hospital in (None, case.prescription.hospital) and status in (None, case.status)
        ]
        return ClosedPage(tuple(fitting[:limit]), "")

    def subject(self, id_: str) -> dict[str, Any] | None:
        row = self.subjects.get(id_)
        return None if row is None else json.loads(row.data)

    def intakes(self, numbers: list[tuple[str, str]]) -> list[list[IntakeRow]]:
        return [
            sorted((row for key, row in self.taken.items() if key[:2] == number), key=lambda row: row.version)
            for number in numbers
        ]

    def scan_answer(self, nonce: str) -> bytes | None:
        row = self.scans.get(nonce)
        return None if row is None else row.answer

    def curve(self, batch: str, tag: str) -> list[tuple[int, float | None, str]]:
        return self.points.get((batch, tag), [])

    def keys(self) -> list[KeyRow]:
        return list(self.key_rows.values())

    def add_key(self, id_: str, role: str, scope: str, digest: str) -> None:
        self.key_rows[id_] = KeyRow(id_, role, scope, digest, 1, 0)

    def revoke_key(self, id_: str) -> None:
        if id_ not in self.key_rows:
            raise NotThere(id_)
        row = self.key_rows[id_]
        self.key_rows[id_] = KeyRow(row.id, row.role, row.scope, row.digest, row.created_at, 2)

    def pin_hash(self, badge: str) -> str | None:
        return self.pins.get(badge)

    def set_pin(self, badge: str, hash_: str) -> None:
        self.pins[badge] = hash_


@dataclass
class StillFleet:
    """Machines as a test puts them."""

    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    links: dict[str, LinkState] = field(default_factory=dict)

    def latest(self, machine: str) -> Snapshot | None:
        return self.snapshots.get(machine)

    def link_state(self, machine: str) -> tuple[LinkState, float]:
        return self.links.get(machine, LinkState.NEVER), 0.0

    def see(self, machine: str, celsius: float, *, received_s: float = 0.0, link: LinkState = LinkState.FRESH) -> None:
        reading = {"ActualTemperature": Reading(celsius, Quality.GOOD, START)}
        self.snapshots[machine] = Snapshot(
            machine, START, received_s, State.EXECUTE, Step.HOLD_BOIL, Mode.PRODUCE, boot=1, readings=reading
        )
        self.links[machine] = link


@cache
def _floor() -> PureLine:
    return PureLine.ready()


@cache
def _pin_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PIN)


@dataclass
class Rig:
    """The API, its parts, and ways to call it."""

    app: FastAPI
    context: Context
    line: Line
    store: MemoryStore
    fleet: StillFleet
    clock: HandClock
    http: httpx.AsyncClient
    is_ready: list[bool]

    async def get(self, who: str, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query, headers=key_of(who))

    async def post(self, who: str, path: str, content: Any) -> httpx.Response:
        return await self.http.post(path, json=content, headers=key_of(who))

    async def receive(self, **changes: Any) -> str:
        """Post a sound prescription and return its id."""
        answer = await self.post("hospital", "/api/v1/prescriptions", body(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def intend(self, who: str, kind: str, actor: str, **fields: Any) -> httpx.Response:
        return await self.post(who, "/api/v1/intents", {"type": kind, "actor": badge(actor), **fields})

    async def approve(self, case: str) -> str:
        """Let the reviewer approve and return the batch."""
        answer = await self.intend("review", "SignReview", "reviewer", pin=PIN, case=case, decision="approve")
        assert answer.status_code == 200, answer.text
        return self.line.floor.cases[case].batch

    async def scan(self, who: str, code: str, into: str, actor: str, nonce: str = "nonce-0001") -> httpx.Response:
        content = {"code": code, "into": into, "actor": badge(actor), "scanned_at": self.clock.at, "nonce": nonce}
        return await self.post(who, "/api/v1/scans", content)

    async def parcel(self) -> tuple[str, str]:
        """Bring a prescription that is only dispensed to its parcel; return both codes."""
        case = await self.receive(preparation="dispense-only", doses=1)
        batch, pail = await self.approve(case), min(self.line.book.pails)
        assert (await self.scan("dispensing", pail, batch, "dispenser", "nonce-pail")).status_code == 200
        for number, item in enumerate(self.line.floor.batches[batch].plan.items):
            drawer = next(lot.drawer for lot in self.line.floor.lots.values() if lot.herb == item.herb)
            drawn = await self.scan("dispensing", drawer, pail, "dispenser", f"nonce-drawer-{number}")
            assert drawn.status_code == 200, drawn.text
            fields = {"batch": batch, "herb": item.herb, "grams": item.grams}
            weighed = await self.intend("dispensing", "RecordWeight", "dispenser", **fields)
            assert weighed.status_code == 200, weighed.text
        for who, act, actor in (("verification", "SignVerify", "checker"), ("release", "SignRelease", "releaser")):
            signed = await self.intend(who, act, actor, pin=PIN, batch=batch)
            assert signed.status_code == 200, signed.text
        parcel = self.line.floor.cases[case].parcel
        assert parcel is not None
        return case, parcel.code


def key_of(who: str) -> dict[str, str]:
    return {"authorization": f"Bearer key-{who}"} if who else {}


@asynccontextmanager
async def rig(*, requests_per_minute: int = 0, store: Any = None) -> AsyncIterator[Rig]:
    """Start a line with people, stock and machines, and the API before it. `store`: instead of one in memory."""
    pure, fleet, clock = _floor(), StillFleet(), HandClock()
    store = store or MemoryStore()
    for name, (role, scope) in KEYS.items():
        store.add_key(f"id-{name}", role, scope, digest_of(f"key-{name}"))
    for person in PEOPLE.values():
        store.set_pin(person.badge, _pin_hash())
    book = replace(pure.book, stations=STATIONS, hospitals=frozenset({"RS-TCM", "RS-YULI"}))
    feed = Feed(0, store.facts_after)

    def leave(durable: Durable) -> None:
        feed.publish(durable.facts)

    line = Line(floor=pure.floor, seq=0, epoch=1, book=book, clock=clock, store=store, leave=leave)  # type: ignore[arg-type]
    is_ready = [True]
    pot, packer = load_profile("pot-modbus"), load_profile("packer-opcua")
    context = Context(
        line=line,
        store=store,
        feed=feed,
        fleet=fleet,
        profiles={name: pot if site.kind == "decoction" else packer for name, site in book.machines.items()},
        texts=load_texts(book.timezone),
        line_id="A",
        site_name="示例代煎中心",
        hospitals={"RS-TCM": "示例中医院"},
        requests_per_minute=requests_per_minute,
        ready=lambda: is_ready[0],
        metrics=lambda: b"decoct_facts_total 1\n",
    )
    app = build(context)
    running = asyncio.create_task(line.run())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://line") as http:
        try:
            yield Rig(app, context, line, store, fleet, clock, http, is_ready)
        finally:
            line.stop()
            await asyncio.gather(running, return_exceptions=True)
            app.state.desk.close()
