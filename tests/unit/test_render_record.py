"""The batch record is the fold of the journal, and every text in it lies still on every kind of paper."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.model import intents as i
from controller.model.prescription import Handling, Item, Override
from controller.render.curve import COLUMNS, Curve, Samples, drawn
from controller.render.fold import record_of
from controller.render.html import to_html
from controller.render.layout import Grid, Heading, Pairs, blocks
from controller.render.pdf import _TEXT, _paragraph, inert, to_pdf
from controller.render.record import Sheet, to_json
from controller.store import StoredFact
from controller.texts import load_texts
from devices.model import LinkState
from tests.api_rig import body, rig
from tests.pure_line import PEOPLE, START, Crew, PureLine, badge, prescription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.render.record import Record
    from controller.wire import PatientView

TEXTS = load_texts(ZoneInfo("Asia/Shanghai"))
HOSTILE = (
    "[a='", "[@click=app.release('B-001')]张三[/]", "\x1b]0;x\x07\x1b[2J\x9b31m", "<script>alert(1)</script>",
    "<b>&amp;</b> &lt;", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "^XA^FDx^FS^XZ", "\u202egnp.exe\u2066",
    "</para><para>", "{0.__class__}", "%s%n", "\U00020bb7野家\U0001f600", "a" * 300, "\x00\ufffe",
)  # fmt: skip


def patient(name: str = "测试患者001") -> PatientView:
    return {
        "name": name, "second": "1029", "sex": "female", "age_years": 65, "pregnant": False, "lactating": None,
        "allergies": [],
    }  # fmt: skip


def sheet(**changes: Any) -> Sheet:
    people = {person.badge: person.name for person in PEOPLE.values()}
    facts = {"site": "示例中心", "hospital": "示例中医院", "patient": patient(), "diagnosis": "", "people": people}
    return Sheet(**{**facts, "printed_at": START, **changes})


@cache
def life() -> tuple[PureLine, tuple[StoredFact, ...]]:
    """A prescription with every kind of handling, one lost link and one scrapped batch, from intake to receipt."""
    line = PureLine.ready()
    more = (("薄荷", Handling.ADD_LATE), ("阿胶", Handling.MELT), ("石膏", Handling.DECOCT_FIRST))
    items = (*prescription().items, *(Item(herb, 6.0, handling) for herb, handling in more))
    overrides = (Override("dose-above-range", ("细辛",), "病情需要", "测试医师01", START),)
    line.must(i.ReceivePrescription(prescription(items=items, overrides=overrides, recipe_class=None), "d"))
    case = next(iter(line.floor.cases))
    crew = Crew(line)
    crew.work(until="SoakBegan")
    spilt = line.floor.batches[line.floor.cases[case].batch]
    line.must(i.Scrap(spilt.id, badge("reviewer"), "st", "药桶倾洒"))
    facts = len(line.facts)
    while "SoakBegan" not in line.kinds()[facts:]:
        if not crew._once():
            line.run(1)
    machine = line.floor.batches[line.floor.cases[case].batch].soak_machine
    line.must(i.ReportLink(machine, LinkState.STALE))
    line.run(3)
    line.must(i.ReportLink(machine, LinkState.FRESH))
    crew.work()
    return line, stored(line, case)


def stored(line: PureLine, case: str) -> tuple[StoredFact, ...]:
    about = [fact for fact in line.facts if fact.about == case]
    return tuple(StoredFact(seq, fact.at, type(fact).__name__, case, fact) for seq, fact in enumerate(about, 1))


def whole(**changes: Any) -> Record:
    return record_of(life()[1], sheet(**changes))


def test_the_record_tells_both_batches_and_how_each_ended() -> None:
    spilt, made = whole()["batches"]
    assert (spilt["end"], made["end"]) == ("scrapped", "released")
    assert (made["replaces"], made["attempt"]) == (spilt["id"], 2)
    assert whole()["end"] == "delivered"


def test_every_herb_has_its_lot_its_weight_and_who_weighed_it() -> None:
    for herb in whole()["batches"][1]["herbs"]:
        assert herb["lot"].startswith("L-")
        assert len(herb["weighed"]) == herb["times"]
        assert herb["by"] == badge("dispenser")


def test_the_boils_have_at_least_what_was_asked_and_all_are_settled() -> None:
    boils = whole()["batches"][1]["boils"]
    assert [boil["name"] for boil in boils] == ["first", "boil.1", "boil.2"]
    for boil in boils:
        assert boil["credit_s"] >= boil["required_s"] > 0
        assert boil["counter_s"] >= boil["required_s"]
        assert (boil["orders"], boil["settled"]) == (1, True)


def test_all_five_gates_and_every_required_checkpoint_are_in_the_record() -> None:
    line, _ = life()
    made = whole()["batches"][1]
    assert {point["gate"] for point in made["checkpoints"]} == {"source", "storage", "review", "decoction", "delivery"}
    recorded = {(point["name"], point["about"]) for point in made["checkpoints"]}
    plan = next(fact.plan for fact in line.facts if type(fact).__name__ == "BatchOpened" and fact.batch == made["id"])
    assert set(plan.required) <= recorded


def test_a_signature_has_a_name_a_time_and_a_meaning() -> None:
    signatures = whole()["signatures"]
    assert [one["act"] for one in signatures] == [
        "review", "verify", "scrap", "verify", "release", "hand-over", "receipt",
    ]  # fmt: skip
    assert all(one["name"] and one["at"] for one in signatures)


def test_a_hold_has_its_beginning_and_its_end() -> None:
    (hold,) = whole()["batches"][1]["holds"]
    assert hold["reason"].startswith("link-stale")
    assert hold["at"] < hold["ended_at"]


def test_the_digest_changes_with_every_fact() -> None:
    timeline = life()[1]
    digests = {record_of(timeline[:length], sheet())["digest"] for length in range(len(timeline) + 1)}
    assert len(digests) == len(timeline) + 1
    assert record_of(timeline, sheet())["digest"] == record_of(timeline, sheet(site="别处"))["digest"]


@pytest.mark.parametrize("length", range(0, 130, 7))
def test_a_record_can_be_written_at_every_moment(length: int) -> None:
    record = record_of(life()[1][:length], sheet())
    assert to_json(record, TEXTS)
    assert to_html(record, TEXTS)
    assert list(blocks(record, TEXTS))


def test_the_pdf_is_one_and_the_same_each_time() -> None:
    first = to_pdf(whole(), TEXTS)
    assert first.startswith(b"%PDF-")
    assert first == to_pdf(whole(), TEXTS)
    count = re.search(rb"/Count ([0-9]+)", first)
    assert count is not None
    assert 2 < int(count[1]) < 8


class _Reader(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: bytes) -> _Reader:
    reader = _Reader()
    reader.feed(page.decode())
    return reader


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_read_on_every_paper_and_does_nothing(text: str) -> None:
    record = whole(site=text, hospital=text, patient=patient(text), diagnosis=text)
    plain, page = read(to_html(whole(), TEXTS)), read(to_html(record, TEXTS))
    assert (page.tags, page.attributes) == (plain.tags, plain.attributes)
    assert inert(text.replace("\U00020bb7", "").replace("\U0001f600", "")) in page.text.replace(
        "\U00020bb7", ""
    ).replace("\U0001f600", "")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.text)
    assert json.loads(to_json(record, TEXTS))["site"] == text
    assert to_pdf(record, TEXTS).startswith(b"%PDF-")


@given(st.text(max_size=60))
def test_a_paragraph_of_the_pdf_shows_any_text_as_text(text: str) -> None:
    shown = _paragraph(text, _TEXT).getPlainText()
    assert " ".join(shown.split()) == " ".join(inert(text).split())


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_a_page_has_the_same_elements_whatever_a_name_says(text: str) -> None:
    page = read(to_html(whole(patient=patient(text)), TEXTS))
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "small", "dl", "div", "dt", "dd", "table",
        "colgroup", "col", "thead", "tbody", "tr", "th", "td", "footer",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "style", "class"}


def test_the_page_asks_for_nothing_from_outside() -> None:
    page = to_html(whole(), TEXTS).decode()
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script", page)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    grids = [block for block in blocks(whole(), TEXTS) if isinstance(block, Grid)]
    assert len(grids) > 6
    for grid in grids:
        assert len(grid.head) == len(grid.widths)
        assert {len(row) for row in grid.rows} <= {len(grid.head)}
    assert {type(block) for block in blocks(whole(), TEXTS)} == {Heading, Pairs, Grid}


def sampled(values: Sequence[float | None]) -> Samples:
    return Samples([(START + second * 1000, value, "good") for second, value in enumerate(values)], 99.5)


def test_no_excursion_is_smoothed_away_and_no_gap_is_drawn_across() -> None:
    values: list[float | None] = [*[20.0] * 5000, 132.0, *[99.9] * 5000, None, *[60.0] * 4000]
    values[7000] = 3.0
    curve = drawn(sampled(values), TEXTS.moment)
    assert curve is not None
    assert len(curve.strokes) == 2
    (left, right), *others = curve.gaps
    assert not others
    assert left < right
    assert not [x for stroke in curve.strokes for x, _ in stroke if left < x < right]
    assert sum(map(len, curve.strokes)) < 4 * COLUMNS
    heights = [y for stroke in curve.strokes for _, y in stroke]
    degrees = [value for value in values if value is not None]
    per_degree = curve.boil / 99.5
    assert max(heights) == pytest.approx(max(degrees) * per_degree)
    assert min(heights) == pytest.approx(min(degrees) * per_degree)


@given(st.lists(st.none() | st.floats(-40, 200), max_size=50))
def test_any_curve_stays_in_its_field(values: list[float | None]) -> None:
    curve = drawn(sampled(values), TEXTS.moment)
    assert (curve is None) == (not any(value is not None for value in values))
    if curve:
        parts = [point for stroke in curve.strokes for point in stroke]
        assert all(0 <= part <= 1 for point in parts for part in point)
        assert all(0 <= place <= 1 for place, _ in (*curve.times, *curve.values))


def test_the_curve_of_a_batch_is_on_every_paper() -> None:
    samples = {batch["id"]: sampled([20.0, 60.0, None, 99.9, 99.8]) for batch in whole()["batches"]}
    assert Curve in {type(block) for block in blocks(whole(), TEXTS, samples)}
    assert b"<svg" in to_html(whole(), TEXTS, samples)
    assert len(to_pdf(whole(), TEXTS, samples)) > len(to_pdf(whole(), TEXTS))


def test_steps_and_layers_are_told_in_words() -> None:
    rows = [cell for block in blocks(whole(), TEXTS) if isinstance(block, Grid) for row in block.rows for cell in row]
    assert "头煎 1st boil" in rows
    assert "通用表 general table" in rows
    assert not [cell for cell in rows if re.search(r"(boil|drain|rinse|flush|water)\.[0-9]", cell)]


@pytest.mark.parametrize(
    ("form", "media", "start"),
    [("json", "application/json", b"{"), ("html", "text/html", b"<!doctype"), ("pdf", "application/pdf", b"%PDF-")],
)
async def test_the_record_is_served_in_three_forms_with_the_name_only_where_it_is_needed(
    form: str, media: str, start: bytes
) -> None:
    async with rig() as api:
        case = await api.receive(diagnosis="测试诊断")
        await api.approve(case)
        path = f"/api/v1/prescriptions/{case}/record"
        answer = await api.get("review", path, format=form)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.content.startswith(start)
        masked = await api.get("admin", path, format=form)
        if form != "pdf":
            assert "测试患者001" in answer.text
            assert "测试诊断" in answer.text
            assert "测试患者001" not in masked.text
            assert "测试诊断" not in masked.text
        assert (await api.get("review", path, format="docx")).status_code == 422


async def test_a_hostile_prescription_stays_inert_from_intake_to_paper() -> None:
    async with rig() as api:
        for number, text in enumerate(HOSTILE[:-2]):
            content = body(prescription_no=f"T-{number}", diagnosis=text)
            content["patient"]["name"] = text[:64]
            content["prescriber"]["name"] = text[:64]
            answer = await api.post("hospital", "/api/v1/prescriptions", content)
            assert answer.status_code == 201, answer.text
            path = f"/api/v1/prescriptions/{answer.json()['id']}"
            page = read((await api.get("hospital", f"{path}/record", format="html")).content)
            assert "script" not in page.tags | page.attributes
            assert (await api.get("hospital", f"{path}/record", format="pdf")).status_code == 200
            told = (await api.get("hospital", path)).json()
            assert all(said.isprintable() for said in (told["patient"]["name"], told["prescriber"], told["diagnosis"]))
