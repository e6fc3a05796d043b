"""Whoever changes what is remembered is found out: by the chain, by the fold, or by an anchor kept elsewhere."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from controller.model.alarm import Priority
from controller.model.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    DeliveryConfirmed,
    Fact,
    PrescriptionCancelled,
    PrescriptionReceived,
    PrescriptionRejected,
)
from controller.model.floor import Floor
from controller.store import Group, Store, VerifyReport, verify
from controller.store.journal import Head, genesis, link
from tests.remembered import START, Remembering, alarm_raised, fold, received, writes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HISTORY: tuple[tuple[Fact, ...], ...] = (
    (received(1), received(2)),
    (received(3), alarm_raised("link-lost:pot-01"), received(4)),
    (PrescriptionCancelled(START + 10, "C1", "撤销"),),
    (AlarmAcknowledged(START + 11, "link-lost:pot-01", "A1"), PrescriptionRejected(START + 12, "C2", "不合理", "A1")),
    (DeliveryConfirmed(START + 13, "C3", "B1", "delivered", "A1", ""), AlarmCleared(START + 14, "link-lost:pot-01")),
    (AlarmRaised(START + 15, "zone:warm", "zone-excursion", "warm", Priority.LOW, "31.0"),),
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short history and its anchor."""
    folder = tmp_path_factory.mktemp("history")
    store = Store.open(f"sqlite:///{folder / 'line.db'}")
    store.take_mastery()
    line = Remembering(store)
    for number, group in enumerate(HISTORY):
        line.commit(*group)
        if number == 1:
            shutil.copytree(folder, folder / "earlier")
    store.append_anchor(folder / "anchor.jsonl")
    store.close()
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "copy")


def examine(folder: Path, *, anchored: bool = False) -> VerifyReport:
    anchor = folder / "anchor.jsonl" if anchored else None
    return verify(f"sqlite:///{folder / 'line.db'}", anchor, fold=fold)


