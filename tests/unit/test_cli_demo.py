"""Parts of the demo that need no process: its files, its folder, and the summary it gives at the end."""

from __future__ import annotations

import asyncio
import json
import tomllib
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.config import load_config
from controller.demo.folder import SAMPLES, FolderError, make_folder, make_room
from controller.demo.hospitals import Posted
from controller.demo.layout import Counts, layout, toml_value
from controller.demo.plant_logs import count_machines
from controller.demo.progress import Progress, Stalled
from controller.demo.summary import is_clean
from controller.demo.verdict import judge
from controller.demo.workload import WorkloadError, hospitals, once_more, read_workload
from controller.model import intents as i
from controller.store import Group, IntakeRow, Store, SubjectRow, subject_digest
from devices.site import PlantClock, site_from
from tests.pure_line import Crew, PureLine, prescription

if TYPE_CHECKING:
    from pathlib import Path

    from controller.config import Config


def made(folder: Path, **more: Any) -> Config:
    return load_config(make_folder(folder, hospitals=["RS-TCM", "X-9"], prescriptions=SAMPLES, speed=240, **more))


def test_a_file_is_read_in_the_order_of_issue(tmp_path: Path) -> None:
    rows = [
        {"hospital": "B", "prescription_no": "2", "issued_at": "2026-11-22T08:10:00+08:00"},
        {"hospital": "A", "prescription_no": "1", "issued_at": "2026-11-22T00:05:00Z"},
    ]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    arrivals = read_workload(path, None)
    assert [arrival.body["prescription_no"] for arrival in arrivals] == ["1", "2"]
    assert hospitals(arrivals) == ("A", "B")
    assert len(read_workload(path, 1)) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"hospital": "A", "prescription_no": "1"}', '{"issued_at": 3}'])
def test_a_file_that_is_none_is_told_by_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorkloadError, match=r"some\.jsonl"):
        read_workload(path, None)


def test_the_file_comes_again_with_new_numbers_and_later_times() -> None:
    arrivals = read_workload(SAMPLES, 3)
    rows = list(islice(once_more(arrivals), 9))
    assert len({row.body["prescription_no"] for row in rows}) == 9
    assert [row.due_at for row in rows] == sorted(row.due_at for row in rows)
    assert rows[3].due_at > rows[2].due_at
    assert rows[3].body["items"] == rows[0].body["items"]


def test_the_demo_has_a_key_for_every_hospital_and_its_own_ports(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    assert set(config.hospitals) == {"RS-TCM", "X-9"}
    urls = [machine.url for machine in config.site.machines.values()]
    assert len(set(urls)) == len(urls) == 57
    assert (config.site.speed, config.site.state, config.staff["transit_minutes"]) == (240, tmp_path / "demo", 60)
    assert "20261122-0003" in config.staff["script"]


def test_the_script_goes_with_the_samples_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(SAMPLES.read_bytes())
    path = make_folder(tmp_path / "demo", hospitals=["RS-TCM"], prescriptions=other, speed=1)
    assert "script" not in load_config(path).staff


def test_yesterdays_demo_is_cleared_away(tmp_path: Path) -> None:
    made(tmp_path / "demo")
    (tmp_path / "demo" / "left-over").touch()
    made(tmp_path / "demo")
    assert not (tmp_path / "demo" / "left-over").exists()


def test_a_folder_that_somebody_lives_in_is_left_alone(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    clock = PlantClock.open(config.site.state, 240)
    try:
        with pytest.raises(FolderError, match="another demo"):
            made(tmp_path / "demo")
    finally:
        clock.close()


def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").touch()
    with pytest.raises(FolderError, match="left alone"):
        made(tmp_path / "demo")


def test_a_database_that_holds_something_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"
    store = Store.open(url)
    store.add_key("k", "floor", "", "0" * 64)
    store.close()
    with pytest.raises(FolderError, match="not empty"):
        made(tmp_path / "demo", database=url)
    assert made(tmp_path / "demo", database=f"sqlite:///{tmp_path / 'new.db'}").database.endswith("new.db")


def test_a_database_goes_to_a_folder_of_its_own_even_in_that_of_the_demo(tmp_path: Path) -> None:
    for folder in (tmp_path / "not" / "there", tmp_path / "demo" / "data"):
        for _ in range(2):
            config = made(tmp_path / "demo", database=f"sqlite:///{folder / 'line.db'}")
            assert (folder.is_dir(), config.sqlite) == (True, folder / "line.db")


def test_a_place_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "line.db", tmp_path):
        with pytest.raises(FolderError, match=r"不能写入|cannot be opened"):
            made(tmp_path / "demo", database=f"sqlite:///{place}")
        with pytest.raises(FolderError, match="不能写入"):
            make_room(place)


def test_room_for_a_summary_is_made_where_there_is_none(tmp_path: Path) -> None:
    make_room(tmp_path / "some" / "day" / "summary.json")
    assert (tmp_path / "some" / "day").is_dir()


def test_a_summary_that_cannot_be_written_ends_the_demo_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["demo", "--headless", "--count", "1", "--summary", "file/summary.json"])
    assert (result.exit_code, result.output) == (1, "file/summary.json: 不能写入 (cannot be written)\n")
    assert not (tmp_path / "var" / "demo" / "log").exists()


def test_a_centre_of_any_size_can_be_laid_out() -> None:
    counts = Counts(pots_modbus=140, pots_opcua=88, soaks=40, packers=12)
    site = site_from(tomllib.loads(layout(counts=counts)), base=SAMPLES.parent)
    schemes = [machine.url.partition(":")[0] for machine in site.machines.values()]
    assert (schemes.count("modbus"), schemes.count("opc.tcp")) == (counts.modbus, counts.opcua)
    assert len({machine.code for machine in site.machines.values()}) == len(site.machines)


