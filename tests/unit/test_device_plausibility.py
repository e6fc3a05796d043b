from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model import Quality, Reading, Snapshot
from devices.plausibility import Plausibility, stale_after_s
from devices.profile import load_profile
from tests.contract.words import snapshot, warm

POT = load_profile("pot-modbus")
QUIET = {"SetTemperature": 100.0, "HeaterPower": 3.0, "Level": 4000.0}
NOISE = (0.01, 0.03, 0.02, 0.05, 0.04)


class Watched:
    """A pot that is polled once a second at speed 1, and what is thought of its temperature."""

    def __init__(self, speed: int = 1) -> None:
        self.judge = Plausibility(POT, speed)
        self.received_s, self.at, self.boot = 100.0, 1_795_310_400_000, 1
        self.moved = False

    def say(self, celsius: float, *, seconds: float = 1.0, source_ms: float | None = None) -> Reading:
        self.received_s += seconds
        self.at += int(1000 * seconds if source_ms is None else source_ms)
        readings = {name: Reading(value, Quality.GOOD, self.at) for name, value in QUIET.items()}
        readings["ActualTemperature"] = warm(celsius, self.at)
        said = snapshot(at=self.at, received_s=self.received_s, boot=self.boot, readings=readings)
        judged, self.moved = self.judge.judge(said)
        assert judged.readings.keys() == readings.keys()
        return judged.readings["ActualTemperature"]


def _good(reading: Reading) -> bool:
    return reading.quality is Quality.GOOD


def test_an_honest_heat_up_through_85_degrees_passes_whole() -> None:
    pot = Watched()
    for second in range(80):
        assert _good(pot.say(20.0 + second + NOISE[second % 5]))
        assert pot.moved


def test_a_snapshot_without_doubt_is_handed_on_as_it_is() -> None:
    said = snapshot(
        readings={**{name: warm(value, 1000) for name, value in QUIET.items()}, "ActualTemperature": warm(20.0, 1000)}
    )
    judged, moved = Plausibility(POT, 1).judge(said)
    assert judged is said
    assert moved


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "not-finite"),
        (math.inf, "not-finite"),
        (-math.inf, "not-finite"),
        (850.0, "out-of-range"),
        (65535.0, "out-of-range"),
        (130.001, "out-of-range"),
        (-10.001, "out-of-range"),
        (85.0, "rate"),
        (212.0, "out-of-range"),
        (0.0, "rate"),
        (-0.0, "rate"),
    ],
)
def test_poison_is_marked_with_its_reason_and_kept_and_the_next_honest_value_passes(value: float, reason: str) -> None:
    pot = Watched()
    for second in range(5):
        pot.say(40.0 + NOISE[second])
    poisoned = pot.say(value)
    assert (poisoned.quality, poisoned.reason) == (Quality.BAD, reason)
    assert poisoned.value == value or math.isnan(value)
    assert _good(pot.say(40.02))


def test_the_rate_is_counted_in_plant_seconds_from_the_last_good_value() -> None:
    pot = Watched()
    pot.say(40.0)
    assert _good(pot.say(38.1))
    assert pot.say(36.0).reason == "rate"
    assert _good(pot.say(34.2))
    fast = Watched(speed=60)
    fast.say(20.0, seconds=0.25, source_ms=15_000)
    assert _good(fast.say(49.0, seconds=0.25, source_ms=15_000))
    assert fast.say(90.0, seconds=0.25, source_ms=15_000).reason == "rate"


def test_a_heating_pot_that_begins_to_speak_fahrenheit_is_not_waited_out() -> None:
    """37.5 C is 99.5 F: after a jump up, no more counts than what the heater could have done since."""
    pot, celsius = Watched(), 36.0
    pot.say(celsius)
    for second in range(60):
        celsius += 0.2 + NOISE[second % 5] / 10
        assert pot.say(celsius * 1.8 + 32).reason == "rate"
    assert _good(pot.say(celsius)), "what it could well have become by then is believed at once"


def test_a_lasting_jump_is_believed_once_it_could_have_happened() -> None:
    pot = Watched()
    pot.say(90.0)
    reasons = [pot.say(60.0 + NOISE[second % 5]).reason for second in range(20)]
    assert reasons[:14] == ["rate"] * 14
    assert not any(reasons[15:])


def test_a_doubted_value_does_not_come_true_by_standing_still() -> None:
    pot = Watched()
    for second in range(5):
        pot.say(20.0 + NOISE[second])
    said = [pot.say(85.0) for _ in range(200)]
    assert not any(map(_good, said))
    assert _good(pot.say(85.01)), "one that moves again could have got there by now"


def test_a_value_that_never_moves_is_no_measurement() -> None:
    pot = Watched()
    reasons = [pot.say(60.0).reason for _ in range(35)]
    assert not any(reasons[:29])
    assert set(reasons[29:]) == {"stuck"}
    assert _good(pot.say(60.01))


def test_a_set_point_may_rest_for_ever() -> None:
    pot = Watched()
    for second in range(100):
        pot.received_s += 1
        pot.at += 1000
        readings = {name: Reading(value, Quality.GOOD, pot.at) for name, value in QUIET.items()}
        readings["ActualTemperature"] = warm(60.0 + NOISE[second % 5], pot.at)
        judged, _ = pot.judge.judge(snapshot(at=pot.at, received_s=pot.received_s, readings=readings))
        assert {reading.quality for reading in judged.readings.values()} == {Quality.GOOD}


