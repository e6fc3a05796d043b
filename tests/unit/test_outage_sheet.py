"""The sheet over a real store: who is on it, what it reckons from the curves, and a thousand pots in seconds."""

from __future__ import annotations

import math
import re
import time
from contextlib import closing
from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from controller.model import intents as i
from controller.model.batch import Stage
from controller.render.outage import cells, to_html, to_lines
from controller.render.outage_pdf import to_pdf
from controller.runtime.cooling import learn
from controller.runtime.live_store import LiveStore
from controller.store import Group, ReadingBlock, Store, readings
from controller.texts import load_texts
from devices.model import LinkState, Mode, OrderStatus, Quality, Reading, Snapshot, State
from tests.api_rig import Rig, rig
from tests.pure_line import MINUTE, Crew, PureLine, prescription
from tests.unit.test_render_record import HOSTILE, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.model.batch import Batch
    from controller.model.world import Unit
    from controller.wire.outage import OutageRow, OutageSheet

PATH = "/api/v1/outage"
ROOM, CONSTANT_S = 22.0, 4_000.0
TEXTS = load_texts(ZoneInfo("Asia/Shanghai"))
POT = "pot-01"


@cache
def boiling() -> tuple[PureLine, Batch]:
    """A line with one batch that has boiled for ten minutes."""
    line = PureLine.ready()
    line.must(i.ReceivePrescription(prescription(), "d"))
    Crew(line).work(until="BoilBegan")
    line.run(10)
    batch = next(batch for batch in line.floor.batches.values() if batch.stage is Stage.BOILING)
    line.report(batch.pot)
    return line, line.floor.batches[batch.id]


@cache
def cut() -> tuple[PureLine, Batch]:
    """The same after its pot came back from a power cut of half an hour."""
    known, batch = boiling()
    line = replace(known, facts=[], _events=[])
    line.run(30)
    proven = i.BoilTruth(600.0, 0.0, 600.0, known.now)
    line.report(batch.pot, boot=2, order_status=OrderStatus.FAILED, boil=proven)
    return line, line.floor.batches[batch.id]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(f"sqlite:///{tmp_path / 'line.db'}")) as store:
        store.take_mastery()
        store.load()
        yield store


def noisy(seconds: range, start: int, celsius: Any, seed: int = 1) -> list[tuple[int, float, str]]:
    random = Random(seed)
    return [(start + second * 1000, celsius(second) + random.gauss(0, 0.05), "good") for second in seconds]


def cooling(from_c: float, second: float) -> float:
    return ROOM + (from_c - ROOM) * math.exp(-second / CONSTANT_S)


def tape(pot: str, batch: str, cut_at: int, *, away_s: int, back_s: int, before_s: int = 600) -> list[ReadingBlock]:
    """A boil up to `cut_at`, silence, and the pot cooling since it is back, in blocks of a minute."""
    hot = noisy(range(-before_s, 1), cut_at, lambda _: 99.9)
    cold = noisy(range(away_s, away_s + back_s + 1), cut_at, lambda second: cooling(99.9, second))
    power = [(at, 0.7, quality) for at, _, quality in hot] + [(at, 0.0, quality) for at, _, quality in cold]
    return [
        ReadingBlock(pot, tag, batch, part[0][0], part, 3_000)
        for tag, points in (("ActualTemperature", hot + cold), ("HeaterPower", power))
        for side in (points[: len(hot)], points[len(hot) :])
        for start in range(0, len(side), 60)
        if (part := side[start : start + 60])
    ]


def show(api: Rig, pot: str, celsius: float | None, link: LinkState = LinkState.FRESH) -> None:
    """Let a machine be seen with a temperature now, or not at all."""
    at = api.clock.at
    readings = {} if celsius is None else {"ActualTemperature": Reading(celsius, Quality.GOOD, at)}
    api.fleet.snapshots[pot] = Snapshot(pot, at, 0.0, State.STOPPED, mode=Mode.PRODUCE, boot=2, readings=readings)
    api.fleet.links[pot] = link


def put(api: Rig, line: PureLine, now: int) -> None:
    api.line.floor, api.line.book, api.clock.at = line.floor, replace(line.book, stations=api.line.book.stations), now
    for machine in line.floor.machines:
        show(api, machine, 20.0)


