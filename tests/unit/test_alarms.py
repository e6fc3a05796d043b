"""Alarms by ISA-18.2 on the pure line: one for many lost links, shelves that end, safety that cannot be shelved."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from controller.formulary import load_alarms
from controller.model import facts as f
from controller.model import intents as i
from controller.model.alarm import Ailment, AlarmState
from controller.pipeline.decide import alarms, links
from devices.model import LinkState
from tests.pure_line import PureLine, badge

WHO = badge("reviewer")


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready(pots=30)


def pots(line: PureLine) -> list[str]:
    return [name for name, unit in line.book.machines.items() if unit.kind == "decoction"]


def lose(line: PureLine, *names: str) -> None:
    for name in names:
        line.run(0.01)
        line.must(i.ReportLink(name, LinkState.STALE))


def regain(line: PureLine, *names: str) -> None:
    for name in names:
        line.must(i.ReportLink(name, LinkState.FRESH))


def states(line: PureLine) -> dict[AlarmState, int]:
    found = [alarm.state for alarm in line.floor.alarms.values()]
    return {state: found.count(state) for state in AlarmState if state in found}


def test_thirty_machines_that_lose_their_link_are_one_alarm_that_names_the_first(line: PureLine) -> None:
    lose(line, *pots(line))
    assert states(line) == {AlarmState.UNACK: 1, AlarmState.DSUPR: 30}
    (group,) = (alarm for alarm in line.floor.alarms.values() if alarm.state is AlarmState.UNACK)
    assert (group.id, group.detail, group.priority) == ("links-lost:line", pots(line)[0], "high")


def test_few_lost_links_speak_each_for_itself(line: PureLine) -> None:
    few = pots(line)[: load_alarms().group_from - 1]
    lose(line, *few)
    assert states(line) == {AlarmState.UNACK: len(few)}


def test_the_last_link_that_stays_lost_speaks_for_itself_again(line: PureLine) -> None:
    lose(line, *pots(line))
    regain(line, *pots(line)[1:])
    left = f"link-stale:{pots(line)[0]}"
    assert line.floor.alarms[left].state is AlarmState.UNACK
    assert states(line) == {AlarmState.UNACK: 1, AlarmState.RTNUN: 1}
    regain(line, pots(line)[0])
    line.must(i.AcknowledgeAlarm("links-lost:line", WHO, "st"))
    line.must(i.AcknowledgeAlarm(left, WHO, "st"))
    line.run(1)
    assert not line.floor.alarms


def test_thirty_peers_that_nobody_trusts_are_one_alarm_that_names_the_first(line: PureLine) -> None:
    for name in pots(line):
        line.run(0.01)
        line.must(i.ReportPeer(name, "expired"))
        line.must(i.ReportLink(name, LinkState.STALE))
    assert states(line) == {AlarmState.UNACK: 1, AlarmState.DSUPR: 60}
    (group,) = (alarm for alarm in line.floor.alarms.values() if alarm.state is AlarmState.UNACK)
    assert (group.id, group.detail, group.priority) == ("peers-distrusted:line", pots(line)[0], "high")
    assert len([fact for fact in line.facts if isinstance(fact, f.AlarmRaised) and not fact.suppressed_by]) == 4


def test_many_peers_that_prove_themselves_leave_one_alarm_to_be_seen(line: PureLine) -> None:
    for name in pots(line):
        line.must(i.ReportPeer(name, "expired"))
    for name in pots(line)[1:]:
        line.must(i.ReportPeer(name, ""))
    assert states(line) == {AlarmState.LATCH: 1, AlarmState.UNACK: 1}
    assert line.floor.alarms[f"peer-distrusted:{pots(line)[0]}"].state is AlarmState.UNACK
    line.must(i.ReportPeer(pots(line)[1], "expired"))
    assert line.floor.alarms[f"peer-distrusted:{pots(line)[1]}"].state is AlarmState.UNACK, "the group is over"
    for name in pots(line)[2:]:
        line.must(i.ReportPeer(name, "expired"))
    assert states(line) == {AlarmState.UNACK: 1, AlarmState.DSUPR: 30}
    assert line.floor.alarms["peers-distrusted:line"].recurrences == 1


def test_a_link_that_comes_and_goes_under_the_group_asks_nobody(line: PureLine) -> None:
    lose(line, *pots(line))
    one = pots(line)[7]
    regain(line, one)
    assert f"link-stale:{one}" not in line.floor.alarms
    lose(line, one)
    assert line.floor.alarms[f"link-stale:{one}"].state is AlarmState.DSUPR


def test_a_shelved_alarm_comes_back_unseen_when_its_time_is_over(line: PureLine) -> None:
    pot = pots(line)[0]
    lose(line, pot)
    alarm = f"link-stale:{pot}"
    line.must(i.AcknowledgeAlarm(alarm, WHO, "st"))
    line.must(i.ShelveAlarm(alarm, 30, WHO, "st", "换网线"))
    assert line.floor.alarms[alarm].state is AlarmState.SHLVD
    line.run(29)
    assert line.floor.alarms[alarm].state is AlarmState.SHLVD
    line.run(2)
    assert line.floor.alarms[alarm].state is AlarmState.UNACK


def test_who_takes_an_alarm_from_its_shelf_has_seen_it(line: PureLine) -> None:
    pot = pots(line)[0]
    lose(line, pot)
    alarm = f"link-stale:{pot}"
    line.must(i.ShelveAlarm(alarm, 30, WHO, "st", "换网线"))
    line.must(i.UnshelveAlarm(alarm, WHO, "st"))
    assert line.floor.alarms[alarm].state is AlarmState.ACKED
    line.run(60)
    assert line.floor.alarms[alarm].state is AlarmState.ACKED, "the time of a shelf that is gone does nothing"


def test_a_shelf_outlives_the_condition_that_comes_and_goes(line: PureLine) -> None:
    pot = pots(line)[0]
    lose(line, pot)
    alarm = f"link-stale:{pot}"
    line.must(i.ShelveAlarm(alarm, 30, WHO, "st", "换网线"))
    regain(line, pot)
    lose(line, pot)
    assert line.floor.alarms[alarm].state is AlarmState.SHLVD
    regain(line, pot)
    line.run(31)
    assert line.floor.alarms[alarm].state is AlarmState.RTNUN
    assert line.floor.alarms[alarm].recurrences == 1, "it came twice and was raised once"


@pytest.mark.parametrize(
    ("minutes", "note", "who", "rule"),
    [
        (0, "换网线", "reviewer", "shelf-too-long"),
        (10_000, "换网线", "reviewer", "shelf-too-long"),
        (30, "", "reviewer", "reason-missing"),
        (30, "换网线", "packer", "role-missing"),
    ],
)
def test_a_shelf_needs_an_end_a_reason_and_a_pharmacist(
    line: PureLine, minutes: int, note: str, who: str, rule: str
) -> None:
    lose(line, pots(line)[0])
    assert line.refused(i.ShelveAlarm(f"link-stale:{pots(line)[0]}", minutes, badge(who), "st", note)) == rule


def test_what_is_about_safety_cannot_be_shelved(line: PureLine) -> None:
    line.report(pots(line)[0], fault=3)
    alarm = f"fault:{pots(line)[0]}"
    assert line.refused(i.ShelveAlarm(alarm, 30, WHO, "st", "稍后")) == "alarm-not-shelvable"
    safety = {name for name, rule in load_alarms().rules.items() if not rule.shelvable}
    assert safety == {
        "fault",
        "unknown",
        "zone-excursion",
        "links-lost",
        "peer-distrusted",
        "peers-distrusted",
        "commit-failed",
        "database-damaged",
        "batch-held",
        "internal-error",
    }


def test_every_alarm_that_is_raised_has_its_rule_and_every_rule_is_raised() -> None:
    named: set[str] = set()
    for file in Path(alarms.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        for call in (call for call in calls if call.func.id == "raised"):  # type: ignore[attr-defined]
            rule = call.args[1]
            if isinstance(rule, ast.Constant):
                named.add(str(rule.value))
            elif isinstance(rule, ast.Name) and rule.id.isupper():
                named.add(vars(import_module(f"{alarms.__package__}.{file.stem}"))[rule.id])
    named |= {*links.GROUPS, *links.GROUPS.values()}
    assert named | set(Ailment) == load_alarms().rules.keys()


def test_what_cannot_be_found_or_is_not_shelved_is_refused(line: PureLine) -> None:
    assert line.refused(i.ShelveAlarm("link-stale:nobody", 30, WHO, "st", "note")) == "not-found"
    lose(line, pots(line)[0])
    assert line.refused(i.UnshelveAlarm(f"link-stale:{pots(line)[0]}", WHO, "st")) == "already-done"
