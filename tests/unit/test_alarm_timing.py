"""Alarms in time: delays and deadbands against chatter, latches, what is said again, who is called next."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from controller.formulary import load_alarms
from controller.model import facts as f
from controller.model import intents as i
from controller.model.alarm import Ailment, AlarmState
from devices.model import LinkState, Mode
from tests.pure_line import MINUTE, PureLine, badge

WHO = badge("reviewer")
RULES = load_alarms().rules


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


def of_kind(line: PureLine, kind: type[f.Fact], alarm: str) -> list[f.Fact]:
    return [fact for fact in line.facts if isinstance(fact, kind) and fact.about == alarm]


def seconds(line: PureLine, wanted: float) -> None:
    line.run(wanted / 60)


def panel(line: PureLine, mode: Mode) -> None:
    line.machines["pot-01"].mode = mode
    line.report("pot-01")


def test_a_condition_that_does_not_last_calls_nobody(line: PureLine) -> None:
    for _ in range(5):
        panel(line, Mode.MANUAL)
        seconds(line, RULES["mode"].on_delay_s - 1)
        panel(line, Mode.PRODUCE)
        seconds(line, 1)
    assert not of_kind(line, f.AlarmRaised, "mode:pot-01")
    assert not line.floor.alarms


def test_a_condition_that_lasts_is_raised_by_the_clock(line: PureLine) -> None:
    panel(line, Mode.MANUAL)
    assert line.floor.alarms["mode:pot-01"].state is AlarmState.NORMAL
    assert line.refused(i.AcknowledgeAlarm("mode:pot-01", WHO, "st")) == "not-found", "nobody was asked yet"
    seconds(line, RULES["mode"].on_delay_s + 1)
    assert line.floor.alarms["mode:pot-01"].state is AlarmState.UNACK


def test_a_link_that_chatters_is_one_alarm_that_counts(line: PureLine) -> None:
    for _ in range(6):
        line.must(i.ReportLink("pot-01", LinkState.STALE))
        seconds(line, 6)
        line.must(i.ReportLink("pot-01", LinkState.FRESH))
        seconds(line, 6)
    alarm = line.floor.alarms["link-stale:pot-01"]
    assert (alarm.state, alarm.recurrences) == (AlarmState.UNACK, 5)
    assert len(of_kind(line, f.AlarmRaised, alarm.id)) == 1
    seconds(line, RULES["link-stale"].off_delay_s)
    assert line.floor.alarms[alarm.id].state is AlarmState.RTNUN


def test_a_fault_that_the_machine_reset_stands_until_somebody_has_seen_it(line: PureLine) -> None:
    line.report("pot-01", fault=3)
    line.report("pot-01", fault=0)
    line.run(60)
    assert line.floor.alarms["fault:pot-01"].state is AlarmState.LATCH
    line.must(i.AcknowledgeAlarm("fault:pot-01", WHO, "st"))
    assert "fault:pot-01" not in line.floor.alarms


def test_a_latched_alarm_whose_condition_comes_again_is_the_same_alarm(line: PureLine) -> None:
    for fault in (3, 0, 4):
        line.report("pot-01", fault=fault)
    alarm = line.floor.alarms["fault:pot-01"]
    assert (alarm.state, alarm.detail, alarm.recurrences) == (AlarmState.UNACK, "4", 1)
    line.must(i.AcknowledgeAlarm(alarm.id, WHO, "st"))
    line.report("pot-01", fault=0)
    assert line.floor.alarms[alarm.id].state is AlarmState.ACKED, "seen: only the delay is left"
    line.run(1)
    assert alarm.id not in line.floor.alarms


def test_a_zone_is_back_only_when_it_is_back_by_the_deadband(line: PureLine) -> None:
    limit, band = line.floor.zones["normal"].celsius[1], RULES["zone-excursion"].deadband["celsius"]
    for offset in (0.1, -0.1, 0.1, -0.1):
        line.must(i.ReportZone("normal", limit + offset, 50.0))
    assert line.floor.zones["normal"].out
    assert line.kinds().count("ZoneExcursion") == 1
    line.must(i.ReportZone("normal", limit - band, 50.0))
    assert not line.floor.zones["normal"].out


def test_what_nobody_acknowledges_is_said_again_until_somebody_does(line: PureLine) -> None:
    period = load_alarms().repeat_minutes[RULES["fault"].priority]
    line.report("pot-01", fault=3)
    line.run(10 * period + 0.5)
    said = of_kind(line, f.AlarmRepeated, "fault:pot-01")
    assert [fact.times for fact in said] == list(range(1, 11))  # type: ignore[union-attr]
    assert all(later.at - earlier.at >= period * MINUTE for earlier, later in pairwise(said))
    line.must(i.AcknowledgeAlarm("fault:pot-01", WHO, "st"))
    line.run(10 * period)
    assert len(of_kind(line, f.AlarmRepeated, "fault:pot-01")) == 10


def test_what_nobody_acknowledges_in_time_calls_the_next_and_then_the_person_in_charge(line: PureLine) -> None:
    rule = RULES["fault"]
    line.report("pot-01", fault=3)
    line.run(rule.respond_minutes - 0.5)
    assert not of_kind(line, f.AlarmEscalated, "fault:pot-01")
    line.run(1)
    assert line.floor.alarms["fault:pot-01"].called_role == rule.calls[1]
    line.run(24 * 60)
    called = of_kind(line, f.AlarmEscalated, "fault:pot-01")
    assert [fact.role for fact in called] == list(rule.calls[1:])  # type: ignore[union-attr]
    assert called[0].at - line.floor.alarms["fault:pot-01"].raised_at >= rule.respond_minutes * MINUTE


def test_minutes_of_people_are_wall_minutes_however_fast_the_plant_runs() -> None:
    line = PureLine.ready()
    line.book = replace(line.book, speed=60)
    line.report("pot-01", fault=3)
    line.run(60 * RULES["fault"].respond_minutes - 1)
    assert not of_kind(line, f.AlarmEscalated, "fault:pot-01")
    line.run(2)
    assert of_kind(line, f.AlarmEscalated, "fault:pot-01")


def test_what_is_shelved_calls_nobody_and_begins_anew_when_it_comes_back(line: PureLine) -> None:
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    line.must(i.ShelveAlarm("link-stale:pot-01", 60, WHO, "st", "换网线"))
    line.run(59)
    assert not of_kind(line, f.AlarmEscalated, "link-stale:pot-01")
    assert not of_kind(line, f.AlarmRepeated, "link-stale:pot-01")
    line.run(2)
    assert not of_kind(line, f.AlarmEscalated, "link-stale:pot-01"), "it has just come back"
    line.run(RULES["link-stale"].respond_minutes)
    assert of_kind(line, f.AlarmEscalated, "link-stale:pot-01")


def test_one_overdue_look_is_one_repetition_however_long_nobody_looked(line: PureLine) -> None:
    line.report("pot-01", fault=3)
    line.now += 8 * 60 * MINUTE
    line.must(i.Tick())
    assert len(of_kind(line, f.AlarmRepeated, "fault:pot-01")) == 1


def test_what_ails_the_process_is_an_alarm_and_an_error_waits_for_somebody(line: PureLine) -> None:
    line.must(i.ReportSelf(Ailment.DISK_LOW, "9.3"))
    assert line.floor.alarms["disk-low:line"].state is AlarmState.UNACK
    line.must(i.ReportSelf(Ailment.DISK_LOW, ""))
    line.run(2)
    assert line.floor.alarms["disk-low:line"].state is AlarmState.RTNUN
    for detail in ("ScanCode", "", "Tick", ""):
        line.must(i.ReportSelf(Ailment.INTERNAL_ERROR, detail))
    alarm = line.floor.alarms["internal-error:line"]
    assert (alarm.state, alarm.detail, alarm.recurrences) == (AlarmState.LATCH, "Tick", 1)


def test_an_alarm_that_stands_costs_the_clock_nothing_until_its_time() -> None:
    line = PureLine.ready(pots=30)
    for name in line.book.machines:
        line.must(i.ReportLink(name, LinkState.STALE))
    before = line.intents
    line.run(1)
    assert line.intents == before, "nothing was due"