async def sheet(api: Rig, who: str = "admin") -> OutageSheet:
    answer = await api.get(who, PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def one(api: Rig) -> OutageRow:
    (row,) = (await sheet(api))["rows"]
    return row


async def test_a_pot_that_lost_its_power_is_told_with_what_it_went_through(store: Store) -> None:
    line, batch = cut()
    cut_at, away_s, back_s = line.now - 30 * MINUTE, 1_800, 600
    store.append_readings(tape(batch.pot, batch.id, cut_at, away_s=away_s, back_s=back_s - 5))
    async with rig(store=store) as api:
        put(api, line, line.now + 10 * MINUTE)
        celsius = cooling(99.9, away_s + back_s)
        show(api, batch.pot, celsius)
        row = await one(api)
    assert (row["machine"], row["batch"], row["prescription_no"]) == (batch.pot, batch.id, "T-0001")
    assert row["before"] is not None
    assert (row["before"]["at"], row["before"]["celsius"]) == (cut_at, pytest.approx(99.9, abs=0.3))
    assert row["away_s"] == away_s
    assert row["back_at"] == cut_at + away_s * 1000
    assert row["seen"] is not None
    assert row["seen"]["celsius"] == pytest.approx(celsius, abs=0.1)
    assert row["learned"]
    assert row["constant_s"] is not None
    assert row["constant_s"][0] < CONSTANT_S < row["constant_s"][1]
    assert 0 < row["paused_s"] <= away_s + back_s
    assert (row["advice"], row["choice"], row["zone_s"]) == ("run_deficit", "run_deficit", 0)
    assert row["minutes"] == math.ceil(batch.plan.boils[0].minutes - batch.boils[0].credit_s / 60)
    assert row["reasons"][0]["rule"] == "boot"
    assert all(reason["text_zh"] != reason["rule"] != reason["text_en"] for reason in row["reasons"])


async def test_a_pot_that_nobody_sees_is_told_with_its_last_reading_and_a_range(store: Store) -> None:
    line, batch = boiling()
    held = replace(line, facts=[], _events=[])
    held.must(i.ReportLink(batch.pot, LinkState.STALE))
    store.append_readings(tape(batch.pot, batch.id, held.now, away_s=1, back_s=0))
    async with rig(store=store) as api:
        put(api, held, held.now + 20 * MINUTE)
        show(api, batch.pot, None, LinkState.STALE)
        row = await one(api)
    assert (row["advice"], row["choice"], row["offered"], row["seen"]) == ("wait", "", ["migrate", "scrap"], None)
    assert row["away_s"] == pytest.approx(20 * 60, abs=2)
    assert not row["learned"]
    assert row["reckoned_celsius"] is not None
    assert ROOM < row["reckoned_celsius"][0] < row["reckoned_celsius"][1] < 99.9


async def test_where_a_power_cut_cost_the_curve_too_the_journal_says_how_hot_it_was(store: Store) -> None:
    line, batch = cut()
    async with rig(store=store) as api:
        put(api, line, line.now)
        show(api, batch.pot, 80.0)
        row = await one(api)
    record = batch.boils[0]
    assert row["before"] is not None
    assert (row["before"]["at"], row["before"]["celsius"]) == (record.began_at + round(record.credit_s * 1000), 99.5)
    assert row["back_at"] == line.now
    assert row["away_s"] == pytest.approx(1_800, abs=60)
    assert (row["advice"], row["zone_s"]) == ("run_deficit", 0)


async def test_a_pot_that_is_dark_is_reckoned_with_what_its_last_batch_showed(tmp_path: Path) -> None:
    line, batch = boiling()
    with closing(LiveStore.open(f"sqlite:///{tmp_path / 'line.db'}")) as store:
        store.take_mastery()
        store.load()
        before = replace(batch, id="B-BEFORE")
        store.commit(Group((), {("batch", before.id): before}))
        ended = line.now - 600 * MINUTE
        blocks = tape(batch.pot, before.id, ended, away_s=1, back_s=1_200)
        full = [replace(block, tag="Level", points=[(at, 2_000.0, quality) for at, _, quality in block.points])
                for block in blocks if block.tag == "HeaterPower"]  # fmt: skip
        store.append_readings([*blocks, *full])
        store.join_readings(before.id)
        learn(store, before.id)
        async with rig(store=store) as api:
            put(api, line, line.now + 20 * MINUTE)
            show(api, batch.pot, None, LinkState.STALE)
            row = await one(api)
    litres = (2_000 + batch.plan.absorb_ml) / 1000
    expected_s = CONSTANT_S / litres * batch.plan.load_ml / 1000
    assert row["learned"]
    assert row["constant_s"] == [pytest.approx(expected_s * 0.8, rel=0.1), pytest.approx(expected_s * 1.2, rel=0.1)]


async def test_a_boil_that_went_on_while_nobody_watched_goes_on(store: Store) -> None:
    line, batch = boiling()
    line = replace(line, facts=[], _events=[])
    line.report(batch.pot, boil=i.BoilTruth(0.0, 601.0, 601.0, line.now))
    store.append_readings(tape(batch.pot, batch.id, line.now - 10 * MINUTE, away_s=1, back_s=0))
    async with rig(store=store) as api:
        put(api, line, line.now)
        show(api, batch.pot, 99.9)
        row = await one(api)
    assert (row["advice"], row["severity"], row["away_s"]) == ("goes-on", 0, pytest.approx(10 * 60, abs=2))
    assert "never-stopped" in {reason["rule"] for reason in row["reasons"]}


async def test_a_batch_that_nothing_happened_to_is_not_on_the_sheet(store: Store) -> None:
    line, batch = boiling()
    store.append_readings(tape(batch.pot, batch.id, line.now, away_s=1, back_s=0))
    async with rig(store=store) as api:
        put(api, line, line.now)
        assert (await sheet(api))["rows"] == []
        assert "没有受影响的锅次" in (await api.get("admin", PATH, format="html")).text


@pytest.mark.parametrize(
    ("form", "media", "start"),
    [("json", "application/json", b"{"), ("html", "text/html", b"<!doctype"), ("pdf", "application/pdf", b"%PDF-")],
)
async def test_the_sheet_has_three_forms(store: Store, form: str, media: str, start: bytes) -> None:
    line, _ = cut()
    async with rig(store=store) as api:
        put(api, line, line.now)
        answer = await api.get("screen", PATH, format=form)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media)
    assert answer.content.startswith(start)