def test_a_frozen_source_time_makes_values_stale_after_three_periods() -> None:
    pot = Watched()
    pot.say(60.0)
    said = [pot.say(60.0, source_ms=0) for _ in range(6)]
    assert [reading.quality for reading in said] == [Quality.GOOD] * 3 + [Quality.STALE] * 3
    assert said[-1].reason == "source-time-frozen"
    assert not pot.moved
    assert _good(pot.say(60.0, source_ms=7000))
    assert pot.moved


def test_new_values_under_an_old_time_are_no_news() -> None:
    pot = Watched()
    pot.say(60.0)
    assert [pot.say(60.0 + NOISE[n % 5], source_ms=0).quality for n in range(5)][-1] is Quality.STALE


def test_one_sensor_whose_own_time_stands_still_is_stale_while_the_others_are_good() -> None:
    judge = Plausibility(POT, 1)
    for second in range(8):
        at = 1_000_000 + 1000 * second
        readings = {name: Reading(value, Quality.GOOD, at) for name, value in QUIET.items()}
        readings["ActualTemperature"] = warm(60.0, 1_000_000)
        judged, moved = judge.judge(snapshot(at=at, received_s=float(second), readings=readings))
        assert moved
        assert judged.readings["ActualTemperature"].quality is (Quality.STALE if second > 3 else Quality.GOOD)
        assert judged.readings["Level"].quality is Quality.GOOD


@pytest.mark.parametrize(("step_ms", "reason"), [(-3_600_000, "source-time-back"), (3_600_000, "source-time-ahead")])
def test_a_clock_that_was_set_is_believed_once_it_runs_on(step_ms: int, reason: str) -> None:
    pot = Watched()
    for second in range(5):
        pot.say(60.0 + NOISE[second])
    said = [pot.say(60.0 + NOISE[0], source_ms=step_ms)] + [pot.say(60.0 + NOISE[n % 5]) for n in range(1, 8)]
    assert [reading.reason for reading in said] == [reason] * 3 + [""] * 5


def test_one_wrong_time_does_not_spoil_the_times_after_it() -> None:
    pot = Watched()
    for second in range(5):
        pot.say(60.0 + NOISE[second])
    assert pot.say(60.0, source_ms=2**40).reason == "source-time-ahead"
    assert not pot.moved
    pot.at -= 2**40
    assert _good(pot.say(60.01, source_ms=2000))


def test_a_long_silence_is_no_jump_of_the_clock() -> None:
    pot = Watched()
    pot.say(60.0)
    assert _good(pot.say(20.0, seconds=600))


def test_time_that_passed_while_the_computer_slept_is_not_believed_at_once() -> None:
    pot = Watched()
    pot.say(60.0)
    assert pot.say(60.01, seconds=1, source_ms=600_000).reason == "source-time-ahead"


def test_a_reboot_starts_the_memory_over() -> None:
    pot = Watched()
    for second in range(5):
        pot.say(90.0 + NOISE[second])
    pot.boot, pot.at = 2, 0
    assert _good(pot.say(20.0))


def test_what_the_link_found_bad_keeps_its_reason() -> None:
    flawed = Reading(math.nan, Quality.BAD, 1000, "illegal-address")
    readings = {**{name: warm(value, 1000) for name, value in QUIET.items()}, "ActualTemperature": flawed}
    judged, _ = Plausibility(POT, 1).judge(snapshot(readings=readings))
    assert judged.readings["ActualTemperature"] is flawed


def test_values_are_old_after_three_polls_but_never_within_a_second() -> None:
    assert stale_after_s(POT, 1) == 3.0
    assert stale_after_s(POT, 240) == 1.0
    assert stale_after_s(load_profile("storage-modbus"), 1) == 15.0


@given(st.lists(st.tuples(st.floats(), st.integers(-10_000, 10_000), st.floats(0.01, 20)), min_size=1, max_size=60))
def test_nothing_impossible_is_ever_good_and_nothing_is_ever_dropped(samples: list[tuple[float, int, float]]) -> None:
    judge, at, received_s = Plausibility(POT, 1), 10**9, 0.0
    for value, step_ms, seconds in samples:
        at, received_s = at + step_ms, received_s + seconds
        readings = {**{name: warm(v, at) for name, v in QUIET.items()}, "ActualTemperature": warm(value, at)}
        reading = judge.judge(snapshot(at=at, received_s=received_s, readings=readings))[0].readings[
            "ActualTemperature"
        ]
        assert reading.value == value or math.isnan(value)
        assert bool(reading.reason) == (reading.quality is not Quality.GOOD)
        assert -10 <= value <= 130 or not _good(reading)


@given(st.floats(-5, 125), st.lists(st.floats(-1.9, 1.9), min_size=1, max_size=50))
def test_honest_values_are_never_doubted(start: float, steps: list[float]) -> None:
    pot, value, nudge = Watched(), start, count()
    for step in steps:
        value = min(125.0, max(-5.0, value + step)) + 1e-6 * next(nudge)
        assert _good(pot.say(value))


def test_snapshots_are_not_changed_in_place() -> None:
    readings = {**{name: warm(v, 1000) for name, v in QUIET.items()}, "ActualTemperature": warm(math.nan, 1000)}
    said: Snapshot = snapshot(readings=readings)
    judged, _ = Plausibility(POT, 1).judge(said)
    assert said.readings["ActualTemperature"].quality is Quality.GOOD
    assert replace(judged, readings={}) == replace(said, readings={})
