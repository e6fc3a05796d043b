"""After an outage only what is offered is proposed, a longer one is never judged milder, and a constant is found in noise."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.formulary import load_outage_table
from controller.model.batch import BoilRecord, Cause, Choice, Hold
from controller.quality.cooling import Cooling, learned
from controller.quality.outage import Advice, Plight, Severity, Sighting, judge

if TYPE_CHECKING:
    from controller.quality.cooling import Point

TABLE = load_outage_table()
ROOM = TABLE.cooling.room_celsius
NOW = 1_795_305_600_000
MINUTE = 60_000
BOILING = 99.5

HOLDS = [
    Hold("boot", Cause.MACHINE, NOW, (Choice.RUN_DEFICIT, Choice.SCRAP), "pot-01"),
    Hold("boot", Cause.MACHINE, NOW, (Choice.CONTINUE, Choice.SCRAP), "pot-01"),
    Hold("mode", Cause.MACHINE, NOW, (Choice.CONTINUE, Choice.SCRAP), "pot-01"),
    Hold("fault", Cause.MACHINE, NOW, (Choice.SCRAP,), "pot-01"),
    Hold("unknown", Cause.MACHINE, NOW, (Choice.RETRY, Choice.ASSUME_OK, Choice.SCRAP), "pot-01"),
    Hold("link-stale.pot-01", Cause.LINK, NOW, (), "pot-01"),
    Hold("machine-attested", Cause.PERSON, NOW, (Choice.ACCEPT_DEVIATION, Choice.RUN_DEFICIT, Choice.SCRAP), "pot-01"),
    Hold("credit-mismatch", Cause.MACHINE, NOW, (Choice.ACCEPT_DEVIATION, Choice.SCRAP), "pot-01"),
    Hold("amendment", Cause.PERSON, NOW, (Choice.CONTINUE, Choice.SCRAP)),
    Hold("late-missed", Cause.PERSON, NOW, (Choice.ACCEPT_DEVIATION, Choice.SCRAP)),
]
CONSTANTS = st.tuples(st.floats(300, 9_000), st.floats(1, 4)).map(
    lambda pair: Cooling(ROOM, pair[0], pair[0] * pair[1], learned=True)
)


def boil(required_min: float = 25, credit_min: float = 10, covered_min: float = 0) -> BoilRecord:
    """A boil that began an hour ago."""
    return BoilRecord(
        "boil.1",
        round(required_min * 60),
        began_at=NOW - 60 * MINUTE,
        credit_s=credit_min * 60,
        covered_s=covered_min * 60,
        counter_s=(credit_min + covered_min) * 60,
    )


def cut(away_min: float, *holds: Hold, seen: float | None = None, hot: float = BOILING) -> Plight:
    """A pot at the boil that lost its power `away_min` ago; `seen`: what it has now that it is back."""
    at = NOW + round(away_min * MINUTE)
    last = Sighting(NOW, hot)
    return Plight(
        at=at,
        holds=holds,
        soak_max_minutes=120,
        boil_celsius=BOILING,
        since=last,
        back_at=at if seen is not None else 0,
        seen=None if seen is None else Sighting(at, seen),
        hot=last,
        boiled=last,
        boil=boil(),
        cooked_at=NOW - 60 * MINUTE,
        cooling=Cooling(ROOM, 4_000, 6_000, learned=True),
    )


@st.composite
def plights(draw: st.DrawFn) -> Plight:
    """Any batch in any state of knowledge, consistent or not."""
    at = NOW + draw(st.integers(0, 2_000)) * MINUTE
    celsius = st.floats(5, 105)

    def sighting() -> Sighting | None:
        return Sighting(at - draw(st.integers(0, 2_000)) * MINUTE, draw(celsius)) if draw(st.booleans()) else None

    hot = sighting()
    return Plight(
        at=at,
        holds=tuple(draw(st.lists(st.sampled_from(HOLDS), max_size=3))),
        soak_max_minutes=120,
        boil_celsius=BOILING,
        since=sighting(),
        seen=sighting(),
        hot=hot and replace(hot, celsius=max(hot.celsius, TABLE.zone_celsius[1])),
        boiled=sighting(),
        boil=boil(credit_min=draw(st.floats(0, 40))) if draw(st.booleans()) else None,
        cooked_at=draw(st.sampled_from([0, NOW - MINUTE])),
        soaked_at=draw(st.sampled_from([0, NOW - MINUTE])),
        running=draw(st.booleans()),
        cooling=draw(st.none() | CONSTANTS),
    )


@given(plights())
def test_only_what_the_holds_offer_is_proposed(plight: Plight) -> None:
    judged = judge(plight, TABLE)
    assert judged.choice is None or judged.choice in plight.offered
    assert (judged.advice is Advice.WAIT) <= bool(plight.holds and not plight.offered)
    assert all(math.isfinite(figure) and figure >= 0 for figure in (judged.zone_s, judged.paused_s, judged.minutes))


@given(plights(), st.integers(1, 3_000))
def test_a_longer_outage_is_never_judged_milder(plight: Plight, later: int) -> None:
    seen = plight.seen and replace(plight.seen, at=plight.seen.at + later * MINUTE)
    longer = replace(plight, at=plight.at + later * MINUTE, seen=seen)
    before, after = judge(plight, TABLE), judge(longer, TABLE)
    assert after.severity >= before.severity
    assert after.zone_s >= before.zone_s - 1e-6
    assert after.paused_s >= before.paused_s - 1e-6


@given(plights(), st.floats(0, 60))
def test_a_colder_pot_is_never_judged_milder(plight: Plight, colder: float) -> None:
    assume(plight.seen is not None)
    assert plight.seen is not None
    cold = replace(plight, seen=replace(plight.seen, celsius=plight.seen.celsius - colder))
    assert judge(cold, TABLE).severity >= judge(plight, TABLE).severity


@given(plights(), st.floats(1, 3))
def test_what_is_not_known_of_the_constant_is_taken_at_its_worst(plight: Plight, wider: float) -> None:
    assume(plight.cooling is not None)
    assert plight.cooling is not None
    loose = replace(
        plight.cooling, shortest_s=plight.cooling.shortest_s / wider, longest_s=plight.cooling.longest_s * wider
    )
    assert judge(replace(plight, cooling=loose), TABLE).severity >= judge(plight, TABLE).severity


def test_a_short_cut_costs_the_missing_minutes() -> None:
    judged = judge(cut(20, HOLDS[0], seen=85.0), TABLE)
    assert (judged.advice, judged.minutes, judged.severity) == (Advice.RUN_DEFICIT, 15, Severity.SHORT)
    assert judged.zone_s == 0
    assert [reason.rule for reason in judged.reasons] == ["paused", "boil-short", "constant-learned"]


def test_a_pot_that_is_still_hot_cannot_have_stood_for_the_whole_outage() -> None:
    judged = judge(cut(10 * 60, HOLDS[0], seen=95.0), TABLE)
    assert judged.paused_s < 10 * 60
    assert judged.advice is Advice.RUN_DEFICIT


def test_a_pot_that_stood_warm_for_too_long_is_scrapped() -> None:
    judged = judge(cut(8 * 60, HOLDS[0], seen=30.0), TABLE)
    assert (judged.advice, judged.severity) == (Advice.SCRAP, Severity.LOST)
    assert judged.zone_s > TABLE.zone_minutes * 60
    assert "zone-too-long" in {reason.rule for reason in judged.reasons}


def test_a_boil_that_was_interrupted_for_long_is_for_a_pharmacist() -> None:
    judged = judge(cut(90, HOLDS[0], seen=62.0), TABLE)
    assert (judged.advice, judged.choice) == (Advice.DECIDE, None)


def test_of_a_pot_that_is_still_dark_only_a_range_is_told() -> None:
    judged = judge(cut(30, HOLDS[5]), TABLE)
    assert (judged.advice, judged.choice) == (Advice.WAIT, None)
    assert judged.celsius is not None
    low, high = judged.celsius
    assert ROOM < low < high < BOILING


def test_a_machine_that_never_stopped_goes_on() -> None:
    seen = Sighting(NOW + 10 * MINUTE, BOILING + 0.3)
    plight = replace(cut(10), running=True, seen=seen, hot=seen, boiled=seen, back_at=seen.at)
    judged = judge(plight, TABLE)
    assert (judged.advice, judged.minutes, judged.severity) == (Advice.GOES_ON, 15, Severity.GOES_ON)
    assert "never-stopped" in {reason.rule for reason in judged.reasons}


def test_minutes_that_the_machine_alone_saw_are_proposed_to_be_accepted() -> None:
    plight = replace(cut(5, HOLDS[6], seen=BOILING), boil=boil(credit_min=20, covered_min=5))
    assert judge(plight, TABLE).advice is Advice.ACCEPT_DEVIATION


@pytest.mark.parametrize("hold", HOLDS[8:])
def test_what_has_nothing_to_do_with_an_outage_is_not_settled_by_it(hold: Hold) -> None:
    assert judge(replace(cut(1, hold, seen=BOILING), boil=None), TABLE).advice is Advice.DECIDE


def test_nobody_proposes_to_scrap_what_a_look_may_settle() -> None:
    assert judge(cut(1, HOLDS[4], seen=98.0), TABLE).advice is Advice.DECIDE
    assert judge(cut(1, HOLDS[4], HOLDS[0], seen=98.0), TABLE).advice is Advice.DECIDE
    spoilt = judge(cut(1, HOLDS[3], seen=98.0), TABLE)
    assert (spoilt.advice, spoilt.severity) == (Advice.SCRAP, Severity.LOST)


# --- the constant ---


def curve(constant_s: float, minutes: int, noise_c: float = 0.05, from_c: float = 85.0, seed: int = 1) -> list[Point]:
    random = Random(seed)
    return [
        (
            NOW + second * 1000,
            ROOM + (from_c - ROOM) * math.exp(-second / constant_s) + random.gauss(0, noise_c),
        )
        for second in range(0, minutes * 60, 2)
    ]


def off(points: list[Point]) -> list[Point]:
    return [(at, 0.0) for at, _ in points]


@given(st.floats(1_200, 12_000), st.integers(0, 9))
def test_the_constant_of_a_pot_is_found_in_its_noise(constant_s: float, seed: int) -> None:
    points = curve(constant_s, 20, seed=seed)
    found = learned(points, off(points), TABLE.cooling)
    assert found == pytest.approx(constant_s, rel=0.1)


def test_one_misread_sample_in_ten_changes_little() -> None:
    points = curve(4_000, 20)
    spoiled = [(at, celsius - 0.9 if index % 10 == 0 else celsius) for index, (at, celsius) in enumerate(points)]
    assert learned(spoiled, off(points), TABLE.cooling) == pytest.approx(4_000, rel=0.1)


def test_a_curve_that_was_poured_into_is_cut_there() -> None:
    first = curve(4_000, 10)
    second = [(at + 20 * MINUTE, celsius - 15) for at, celsius in curve(4_000 * (63 - 15) / 63, 10)]
    points = first + second
    assert learned(points, off(points), TABLE.cooling) == pytest.approx(4_000, rel=0.15)


def test_nothing_is_learned_under_heat_from_a_flat_curve_or_without_knowing_of_the_heater() -> None:
    points = curve(4_000, 20)
    assert learned(points, [(at, 1.5) for at, _ in points], TABLE.cooling) is None
    assert learned(points, [], TABLE.cooling) is None
    flat = curve(4_000, 1)
    assert learned(flat, off(flat), TABLE.cooling) is None
    assert learned([], [], TABLE.cooling) is None


def test_a_constant_that_no_pot_has_is_not_believed() -> None:
    quick = curve(120, 3)
    assert learned(quick, off(quick), TABLE.cooling) is None


def test_the_class_of_a_pot_stands_in_for_what_was_never_seen() -> None:
    assumed = Cooling.of(None, 6_200, 3_000, TABLE.cooling)
    assert not assumed.learned
    assert (assumed.shortest_s, assumed.longest_s) == (pytest.approx(8.7 * 3 * 60), pytest.approx(34.9 * 3 * 60))
    drop = Cooling.of(None, 6_200, 100, TABLE.cooling)
    assert drop.shortest_s == TABLE.cooling.plausible_minutes[0] * 60


@given(CONSTANTS, st.floats(23, 99), st.floats(0, 36_000))
def test_cooling_and_the_time_it_takes_are_the_same_law(cooling: Cooling, hot: float, seconds: float) -> None:
    low, high = cooling.after(hot, seconds)
    assert ROOM <= low <= high <= hot + 1e-9
    if low > ROOM + 1e-3:
        assert cooling.least_s(hot, low) == pytest.approx(seconds, rel=1e-3, abs=1e-3)
