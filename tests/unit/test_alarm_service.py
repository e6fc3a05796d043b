"""Out of service and suppression: a machine gets no new work, what is in it goes on, and no safety alarm vanishes."""

from __future__ import annotations

import pytest

from controller.model import facts as f
from controller.model import intents as i
from controller.model.alarm import AlarmState
from devices.model import LinkState, Mode
from tests.pure_line import Crew, PureLine, badge, prescription

WHO, OPERATOR = badge("reviewer"), badge("operator")


@pytest.fixture
def line() -> PureLine:
    return PureLine.ready()


def take_out(line: PureLine, target: str) -> None:
    line.must(i.TakeOutOfService(target, WHO, "st", "检修"))


def put_back(line: PureLine, target: str) -> None:
    line.must(i.ReturnToService(target, WHO, "st", "检修完成"))


def test_a_machine_out_of_service_is_chosen_for_no_new_work(line: PureLine) -> None:
    out = [name for name, unit in line.book.machines.items() if unit.kind == "decoction"][:-1]
    for name in out:
        take_out(line, name)
    line.must(i.ReceivePrescription(prescription(), "d"))
    Crew(line).work()
    used = {fact.pot for fact in line.facts if isinstance(fact, f.PailCharged)}
    assert used
    assert not used & set(out)


def test_a_batch_that_waits_for_a_machine_taken_out_gets_another(line: PureLine) -> None:
    line.must(i.ReceivePrescription(prescription(), "d"))
    Crew(line).work(until="SoakBegan")
    (batch,) = line.floor.batches.values()
    take_out(line, batch.pot)
    assert line.floor.batches[batch.id].pot not in ("", batch.pot)
    Crew(line).work()
    assert "DeliveryConfirmed" in line.kinds()


def test_a_batch_in_a_machine_taken_out_is_not_touched(line: PureLine) -> None:
    line.must(i.ReceivePrescription(prescription(), "d"))
    Crew(line).work(until="BoilBegan")
    (batch,) = line.floor.batches.values()
    take_out(line, batch.pot)
    Crew(line).work(until="PackingBegan")
    assert line.floor.batches[batch.id].pot == batch.pot
    assert not line.floor.batches[batch.id].held


def test_a_machine_put_back_takes_work_again(line: PureLine) -> None:
    for name in [name for name, unit in line.book.machines.items() if unit.kind == "soaking"]:
        take_out(line, name)
    line.must(i.ReceivePrescription(prescription(), "d"))
    crew = Crew(line)
    while crew._once():
        pass
    assert "SoakAssigned" not in line.kinds()
    put_back(line, "soak-2")
    assert [fact.machine for fact in line.facts if isinstance(fact, f.SoakAssigned)] == ["soak-2"]


def test_the_alarms_of_an_empty_machine_out_of_service_are_quiet_and_come_back_new(line: PureLine) -> None:
    line.report("pot-01", fault=3)
    line.must(i.AcknowledgeAlarm("fault:pot-01", WHO, "st"))
    take_out(line, "pot-01")
    assert line.floor.alarms["fault:pot-01"].state is AlarmState.OOSRV
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.OOSRV
    line.run(24 * 60)
    assert not any(isinstance(fact, f.AlarmEscalated | f.AlarmRepeated) for fact in line.facts)
    put_back(line, "pot-01")
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.UNACK
    assert line.floor.alarms["fault:pot-01"].state is AlarmState.UNACK, (
        "it was seen before anybody worked on the machine"
    )


def test_a_safety_alarm_is_not_quiet_while_medicine_is_in_the_machine(line: PureLine) -> None:
    line.must(i.ReceivePrescription(prescription(), "d"))
    Crew(line).work(until="BoilBegan")
    (batch,) = line.floor.batches.values()
    take_out(line, batch.pot)
    line.report(batch.pot, fault=3)
    assert line.floor.alarms[f"fault:{batch.pot}"].state is AlarmState.UNACK