def tamper(folder: Path, *statements: str, numbers: tuple[Any, ...] = ()) -> None:
    """Do what somebody with the file and a shell can do."""
    with closing(sqlite3.connect(folder / "line.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement, numbers)


def test_an_honest_history_has_no_problems(folder: Path) -> None:
    report = examine(folder, anchored=True)
    assert report.problems == []
    assert report.ok
    assert report.anchored
    assert report.notes == []
    assert (report.facts, report.received, report.open) == (sum(map(len, HISTORY)), 4, 1)
    assert report.ends == {"cancelled": 1, "rejected": 1, "delivered": 1}
    assert report.received == report.open + sum(report.ends.values())


def test_without_an_anchor_the_report_says_what_it_cannot_know(folder: Path) -> None:
    report = examine(folder)
    assert report.ok
    assert not report.anchored
    assert "a cut tail cannot be found" in report.notes[0]


def test_a_running_line_can_be_verified(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'line.db'}")
    store.take_mastery()
    line = Remembering(store)
    line.commit(received(1))
    assert examine(tmp_path).ok
    line.commit(received(2))
    assert examine(tmp_path).facts == 2
    store.close()


def test_an_empty_database_is_sound(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path / 'line.db'}").close()
    report = examine(tmp_path)
    assert (report.ok, report.facts, report.head) == (True, 0, genesis("A"))


FLIP = (
    "substr({0}, 1, length({0}) / 2) || char(unicode(substr({0}, length({0}) / 2 + 1, 1)) + 64)"
    " || substr({0}, length({0}) / 2 + 2)"
)
"""One character in the middle made another one."""


@pytest.mark.parametrize(
    ("table", "column", "which"),
    [
        *(("facts", column, "seq = 3") for column in ("kind", "about", "body", "hash")),
        *(("facts", column, "seq = 3") for column in ("seq + 100", "at + 1", "v + 1")),
        ("line", "seq + 1", "1"),
        ("line", "head", "1"),
        *(
            ("state", column, "kind = 'case' AND id = 'C4'")
            for column in ("kind", "id", "body", "open - 1", "seq + 100")
        ),
        *(("state", column, "kind = 'case' AND id = 'C1'") for column in ("kind", "id", "body", "open + 1", "seq - 5")),
        ("state", "open + 1", "kind = 'alarm' AND id = 'link-lost:pot-01'"),
        ("state", "open - 1", "kind = 'alarm' AND id = 'zone:warm'"),
        *(("subjects", column, "id = 'S2'") for column in ("id", "salt", "data")),
        *(
            ("intake", column, "version = 1 AND prescription_no = 'N-00002'")
            for column in ("hospital", "prescription_no", "version + 1", "digest", "case_id")
        ),
        *(
            ("ended_cases", column, "id = 'C2'")
            for column in ("id", "hospital", "prescription_no", "status", "promised_at + 1", "ended_at + 1")
        ),
    ],
)
def test_one_changed_character_anywhere_is_found(folder: Path, table: str, column: str, which: str) -> None:
    name, _, _ = column.partition(" ")
    tamper(folder, f"UPDATE {table} SET {name} = {column if ' ' in column else FLIP.format(name)} WHERE {which}")
    report = examine(folder)
    assert report.problems


@pytest.mark.parametrize(
    ("table", "which"),
    [
        ("facts", "seq = 2"),
        ("state", "id = 'C4'"),
        ("state", "id = 'C1'"),
        ("subjects", "id = 'S2'"),
        ("intake", "prescription_no = 'N-00002'"),
        ("ended_cases", "id = 'C2'"),
    ],
)
def test_a_missing_row_is_found(folder: Path, table: str, which: str) -> None:
    tamper(folder, f"DELETE FROM {table} WHERE {which}")
    assert examine(folder).problems


def test_every_single_byte_of_a_fact_is_held_by_its_hash(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "line.db")) as raw:
        (previous,) = raw.execute("SELECT hash FROM facts WHERE seq = 2").fetchone()
        *row, kept = raw.execute("SELECT seq, at, kind, v, about, body, hash FROM facts WHERE seq = 3").fetchone()
    named = dict(zip(("seq", "at", "kind", "v", "about", "body"), row, strict=True))
    assert link(previous, **named) == kept
    for place in range(len(named["body"])):
        body = named["body"][:place] + chr(ord(named["body"][place]) ^ 1) + named["body"][place + 1 :]
        assert link(previous, **{**named, "body": body}) != kept


def test_facts_that_changed_places_are_found(folder: Path) -> None:
    tamper(folder, *(f"UPDATE facts SET seq = {new} WHERE seq = {old}" for old, new in ((2, 99), (3, 2), (99, 3))))
    assert examine(folder).problems


def rewrite(folder: Path, keep: Callable[[int], bool]) -> None:
    """Leave facts out and forge the chain anew, as an insider with this very program could."""
    with closing(sqlite3.connect(folder / "line.db")) as raw:
        rows = raw.execute("SELECT seq, at, kind, v, about, body FROM facts ORDER BY seq").fetchall()
    head, facts = Head(0, genesis("A")), list[tuple[Any, ...]]()
    for old, at, kind, v, about, body in rows:
        if keep(old):
            head = Head(head.seq + 1, link(head.hash, seq=head.seq + 1, at=at, kind=kind, v=v, about=about, body=body))
            facts.append(("A", head.seq, at, kind, v, about, body, head.hash))
    tamper(folder, "DELETE FROM facts")
    with closing(sqlite3.connect(folder / "line.db", isolation_level=None)) as raw:
        raw.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", facts)
        raw.execute("UPDATE line SET seq = ?, head = ?", head)


def test_the_last_facts_cut_off_with_a_forged_head_are_found_by_the_fold(folder: Path) -> None:
    rewrite(folder, lambda seq: seq <= 8)
    assert any("state row" in problem for problem in examine(folder).problems)


def test_an_older_copy_put_back_is_found_by_the_anchor_alone(folder: Path) -> None:
    for name in ("line.db", "line.db-wal", "line.db-shm"):
        (folder / name).unlink(missing_ok=True)
        shutil.copy(folder / "earlier" / name, folder / name)
    assert examine(folder).ok
    report = examine(folder, anchored=True)
    assert report.anchored
    assert any("cut off" in problem for problem in report.problems)


def test_a_chain_forged_anew_is_found_by_the_anchor(folder: Path) -> None:
    rewrite(folder, lambda _seq: True)
    assert examine(folder, anchored=True).ok
    tamper(folder, "UPDATE facts SET at = at + 1, body = replace(body, at, at + 1) WHERE seq = 2")
    rewrite(folder, lambda _seq: True)
    report = examine(folder, anchored=True)
    assert any("is not the anchored one" in problem for problem in report.problems)


@pytest.mark.parametrize(
    "written",
    [b"not json\n", b"[]\n", b'{"line": "A", "seq": "1", "head": "x", "at": 1}\n', b"\xff\xfe\n", b"[" * 100_000],
)
def test_a_damaged_anchor_is_a_problem_and_not_an_anchor(folder: Path, written: bytes) -> None:
    (folder / "anchor.jsonl").write_bytes(written)
    report = examine(folder, anchored=True)
    assert report.problems
    assert not report.anchored


def test_an_anchor_file_that_is_not_there_is_a_problem(folder: Path) -> None:
    (folder / "anchor.jsonl").unlink()
    assert "cannot be read" in examine(folder, anchored=True).problems[0]


def test_the_anchor_of_another_line_anchors_nothing(folder: Path) -> None:
    anchor = folder / "anchor.jsonl"
    anchor.write_text(json.dumps({**json.loads(anchor.read_text()), "line": "B"}) + "\n")
    report = examine(folder, anchored=True)
    assert (report.ok, report.anchored) == (True, False)


def test_an_erased_person_is_counted_and_breaks_nothing(folder: Path) -> None:
    tamper(folder, "UPDATE subjects SET salt = '', data = '' WHERE id = 'S3'")
    report = examine(folder, anchored=True)
    assert report.problems == []
    assert report.erased == 1
    reader = Store.open_readonly(f"sqlite:///{folder / 'line.db'}")
    assert reader.subject("S3") is None
    reader.close()


@pytest.mark.parametrize(
    "extra",
    [
        (PrescriptionCancelled(START + 20, "C1", "再次撤销"),),
        (PrescriptionRejected(START + 20, "C9", "从未收到", "A1"),),
    ],
    ids=["ended twice", "never received"],
)
def test_an_end_too_many_breaks_conservation(folder: Path, extra: tuple[Fact, ...]) -> None:
    store = Store.open(f"sqlite:///{folder / 'line.db'}")
    store.take_mastery()
    line = Remembering(store)
    line.floor = Floor()
    for stored in store.facts_after(0, 1000):
        line.floor = fold(line.floor, stored.fact).stored()
    group = line.group([])
    store.commit(type(group)(extra, {}))
    store.close()
    assert any("ended twice, or was never received" in problem for problem in examine(folder).problems)


@pytest.mark.parametrize("forgotten", [PrescriptionCancelled, PrescriptionReceived])
def test_a_prescription_that_the_fold_itself_loses_is_found(tmp_path: Path, forgotten: type[Fact]) -> None:
    def loses(floor: Floor, fact: Fact) -> Floor:
        return floor if isinstance(fact, forgotten) and fact.about == "C1" else fold(floor, fact)

    url = f"sqlite:///{tmp_path / 'line.db'}"
    store = Store.open(url)
    store.take_mastery()
    facts = [received(1), received(2)]
    if forgotten is PrescriptionCancelled:
        facts.append(PrescriptionCancelled(START + 9, "C1", "撤销"))
    floor = Floor()
    for fact in facts:
        floor = loses(floor, fact)
    store.commit(Group(facts, floor.touched, [write for fact in facts for write in writes_of(fact)]))
    store.close()
    (problem,) = verify(url, fold=loses).problems
    assert "C1 is neither open nor ended exactly once" in problem


def test_a_fold_that_breaks_is_reported_and_ends_the_comparison(folder: Path) -> None:
    def breaks(floor: Floor, fact: Fact) -> Floor:
        return fold(floor, fact) if not isinstance(fact, AlarmCleared) else floor.missing  # pyright: ignore[reportAttributeAccessIssue] - on purpose

    report = verify(f"sqlite:///{folder / 'line.db'}", fold=breaks)
    assert any("cannot be folded" in problem for problem in report.problems)


def test_a_damaged_end_stops_a_start(folder: Path) -> None:
    tamper(folder, "UPDATE facts SET body = body || ' ' WHERE seq = (SELECT max(seq) FROM facts)")
    store = Store.open(f"sqlite:///{folder / 'line.db'}")
    with pytest.raises(Exception, match="do not bear out its head"):
        store.load()
    store.close()