async def test_only_keys_of_the_house_see_it_and_no_name_is_whole_on_the_floor(store: Store) -> None:
    line, _ = cut()
    async with rig(store=store) as api:
        for who in ("hospital", "courier"):
            assert (await api.get(who, PATH)).status_code == 403
        case = await api.receive()
        subject = api.line.floor.cases[case].prescription.patient.subject
        put(api, line, line.now)
        known = next(iter(line.floor.cases.values()))
        patient = replace(known.prescription.patient, subject=subject)
        named = replace(known, prescription=replace(known.prescription, patient=patient))
        api.line.floor = line.floor._replace(cases=line.floor.cases.set(known.id, named))
        assert [(await sheet(api, who))["rows"][0]["name"] for who in ("floor", "release")] == ["测*", "测试患者001"]


async def test_the_description_tells_all_three_forms(store: Store) -> None:
    async with rig(store=store) as api:
        content = api.app.openapi()["paths"][PATH]["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/html", "application/pdf"}
    assert content["application/json"]["schema"]["$ref"].endswith("/OutageSheet")


def many(count: int) -> tuple[PureLine, list[str]]:
    """The same batch `count` times, each in a pot of its own."""
    line, batch = cut()
    floor, unit = line.floor, line.book.machines[batch.pot]
    batches, machines = floor.batches, floor.machines.mutate()
    units: dict[str, Unit] = dict(line.book.machines)
    pots = [f"kettle-{number:04}" for number in range(count)]
    for pot in pots:
        batches = batches.set(f"B-{pot}", replace(batch, id=f"B-{pot}", pot=pot))
        machines[pot] = replace(floor.machines[batch.pot], id=pot, batch=f"B-{pot}")
        units[pot] = replace(unit, id=pot)
    machines[batch.pot] = replace(floor.machines[batch.pot], batch="")
    book = replace(line.book, machines=units, boil_celsius=dict.fromkeys(pots, 99.5))
    return replace(line, floor=floor._replace(batches=batches, machines=machines.finish()), book=book), pots


async def test_a_thousand_pots_are_judged_in_seconds_the_worst_first(store: Store) -> None:
    line, pots = many(1_000)
    now = line.now + 160 * MINUTE
    blocks = tape("", "", line.now - 30 * MINUTE, away_s=180 * 60, back_s=595, before_s=1_200)
    packed = [readings.row_of("A", block) for block in blocks]
    rows = [{**row, "machine": pot, "batch": f"B-{pot}"} for pot in pots for row in packed]
    store._aside(lambda connection: readings.append(connection, rows))
    async with rig(store=store) as api:
        put(api, line, now)
        for number, pot in enumerate(pots):
            show(api, pot, 28 + number * 0.065)
        took_s: dict[str, float] = {}
        answers: dict[str, Any] = {}
        for form in ("json", "pdf"):
            began = time.process_time()  # of all threads: whoever else is on this machine does not count
            answers[form] = await api.get("admin", PATH, format=form)
            took_s[form] = time.process_time() - began
            assert answers[form].status_code == 200
    page: OutageSheet = answers["json"].json()
    told = page["rows"]
    assert to_html(page, TEXTS).count(b"kettle-") >= len(pots)
    assert len(told) == len(pots)
    severity = [row["severity"] for row in told]
    assert severity == sorted(severity, reverse=True)
    assert len(set(severity)) > 1
    assert told[0]["machine"] == pots[0]
    assert took_s["json"] < 5, took_s
    assert took_s["pdf"] < 20, took_s


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_text_is_read_on_every_sheet_and_does_nothing(store: Store, text: str) -> None:
    line, _ = cut()
    async with rig(store=store) as api:
        put(api, line, line.now)
        plain = await sheet(api)
    row: OutageRow = {**plain["rows"][0], "prescription_no": text, "name": text, "step": text}
    hostile: OutageSheet = {**plain, "site": text, "rows": [row]}
    before, after = read(to_html(plain, TEXTS)), read(to_html(hostile, TEXTS))
    assert (after.tags, after.attributes) == (before.tags, before.attributes)
    assert to_pdf(hostile, TEXTS).startswith(b"%PDF-")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(to_lines(hostile, TEXTS)))


async def test_every_row_has_as_many_cells_as_the_head_and_the_same_bytes_each_time(store: Store) -> None:
    line, _ = cut()
    async with rig(store=store) as api:
        put(api, line, line.now)
        plain = await sheet(api)
    assert len(cells(plain["rows"][0], TEXTS)) == 8
    assert to_pdf(plain, TEXTS) == to_pdf(plain, TEXTS)