def test_doubt_about_heat_and_a_peer_nobody_trusts_are_never_quiet(line: PureLine) -> None:
    take_out(line, "pot-01")
    line.must(i.ReportPeer("pot-01", "expired"))
    assert line.floor.alarms["peer-distrusted:pot-01"].state is AlarmState.UNACK
    assert not line.book.alarms.rules["unknown"].quiet_during


def test_a_machine_in_maintenance_suppresses_what_its_maintenance_explains(line: PureLine) -> None:
    line.machines["pot-01"].mode = Mode.MAINTENANCE
    line.report("pot-01", fault=3)
    assert line.floor.alarms["fault:pot-01"].state is AlarmState.DSUPR
    line.machines["pot-01"].mode = Mode.PRODUCE
    line.report("pot-01", fault=3)
    assert line.floor.alarms["fault:pot-01"].state is AlarmState.UNACK


def test_one_alarm_may_be_taken_out_and_put_back_unless_it_is_about_safety(line: PureLine) -> None:
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    take_out(line, "link-stale:pot-01")
    line.must(i.ReportLink("pot-01", LinkState.FRESH))
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.OOSRV
    put_back(line, "link-stale:pot-01")
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.UNACK
    line.report("pot-02", fault=3)
    assert line.refused(i.TakeOutOfService("fault:pot-02", WHO, "st", "检修")) == "alarm-not-shelvable"


@pytest.mark.parametrize(
    ("intent", "rule"),
    [
        (i.TakeOutOfService("pot-01", WHO, "st", ""), "reason-missing"),
        (i.TakeOutOfService("pot-01", badge("packer"), "st", "检修"), "role-missing"),
        (i.TakeOutOfService("nothing", WHO, "st", "检修"), "not-found"),
        (i.ReturnToService("pot-01", OPERATOR, "st", "检修"), "role-missing"),
        (i.ReturnToService("pot-01", WHO, "st", "检修"), "already-done"),
        (i.ReturnToService("nothing", WHO, "st", "检修"), "not-found"),
    ],
)
def test_service_needs_a_reason_a_role_and_something_to_serve(
    line: PureLine, intent: i.ExternalIntent, rule: str
) -> None:
    assert line.refused(intent) == rule


def test_an_operator_may_keep_work_from_a_machine_but_only_a_pharmacist_gives_it_again(line: PureLine) -> None:
    line.must(i.TakeOutOfService("pot-01", OPERATOR, "st", "漏水"))
    assert line.refused(i.TakeOutOfService("pot-01", OPERATOR, "st", "漏水")) == "already-done"
    assert line.floor.machines["pot-01"].out_note == "漏水"
    put_back(line, "pot-01")
    assert line.floor.machines["pot-01"].takes_work


def test_a_peer_that_is_not_trusted_is_no_lost_link(line: PureLine) -> None:
    names = list(line.book.machines)[:6]
    for name in names[:3]:
        line.must(i.ReportPeer(name, "expired"))
    for name in names:
        line.must(i.ReportLink(name, LinkState.STALE))
    assert "links-lost:line" not in line.floor.alarms, "three lost links are no group"
    assert [line.floor.alarms[f"link-stale:{name}"].state for name in names] == ["DSUPR"] * 3 + ["UNACK"] * 3
    assert line.refused(i.ShelveAlarm(f"peer-distrusted:{names[0]}", 30, WHO, "st", "稍后")) == "alarm-not-shelvable"


def test_a_peer_that_proves_itself_is_cleared_once_somebody_has_seen_that_it_did_not(line: PureLine) -> None:
    line.must(i.ReportLink("pot-01", LinkState.STALE))
    line.must(i.ReportPeer("pot-01", "expired"))
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.DSUPR
    line.must(i.ReportPeer("pot-01", ""))
    assert line.floor.alarms["link-stale:pot-01"].state is AlarmState.UNACK, "now it is simply lost"
    assert line.floor.alarms["peer-distrusted:pot-01"].state is AlarmState.LATCH
    line.must(i.AcknowledgeAlarm("peer-distrusted:pot-01", WHO, "st"))
    assert "peer-distrusted:pot-01" not in line.floor.alarms
