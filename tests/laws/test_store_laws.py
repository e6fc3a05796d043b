"""Laws of the store, for any value and any history."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.model.facts import (
    FACTS,
    AlarmAcknowledged,
    AlarmCleared,
    Fact,
    PrescriptionCancelled,
    PrescriptionReceived,
    PrescriptionRejected,
)
from controller.store import Store, verify
from controller.store.blocks import LARGEST, expand, squeeze
from controller.store.codec import AGGREGATES, decode, encode
from controller.store.journal import Head, forge, genesis, link
from devices.model import Quality
from tests.remembered import START, Remembering, alarm_raised, anything, fold, received

if TYPE_CHECKING:
    from pathlib import Path

KINDS: dict[str, type] = {**FACTS, **AGGREGATES}
FAST = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def sorted_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert [name for name, _ in pairs] == sorted(name for name, _ in pairs)
    return dict(pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_written_is_read_back_equal_and_written_the_same_again(kind: str) -> None:
    @FAST
    @given(anything(KINDS[kind]))
    def law(thing: object) -> None:
        text = encode(thing)
        again = decode(kind, text)
        assert again == thing
        assert encode(again) == text
        json.loads(text, object_pairs_hook=sorted_keys)

    law()


@FAST
@given(st.lists(st.one_of(*(anything(of) for of in list(FACTS.values())[::6])), min_size=2, max_size=6), st.data())
def test_a_chain_holds_every_column_of_every_fact(facts: list[Fact], data: st.DataObject) -> None:
    rows, head = forge("A", Head(0, genesis("A")), facts, None)
    which = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(["seq", "at", "kind", "v", "about", "body"]))
    old = rows[which][column]
    rows[which][column] = data.draw(st.integers().filter(lambda new: new != old)) if isinstance(old, int) else f"{old} "
    last = genesis("A")
    for row in rows:
        last = link(last, **{name: row[name] for name in ("seq", "at", "kind", "v", "about", "body")})
    assert last != head.hash


# --- any history ---

CASES, ALARMS = range(4), ("a", "b")


@st.composite
def histories(draw: st.DrawFn) -> list[list[Fact]]:
    """Groups of facts that could have happened."""
    fresh, live, alarms = set(CASES), set[int](), set[str]()
    at, groups = START + 100, list[list[Fact]]()
    for size in draw(st.lists(st.integers(0, 4), max_size=6)):
        group: list[Fact] = []
        for _ in range(size):
            at += 1
            match draw(st.sampled_from(["receive", "cancel", "reject", "raise", "acknowledge", "clear"])):
                case "receive" if fresh:
                    number = draw(st.sampled_from(sorted(fresh)))
                    fresh.remove(number)
                    live.add(number)
                    group.append(received(number, at))
                case "cancel" | "reject" as how if live:
                    number = draw(st.sampled_from(sorted(live)))
                    live.remove(number)
                    case = f"C{number}"
                    end = (
                        PrescriptionCancelled(at, case, "")
                        if how == "cancel"
                        else PrescriptionRejected(at, case, "", "A")
                    )
                    group.append(end)
                case "raise":
                    name = draw(st.sampled_from(ALARMS))
                    alarms.add(name)
                    group.append(alarm_raised(name, at))
                case "acknowledge" | "clear" as how if alarms:
                    name = draw(st.sampled_from(sorted(alarms)))
                    group.append(AlarmAcknowledged(at, name, "A1") if how == "acknowledge" else AlarmCleared(at, name))
                case _:
                    continue
        groups.append(group)
    return groups


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_what_is_loaded_after_any_history_is_what_lived(
    tmp_path_factory: pytest.TempPathFactory, history: list[list[Fact]]
) -> None:
    url = url_in(tmp_path_factory.mktemp("law"))
    store = Store.open(url)
    store.take_mastery()
    line = Remembering(store)
    for group in history:
        line.commit(*group)
    facts = [fact for group in history for fact in group]
    assert [stored.fact for stored in store.facts_after(0, 1000)] == facts
    cases = {name: case for name, case in line.floor.cases.items() if not case.ended_at}
    alarms = {name: alarm for name, alarm in line.floor.alarms.items() if alarm.state != "NORMAL"}
    assert {id_: one for _, id_, one in store.load().rows} == {**cases, **alarms}
    ended = [case.id for case in store.closed_cases().cases]
    assert ended == [
        case.id for case in sorted(line.floor.cases.values(), key=lambda one: -one.ended_at) if case.ended_at
    ]
    store.close()
    report = verify(url, fold=fold)
    assert report.problems == []
    assert report.received == sum(isinstance(fact, PrescriptionReceived) for fact in facts)
    assert report.received == report.open + sum(report.ends.values())


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'line.db'}"


# --- readings ---

POINTS = st.lists(
    st.tuples(st.integers(0, 2**33), st.floats(-LARGEST, LARGEST), st.sampled_from([one.value for one in Quality])),
    min_size=1,
    max_size=50,
)


@given(POINTS, st.integers(0, 2**32 - 1))
def test_readings_keep_three_decimals_every_instant_and_every_quality(
    points: list[tuple[int, float, str]], gap_ms: int
) -> None:
    points = sorted((START + at, value, quality) for at, value, quality in points)
    again, limit = expand(squeeze(points, gap_ms))
    assert limit == gap_ms
    assert [(at, quality) for at, _, quality in again] == [(at, quality) for at, _, quality in points]
    for (_, value, _), (_, kept, _) in zip(points, again, strict=True):
        assert math.isclose(value, kept, abs_tol=0.000_501)


@given(POINTS, st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e300, LARGEST + 1]), st.data())
def test_what_is_no_number_is_never_good(points: list[tuple[int, float, str]], odd: float, data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(points) - 1))
    points = sorted((START + at, value, quality) for at, value, quality in points)
    points[which] = (points[which][0], odd, points[which][2])
    again, _ = expand(squeeze(points, 0))
    assert again[which][2] != Quality.GOOD
    assert len(again) == len(points)
    assert all(math.isfinite(value) for _, value, _ in again)