def test_text_survives_being_written_as_toml() -> None:
    value = {'a "key"': ["行\n", 1, 2.5, True, {"b": "\\"}]}
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def event(event_: str, batch: str, step: str, order: int) -> str:
    return json.dumps(
        {"at": 1, "boot": 1, "event": event_, "step": step, "order": order, "epoch": 1, "batch": batch, "value": None}
    )


def test_a_second_start_of_a_step_is_counted_whatever_its_number(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    logs = config.site.state / "plant"
    logs.mkdir()
    (logs / "pot-01.jsonl").write_text(
        "\n".join([event("start", "B-1", "boil.1", 1), event("start", "B-1", "boil.1", 2), event("end", "B-1", "boil.1", 2),
                   event("start", "B-1", "boil.1.deficit.1", 3), event("refused-duplicate", "B-1", "boil.1", 1)]) + "\n",
        encoding="utf-8",
    )  # fmt: skip
    (logs / "pot-02.jsonl").write_text(event("start", "B-1", "boil.1", 1) + "\n", encoding="utf-8")
    assert count_machines(config.site) == {
        "modbus": 45, "opcua": 12, "starts": 4, "duplicate_starts": 2, "refused_duplicates": 1,
    }  # fmt: skip


def lived(config: Config, *, until: str = "") -> str:
    """Let a prescription live in the demo's database; return its id."""
    line = PureLine.ready()
    person = SubjectRow("S1", "salt", '{"name":"测试患者001"}')
    patient = replace(prescription().patient, subject="S1", digest=subject_digest("salt", person.data))
    asked = prescription(patient=patient)
    case = line.must(i.ReceivePrescription(asked, "digest"))[0].about
    Crew(line).work(until=until)
    store = Store.open(config.database)
    store.take_mastery()
    taken = IntakeRow(asked.hospital, asked.prescription_no, 1, "digest", case, "{}", b"answer")
    store.commit(Group(line.facts, line.floor.touched, (person, taken)))
    store.close()
    return case


def judged(config: Config, *cases: str, name_open: bool = True) -> tuple[dict[str, Any], list[str]]:
    posted = Posted(
        cases={case: f"N-{number}" for number, case in enumerate(cases)}, refused=[("N-9", "not-made-here")]
    )
    return judge(config, posted, name_open=name_open, plant_minutes=10.0, wall_seconds=1.0)


def test_a_whole_life_makes_a_clean_summary(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    summary, remarks = judged(config, lived(config))
    assert is_clean(summary)
    assert remarks == ["refused at intake: N-9 not-made-here"]
    prescriptions = summary["prescriptions"]
    assert (prescriptions["received"], prescriptions["refused"], prescriptions["delivered"]) == (1, 1, 1)
    assert summary["batches"] == {"completed": 1, "scrapped": 0}
    assert summary["bags"] == {"expected": 14, "packed": 14, "handed_over": 14}
    assert summary["checkpoints"]["recorded"] > 10
    assert summary["turnaround_minutes"]["p50"] == summary["turnaround_minutes"]["p95"]
    assert summary["journal"]["verified"]
    assert list(summary) == [
        "prescriptions", "batches", "mistakes", "checkpoints", "machines", "journal", "bags", "turnaround_minutes",
        "plant_minutes", "wall_seconds",
    ]  # fmt: skip


def test_what_is_open_is_told_with_its_place(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    case = lived(config, until="BatchVerified")
    summary, remarks = judged(config, case)
    assert (summary["prescriptions"]["open"], is_clean(summary)) == (1, False)
    assert any(remark.startswith("open: ") for remark in remarks)
    assert not any(remark.startswith("open: ") for remark in judged(config, case, name_open=False)[1])


def test_what_the_database_does_not_know_is_lost(tmp_path: Path) -> None:
    config = made(tmp_path / "demo")
    summary, _ = judged(config, lived(config), "R-GONE")
    assert (summary["prescriptions"]["lost"], is_clean(summary)) == (1, False)


class QuietLine:
    """A controller where nothing happens any more. `remaining_s`: what a machine says that it still needs."""

    def __init__(self, remaining_s: int) -> None:
        self.machines = [{"remaining_s": remaining_s, "link": "fresh"}]
        self.asked_of_machines = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/machines"):
            self.asked_of_machines += 1
            return httpx.Response(200, json=self.machines)
        return httpx.Response(200, json={"counts": {"held": 1}, "seq": 9})


async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: QuietLine) -> None:
    """Watch the quiet line for three seconds, a second of silence being enough."""
    monkeypatch.setattr("controller.demo.progress._SILENCE_S", 0.5)
    config = made(tmp_path / "demo")
    clock = PlantClock.open(config.site.state, 240)
    try:
        async with httpx.AsyncClient(transport=httpx.MockTransport(line), base_url="http://x") as http:
            progress = Progress(http, "key", clock, Posted(done=True), config, waits_minutes=-30.0)
            await asyncio.wait_for(progress.watch(), 3)
    finally:
        clock.close()


async def test_silence_with_nothing_due_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Stalled, match="nothing due"):
        await watched(tmp_path, monkeypatch, QuietLine(0))


async def test_silence_of_a_machine_at_work_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = QuietLine(900)
    with pytest.raises(TimeoutError):
        await watched(tmp_path, monkeypatch, line)
    assert line.asked_of_machines >= 1
