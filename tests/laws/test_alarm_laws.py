"""Laws of alarms over any order of conditions, people and time: the states of ISA-18.2, restart, and the clock's agenda."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.model import facts as f
from controller.model import intents as i
from controller.model.alarm import CALLING, Ailment, Alarm, AlarmState, Quiet
from controller.model.facts.about import OfAlarm
from controller.model.floor import Floor
from controller.pipeline import evolve, is_open, restore_row
from devices.model import LinkState, Mode
from tests.pure_line import PureLine, badge

if TYPE_CHECKING:
    from collections.abc import Iterator

READY = PureLine.ready()
WHO = badge("reviewer")
MACHINES = ("pot-01", "pot-02")
ALARMS = (
    *(f"{rule}:{machine}" for rule in ("link-stale", "fault", "mode", "peer-distrusted") for machine in MACHINES),
    *(f"{ailment}:line" for ailment in Ailment),
    "zone-excursion:normal",
)
MACHINE, ALARM = st.sampled_from(MACHINES), st.sampled_from(ALARMS)
INTENTS = st.one_of(
    st.builds(i.ReportLink, MACHINE, st.sampled_from([LinkState.FRESH, LinkState.STALE])),
    st.builds(i.ReportPeer, MACHINE, st.sampled_from(["", "expired"])),
    st.builds(i.ReportSelf, st.sampled_from(list(Ailment)), st.sampled_from(["", "1.4"])),
    st.builds(i.ReportZone, st.just("normal"), st.sampled_from([20.0, 29.8, 40.0]), st.just(50.0)),
    st.builds(i.AcceptDeviation, st.just("normal"), st.just(""), st.just(WHO), st.just("st"), st.just("note")),
    st.builds(i.AcknowledgeAlarm, ALARM, st.just(WHO), st.just("st")),
    st.builds(i.ShelveAlarm, ALARM, st.integers(1, 60), st.just(WHO), st.just("st"), st.just("note")),
    st.builds(i.UnshelveAlarm, ALARM, st.just(WHO), st.just("st")),
    st.builds(i.TakeOutOfService, st.one_of(ALARM, MACHINE), st.just(WHO), st.just("st"), st.just("note")),
    st.builds(i.ReturnToService, st.one_of(ALARM, MACHINE), st.just(WHO), st.just("st"), st.just("note")),
)
ACTS = st.one_of(
    INTENTS,
    st.tuples(st.just("report"), MACHINE, st.sampled_from([0, 3]), st.sampled_from([Mode.PRODUCE, Mode.MAINTENANCE])),
    st.tuples(st.just("run"), st.sampled_from([0.1, 1.0, 20.0, 90.0])),
)
PEER_ACTS = ("distrust", "trust", "lose", "regain", "acknowledge")
UNSEEN, SEEN, AWAY, GONE = AlarmState.UNACK, AlarmState.ACKED, AlarmState.SHLVD, AlarmState.NORMAL
ASIDE = {AWAY, AlarmState.DSUPR, AlarmState.OOSRV}
ALLOWED = {
    GONE: {UNSEEN, *ASIDE},
    UNSEEN: {SEEN, AlarmState.LATCH, AlarmState.RTNUN, *ASIDE},
    AlarmState.LATCH: {UNSEEN, SEEN, GONE, *ASIDE},
    SEEN: {GONE, *ASIDE},
    AlarmState.RTNUN: {UNSEEN, GONE, *ASIDE},
    AWAY: {UNSEEN, SEEN, AlarmState.LATCH, AlarmState.RTNUN, GONE, *ASIDE},
    AlarmState.DSUPR: {UNSEEN, SEEN, AlarmState.LATCH, AlarmState.RTNUN, GONE, *ASIDE},
    AlarmState.OOSRV: {UNSEEN, SEEN, AlarmState.LATCH, AlarmState.RTNUN, GONE, *ASIDE},
}
"""From a state to the states that one fact may bring. LATCH to SEEN: for as long as a decision takes."""
LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def a_line() -> PureLine:
    machines = {name: replace(machine, starts=[]) for name, machine in READY.machines.items()}
    return replace(READY, facts=[], machines=machines, _events=[])


def play(line: PureLine, act: Any) -> None:
    match act:
        case ("run", minutes):
            line.run(minutes)
        case ("report", machine, fault, mode):
            line.machines[machine].mode = mode
            line.report(machine, fault=fault)
        case intent:
            line.do(intent)


def lives(line: PureLine) -> Iterator[tuple[f.Fact, str, Alarm | None, Alarm | None]]:
    """Go through every fact about an alarm with the alarm before and after it."""
    floor = READY.floor
    for fact in line.facts:
        after = evolve(floor, fact)
        if isinstance(fact, OfAlarm):
            yield fact, fact.about, floor.alarms.get(fact.about), after.alarms.get(fact.about)
        floor = after


def state(alarm: Alarm | None) -> AlarmState:
    return GONE if alarm is None else alarm.state


@LAW
@given(st.lists(ACTS, max_size=40))
def test_an_alarm_moves_only_as_the_standard_lets_it(acts: list[Any]) -> None:
    line = a_line()
    for act in acts:
        play(line, act)
    for fact, key, before, after in lives(line):
        old, new = state(before), state(after)
        assert old is new or new in ALLOWED[old], (type(fact).__name__, key, old, new)
        rule = line.book.alarms.rules[key.partition(":")[0]]
        assert new is not AWAY or rule.shelvable, "safety is never put aside"
        if new is AlarmState.OOSRV and not rule.shelvable:
            assert after is not None
            assert after.suppressed_by == Quiet.OUT_OF_SERVICE, "safety is silent only with its machine"
        if isinstance(fact, f.AlarmUnshelved) and not fact.by:
            assert new not in {SEEN, AWAY}, "what comes off its shelf by itself has been seen by nobody"
        assert after is None or not (new is SEEN and after.latched) or isinstance(fact, f.AlarmAcknowledged)
        if isinstance(fact, f.AlarmRepeated | f.AlarmEscalated):
            assert old in CALLING, "only what nobody has seen calls"


@LAW
@given(st.lists(ACTS, max_size=40))
def test_everything_about_an_alarm_survives_a_restart(acts: list[Any]) -> None:
    line = a_line()
    for act in acts:
        play(line, act)
    folded = READY.floor
    for fact in line.facts:
        folded = evolve(folded, fact)
    assert folded == line.floor
    restored = Floor(at=line.floor.at)
    for (kind, key), aggregate in line.floor.touched.items():
        if is_open(aggregate):
            restored = restore_row(restored, kind, key, aggregate)
    assert restored == line.floor.stored()


@LAW
@given(st.lists(ACTS, max_size=40))
def test_the_clock_knows_every_alarm_that_will_want_something_and_comes_to_rest(acts: list[Any]) -> None:
    line = a_line()
    for act in acts:
        play(line, act)
        wanted = {f"alarm|{key}": alarm.next_at for key, alarm in line.floor.alarms.items() if alarm.next_at}
        assert {key: at for at, key in line.floor.deadlines if key.startswith("alarm|")} == wanted
    line.now += 60_000_000
    line.must(i.Tick())
    for _ in range(3):  # a shelf that ends may bring what was due behind it
        line.must(i.Tick())
    overdue = [key for at, key in line.floor.deadlines if at <= line.now]
    assert not overdue, "the clock would turn for ever"


@LAW
@given(st.lists(st.tuples(st.sampled_from(sorted(READY.machines)), st.booleans()), max_size=60))
def test_however_links_come_and_go_few_alarms_call(flips: list[tuple[str, bool]]) -> None:
    line = a_line()
    many = line.book.alarms.group_from
    for machine, lost in flips:
        line.must(i.ReportLink(machine, LinkState.STALE if lost else LinkState.FRESH))
        calling = [alarm for alarm in line.floor.alarms.values() if alarm.state in CALLING and not alarm.returned_at]
        stale = sum(machine.link is LinkState.STALE for machine in line.floor.machines.values())
        assert len(calling) <= many
        assert bool(calling) is bool(stale), "a lost link is always said, by itself or by the group"


@LAW
@given(st.lists(st.tuples(st.sampled_from(sorted(READY.machines)), st.sampled_from(PEER_ACTS)), max_size=60))
def test_however_peers_and_links_come_and_go_few_alarms_call(acts: list[tuple[str, str]]) -> None:
    line = a_line()
    distrusted: set[str] = set()
    for machine, act in acts:
        match act:
            case "distrust":
                distrusted.add(machine)
                line.must(i.ReportPeer(machine, "expired"))
            case "trust":
                distrusted.discard(machine)
                line.must(i.ReportPeer(machine, ""))
            case "acknowledge":
                for key in sorted(line.floor.alarms):
                    line.do(i.AcknowledgeAlarm(key, WHO, "st"))
            case _:
                line.must(i.ReportLink(machine, LinkState.STALE if act == "lose" else LinkState.FRESH))
        stand = [alarm for alarm in line.floor.alarms.values() if alarm.active and not alarm.returned_at]
        said = [alarm for alarm in stand if not alarm.suppressed_by]
        assert len(said) <= 2 * line.book.alarms.group_from
        assert any("distrusted" in alarm.rule for alarm in said) is bool(distrusted)
        lost = {key for key, row in line.floor.machines.items() if row.link is LinkState.STALE}
        assert any(alarm.rule.startswith("link") for alarm in said) is bool(lost - distrusted)
        for alarm in stand:
            by = line.floor.alarms.get(alarm.suppressed_by)
            assert not alarm.suppressed_by or (by in stand), "what is hushed is said by an alarm that stands"


@LAW
@given(st.lists(ACTS, max_size=30))
def test_an_alarm_is_raised_once_until_it_is_over(acts: list[Any]) -> None:
    line = a_line()
    for act in acts:
        play(line, act)
    told = (f.AlarmRaised, f.AlarmCleared)
    for key in {fact.about for fact in line.facts if isinstance(fact, told)}:
        life = [fact for fact in line.facts if isinstance(fact, told) and fact.about == key]
        for one, other in pairwise(life):
            assert not (isinstance(one, f.AlarmRaised) and isinstance(other, f.AlarmRaised))
