"""What the real pipeline decides is remembered whole: folding the stored facts gives the stored rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model import intents as i
from controller.pipeline import evolve
from controller.store import Group, IntakeRow, Store, SubjectRow, subject_digest, verify
from tests.pure_line import Crew, PureLine, prescription

if TYPE_CHECKING:
    from pathlib import Path


def test_the_life_of_a_prescription_refolds_to_what_was_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"
    store = Store.open(url)
    store.take_mastery()
    line = PureLine.ready()
    person = SubjectRow("S1", "salt", '{"name":"测试患者001"}')
    asked = prescription(
        patient=replace(prescription().patient, subject="S1", digest=subject_digest("salt", person.data))
    )
    case = line.must(i.ReceivePrescription(asked, "digest"))[0].about
    taken = IntakeRow(asked.hospital, asked.prescription_no, 1, "digest", case, "{}", b"answer")
    store.commit(Group(line.facts, line.floor.touched, (person, taken)))
    crew = Crew(line)
    for until in ("ReviewSigned", "BatchVerified", "BoilBegan", "BatchPacked", ""):
        known, line.floor = len(line.facts), line.floor.stored()
        crew.work(until=until)
        store.commit(Group(line.facts[known:], line.floor.touched))
    assert {kind for kind, _, _ in store.load().rows} == {"machine", "lot", "zone", "person", "recipe"}
    assert [stored.fact for stored in store.facts_after(0, 10_000)] == line.facts
    assert [one.id for one in store.closed_cases().cases] == [case]
    store.close()
    report = verify(url, fold=evolve)
    assert report.problems == []
    assert (report.received, report.open, report.ends) == (1, 0, {"delivered": 1})
