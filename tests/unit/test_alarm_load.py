"""The load of a month of alarms: every figure from facts that are known, over the API, the command and the journal's index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from controller.api.alarm_load import bounds
from controller.cli.alarms import to_lines
from controller.formulary import load_alarms
from controller.model import facts as f
from controller.model import intents as i
from controller.model.alarm import Alarm, Priority
from controller.quality.alarm_load import AlarmLoad, Month, judge_load
from controller.store import Group, Store
from controller.store.tables import ABOUT_ALARMS
from devices.model import LinkState
from tests.api_rig import rig
from tests.pure_line import MINUTE, START, badge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = load_alarms()
HOUR = 60 * MINUTE
LINK = "link-stale:pot-01"


def raised(at: int, alarm: str = LINK, suppressed_by: str = "") -> f.AlarmRaised:
    rule, _, source = alarm.partition(":")
    return f.AlarmRaised(START + at, alarm, rule, source, TABLE.rules[rule].priority, "", suppressed_by)


def load(*facts: f.Fact, hours: float = 10, consoles: int = 1, standing: tuple[Alarm, ...] = ()) -> AlarmLoad:
    return judge_load(facts, standing, Month(START, START + round(hours * HOUR), consoles, 1), TABLE)


def test_alarms_are_counted_by_window_and_console() -> None:
    found = load(*(raised(second * 1000, f"mode:pot-{second}") for second in range(30)), consoles=2)
    assert (found.raised, found.most, found.average) == (30, 15.0, 30 / 60 / 2)
    assert found.flood_share == pytest.approx(1 / 60)
    assert load(*(raised(second * 1000) for second in range(10))).flood_share == 0, "ten are none yet"


def test_what_another_alarm_says_or_is_aside_asks_nobody() -> None:
    shelved = f.AlarmShelved(START, LINK, "A", START + HOUR, "note")
    assert load(raised(1, suppressed_by="links-lost:line")).raised == 0
    assert load(shelved, raised(1)).raised == 0
    assert load(shelved, raised(1), f.AlarmUnshelved(START + HOUR, LINK, "")).raised == 1, "then it does"
    assert load(raised(1, suppressed_by="x"), f.AlarmUnsuppressed(START + 2, LINK)).raised == 1


def test_an_answer_is_in_time_or_late_and_none_is_late_once_its_time_is_over() -> None:
    minutes = TABLE.rules["link-stale"].respond_minutes
    for after, share in ((minutes, 1.0), (minutes + 1, 0.0)):
        assert load(raised(0), f.AlarmAcknowledged(START + after * MINUTE, LINK, "A")).in_time == share
    assert load(raised(0)).in_time == 0.0
    assert load(raised(0), hours=0.1).in_time is None, "there is time left"
    assert load().in_time is None


def test_a_condition_that_comes_three_times_in_a_minute_chatters() -> None:
    again = [f.AlarmRecurred(START + at, LINK, "") for at in (20_000, 59_000)]
    assert load(raised(0), *again).chattering == (LINK,)
    slow = [f.AlarmRecurred(START + at, LINK, "") for at in (40_000, 80_000)]
    assert load(raised(0), *slow).chattering == ()


def test_what_stood_longer_than_a_day_is_stale_also_while_it_still_stands() -> None:
    gone = f.AlarmCleared(START + 30 * HOUR, LINK, START)
    assert load(gone, hours=48).stale == (LINK,)
    assert load(f.AlarmCleared(START + 30 * HOUR, LINK, START + 7 * HOUR), hours=48).stale == ()
    stands = Alarm("fault:pot-02", "fault", "pot-02", Priority.HIGH, START)
    assert load(standing=(stands,), hours=25).stale == ("fault:pot-02",)
    assert load(standing=(stands,), hours=23).stale == ()


def test_the_shares_of_the_priorities_and_the_most_frequent_are_told() -> None:
    facts = [raised(n * HOUR, f"mode:pot-{n % 4}") for n in range(8)] + [
        raised(9 * HOUR),
        raised(9 * HOUR, "fault:pot-01"),
    ]
    found = load(*facts, f.AlarmEscalated(START + 9 * HOUR, LINK, 1, "pharmacist", 0))
    assert found.share == {"high": 0.1, "medium": 0.1, "low": 0.8}
    assert found.frequent[0] == ("mode:pot-0", 2)
    assert found.escalated == 1


def test_a_rule_that_the_table_has_no_more_is_counted_all_the_same() -> None:
    old = f.AlarmRaised(START, "gone:x", "gone", "x", Priority.LOW, "")
    assert load(old, f.AlarmAcknowledged(START + 1, "gone:x", "A")).raised == 1


def test_a_month_is_the_sites_own() -> None:
    assert bounds("2026-11", ZoneInfo("Asia/Shanghai")) == (1_793_462_400_000, 1_796_054_400_000)
    assert bounds("2026-12", ZoneInfo("UTC"))[1] == bounds("2027-01", ZoneInfo("UTC"))[0]


async def test_the_month_is_served_to_the_house_alone() -> None:
    async with rig() as api:
        await api.line.submit(i.ReportLink("pot-01", LinkState.STALE))
        await api.post("floor", f"/api/v1/alarms/{LINK}/acknowledge", {"actor": badge("operator")})
        api.clock.at += HOUR
        told = (await api.get("screen", "/api/v1/alarms/kpi")).json()
        assert (told["raised"], told["in_time"], told["whole"]) == (1, 1.0, True)
        assert told["frequent"] == [{"alarm": LINK, "count": 1}]
        assert told["wanted"] == {"high": 0.05, "medium": 0.15, "low": 0.8}
        before = (await api.get("screen", "/api/v1/alarms/kpi", month="2020-01")).json()
        assert (before["raised"], before["in_time"]) == (0, None)
        assert (await api.get("screen", "/api/v1/alarms/kpi", month="2026-13")).status_code == 422
        assert (await api.get("hospital", "/api/v1/alarms/kpi")).status_code == 403
        lines = list(to_lines(told))
        assert any(LINK in line for line in lines)
        assert lines[0].endswith(told["month"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'line.db'}")
    opened.take_mastery()
    yield opened
    opened.close()


def test_the_journal_finds_the_alarms_of_a_month_without_reading_the_rest(store: Store) -> None:
    others = [f.MachineFreed(START + n, "pot-01") for n in range(500)]
    store.commit(Group([*others, raised(500), raised(501), f.MachineFreed(START + 502, "pot-01"), raised(503)], {}))
    found = store.alarm_facts((START + 500, START + 503), 10)
    assert [one.at - START for one in found] == [500, 501]
    assert len(store.alarm_facts((START, START + 1000), 2)) == 2
    assert "facts_alarms" in _plan(store)


def _plan(store: Store) -> str:
    with store._reading() as connection:
        wanted = f"SELECT seq FROM facts WHERE line = 'A' AND at >= 0 AND at < 9 AND {ABOUT_ALARMS} ORDER BY at, seq"
        rows: list[Any] = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {wanted}").all()
    return " ".join(str(row) for row in rows)
