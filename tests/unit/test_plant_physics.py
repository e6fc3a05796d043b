"""The simulated water obeys the closed forms, at any altitude and however time is cut."""

import itertools
import math

import pytest

from devices.plant.physics import WATER, Heater, Sensor, Vessel, absorption, boiling_point_c, dosed_ml

POTS = [(6000, 2.0), (12000, 3.0), (20000, 4.5)]


def vessel(
    volume_ml: float = 12000, *, kpa: float = 101.325, water_ml: float = 5000, temperature_c: float = 22.0
) -> Vessel:
    pot = Vessel(volume_ml=volume_ml, boiling_c=boiling_point_c(kpa))
    pot.pour(water_ml, temperature_c)
    return pot


@pytest.mark.parametrize(
    ("kpa", "boils_c"),
    [(101.325, 100.0), (101.3, 100.0), (89.9, 96.7), (70.1, 89.9), (57.7, 85.0)],
)
def test_water_boils_where_the_steam_tables_say_at_every_altitude(kpa: float, boils_c: float) -> None:
    assert boiling_point_c(kpa) == pytest.approx(boils_c, abs=0.15)


@pytest.mark.parametrize(("volume_ml", "power_kw"), POTS)
def test_heat_up_takes_m_c_dt_over_p_eta(volume_ml: int, power_kw: float) -> None:
    water_ml = volume_ml * 0.5
    pot = vessel(volume_ml, water_ml=water_ml)
    expected_s = water_ml * 4.186 * (80.0 - 22.0) / (power_kw * 1000 * 0.85)
    assert pot.run(Heater.FULL, math.inf, until_c=80.0) == pytest.approx(expected_s, rel=1e-12)
    assert pot.temperature_c == 80.0
    assert pot.water_ml == water_ml


def test_steam_lost_while_warming_shortens_the_rest_by_its_share() -> None:
    pot = vessel()
    pot.run(Heater.FULL, math.inf, until_c=80.0)
    seconds = pot.run(Heater.FULL, math.inf, until_c=99.5)
    steam = WATER.warming_ml_per_min / 60
    heat = 19.5 * 4.186 * steam / (3000 * 0.85)
    assert seconds == pytest.approx(5000 * (1 - math.exp(-heat)) / steam, rel=1e-12)
    assert pot.water_ml == pytest.approx(5000 - steam * seconds)


def test_a_gentle_simmer_loses_eight_millilitres_a_minute_at_the_boiling_point() -> None:
    pot = vessel(temperature_c=boiling_point_c(101.325))
    pot.run(Heater.GENTLE, 1800)
    assert 5000 - pot.water_ml == pytest.approx(240)
    assert pot.temperature_c == pot.boiling_c


def test_a_pot_that_cools_follows_newton_and_never_passes_the_room() -> None:
    pot = vessel(temperature_c=95.0)
    constant_s = 5000 * 4.186 / 6.0
    pot.run(Heater.OFF, constant_s)
    assert pot.temperature_c == pytest.approx(22.0 + 73.0 / math.e)
    pot.run(Heater.OFF, 1e7)
    assert pot.temperature_c == pytest.approx(22.0)


def test_cold_water_mixes_by_mass() -> None:
    pot = vessel(water_ml=3000, temperature_c=90.0)
    pot.pour(1000, 10.0)
    assert pot.temperature_c == pytest.approx(70.0)


def test_a_threshold_above_the_boiling_point_is_never_reached_and_boils_the_pot_dry() -> None:
    pot = vessel(kpa=70.1)
    passed = pot.run(Heater.FULL, math.inf, until_c=98.0)
    assert pot.is_dry
    assert pot.temperature_c == pot.boiling_c
    assert passed == pytest.approx(pot.seconds_to(98.0) + passed)
    assert pot.water_ml == pytest.approx(0.02 * 12000)


def test_time_may_be_cut_anywhere_without_changing_what_happens() -> None:
    whole, cut = vessel(), vessel()
    for heater, seconds in ((Heater.FULL, 700.0), (Heater.GENTLE, 900.0), (Heater.OFF, 3000.0), (Heater.FULL, 200.0)):
        whole.run(heater, seconds)
        for _ in range(1000):
            cut.run(heater, seconds / 1000)
    assert cut.temperature_c == pytest.approx(whole.temperature_c, abs=1e-9)
    assert cut.water_ml == pytest.approx(whole.water_ml, abs=1e-9)


def test_a_sensor_never_shows_the_same_twice_and_stays_near_the_truth() -> None:
    sensor = Sensor("pot", 0.05)
    shown = [sensor.read(99.5) for _ in range(20_000)]
    assert all(before != after for before, after in itertools.pairwise(shown))
    assert sum(shown) / len(shown) == pytest.approx(99.5, abs=0.002)
    assert max(abs(value - 99.5) for value in shown) < 0.35


def test_absorption_and_valves_scatter_within_their_limits_and_always_the_same() -> None:
    factors = [absorption(f"B{number}") for number in range(3000)]
    assert absorption("B7") == factors[7]
    assert 0.92 <= min(factors) < 0.95
    assert 1.05 < max(factors) <= 1.08
    dosed = [dosed_ml(1000, f"B1 {number}") for number in range(1000)]
    assert 990 <= min(dosed) < 991
    assert 1009 < max(dosed) <= 1010
