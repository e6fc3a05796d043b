"""What holds for every plan, whatever the prescription, the tables' numbers and the pots."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import fsum
from random import Random  # noqa: TC003 - hypothesis reads it

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.model.plan import Container, Plan
from controller.model.prescription import Handling, Item, Preparation, Prescription, RecipeClass, Urgency
from controller.model.recipe import RecipeTable  # noqa: TC001 - hypothesis reads it
from controller.recipes import NotMadeHere, item_names, make_plan
from tests.medicine import FORMULARY, POTS, RECIPES, prescription

ITEMS = st.lists(
    st.builds(
        Item,
        st.sampled_from(sorted(FORMULARY.herbs)),
        st.integers(1, 300).map(lambda tenths: tenths / 10),
        st.sampled_from([Handling.NONE] * 6 + [each for each in Handling if each is not Handling.DECOCT_FOR_WATER]),
    ),
    min_size=1,
    max_size=20,
).map(tuple)
PRESCRIPTIONS = st.builds(
    prescription,
    items=ITEMS,
    doses=st.integers(2, 10),
    servings_per_dose=st.integers(2, 3),
    serving_ml=st.integers(50, 250),
    urgency=st.sampled_from(Urgency),
    recipe_class=st.none() | st.sampled_from(RecipeClass),
    preparation=st.sampled_from([Preparation.DECOCT, Preparation.DECOCT, Preparation.DISPENSE_ONLY]),
)
TABLES = st.builds(
    replace,
    st.just(RECIPES),
    evaporation_ml_per_min=st.floats(1, 15),
    water_margin=st.floats(0, 0.2),
    first_water_share=st.floats(0.3, 0.8),
    displacement_ml_per_g=st.floats(0.1, 1.5),
    fill_share=st.floats(0.4, 0.9),
)


def made(rx: Prescription, table: RecipeTable = RECIPES) -> Plan:
    plan = make_plan(rx, FORMULARY, table, POTS)
    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    return plan


def decocted(rx: Prescription, table: RecipeTable = RECIPES) -> Plan:
    return made(replace(rx, preparation=Preparation.DECOCT), table)


def second_water_ml(plan: Plan) -> int:
    return sum(boil.water_ml for boil in plan.boils)


def absorbed_ml(plan: Plan, table: RecipeTable) -> float:
    return fsum(
        item.grams * table.absorption_ml_per_g[FORMULARY.herbs[item.herb].absorption]
        for item in plan.items
        if item.container is not Container.SEPARATE
    )


@given(PRESCRIPTIONS, TABLES)
def test_water_is_conserved(rx: Prescription, table: RecipeTable) -> None:
    plan = decocted(rx, table)
    steam_ml = table.evaporation_ml_per_min * sum(boil.minutes for boil in plan.boils)
    need_ml = plan.bags * plan.fill_ml + absorbed_ml(plan, table) + steam_ml
    water_ml = plan.soak_water_ml + second_water_ml(plan)
    assert water_ml == pytest.approx(need_ml * (1 + table.water_margin) + table.dead_volume_ml, abs=1)
    assert plan.absorb_ml == pytest.approx(absorbed_ml(plan, table), abs=1)


@given(PRESCRIPTIONS, TABLES)
def test_every_charge_fits_some_pot_and_the_second_never_fills_it_more(rx: Prescription, table: RecipeTable) -> None:
    plan = decocted(rx, table)
    assert any(pot.takes(plan, table) for pot in POTS)
    herbs_ml = table.displacement_ml_per_g * sum(
        item.grams for item in plan.items if item.container is not Container.SEPARATE
    )
    assert plan.load_ml == pytest.approx(plan.soak_water_ml + herbs_ml, abs=1)
    assert second_water_ml(plan) + absorbed_ml(plan, table) + herbs_ml <= plan.load_ml + 1


@given(PRESCRIPTIONS, TABLES)
def test_the_first_decoction_never_boils_dry(rx: Prescription, table: RecipeTable) -> None:
    plan = decocted(rx, table)
    last = plan.boils[-1]
    before = [boil for boil in plan.boils if boil is not last or last.name == "boil.1"]
    steam_ml = table.evaporation_ml_per_min * sum(boil.minutes for boil in before)
    left_ml = plan.soak_water_ml - absorbed_ml(plan, table) - steam_ml
    assert left_ml >= plan.bags * plan.fill_ml / 2


@given(PRESCRIPTIONS)
def test_with_our_own_numbers_the_second_decoction_never_boils_dry(rx: Prescription) -> None:
    last = decocted(replace(rx, urgency=Urgency.ROUTINE)).boils[-1]
    assert last.water_ml - last.minutes * RECIPES.evaporation_ml_per_min > 0


@given(PRESCRIPTIONS)
def test_what_is_prescribed_is_what_is_weighed(rx: Prescription) -> None:
    plan = made(rx)
    prescribed = Counter[str]()
    for item in rx.items:
        prescribed[item.herb] += round(item.grams * rx.doses * 1000)
    weighed = Counter[str]()
    for item in plan.items:
        weighed[item.herb] += round(item.grams * item.times * 1000)
    assert weighed == prescribed


@given(PRESCRIPTIONS)
def test_every_weighing_has_a_tolerance_and_toxic_herbs_never_a_wider_one(rx: Prescription) -> None:
    plan = made(rx)
    whole_g = fsum(item.grams for item in plan.items)
    for item in plan.items:
        share = RECIPES.toxic_tolerance if FORMULARY.herbs[item.herb].toxic else RECIPES.herb_tolerance
        assert 0 < item.tolerance_g <= max(share * item.grams, RECIPES.least_tolerance_g) + 0.001
        assert item.tolerance_g <= RECIPES.weight_tolerance * whole_g + 0.001
    if all(item.grams * RECIPES.toxic_tolerance >= RECIPES.least_tolerance_g for item in plan.items):
        assert fsum(item.tolerance_g for item in plan.items) <= RECIPES.weight_tolerance * whole_g + 0.1


@given(PRESCRIPTIONS)
def test_what_must_not_boil_never_enters_the_pot(rx: Prescription) -> None:
    plan = decocted(rx)
    apart = {Handling.DECOCT_SEPARATELY, Handling.MELT, Handling.TAKE_WITH}
    assert all((item.container is Container.SEPARATE) is (item.handling in apart) for item in plan.items)
    assert {task.herb for task in plan.separate} == {item.herb for item in plan.items if item.handling in apart}
    assert (plan.late_minutes is None) is not any(item.container is Container.LATE for item in plan.items)


@given(PRESCRIPTIONS, st.sampled_from(sorted(name for name, herb in FORMULARY.herbs.items() if herb.toxic)))
def test_toxic_decoct_first_herbs_always_boil_their_least_minutes(rx: Prescription, herb: str) -> None:
    plan = decocted(replace(rx, items=(*rx.items, Item(herb, 3.0, Handling.DECOCT_FIRST))))
    assert plan.boils[0].minutes >= RECIPES.toxic_first_minutes


@given(PRESCRIPTIONS)
def test_no_checkpoint_is_asked_for_twice_and_each_item_has_its_two(rx: Prescription) -> None:
    plan = made(rx)
    assert len(plan.required) == len(set(plan.required))
    for name in item_names(plan.items):
        assert {("source.lot", name), ("dispense.weight", name)} <= set(plan.required)
    asked = {name for name, _ in plan.required}
    assert {f"{boil.name}.minutes" for boil in plan.boils} <= asked
    assert {f"separate.{task.herb}" for task in plan.separate} <= asked


@given(PRESCRIPTIONS)
def test_soak_and_boil_minutes_are_never_shortened_for_urgency(rx: Prescription) -> None:
    urgent = decocted(replace(rx, urgency=Urgency.URGENT))
    routine = make_plan(replace(rx, urgency=Urgency.ROUTINE, preparation=Preparation.DECOCT), FORMULARY, RECIPES, POTS)
    assume(isinstance(routine, Plan))
    assert isinstance(routine, Plan)
    assert urgent.soak_minutes == routine.soak_minutes
    usual = {boil.name: boil.minutes for boil in routine.boils}
    assert all(usual[boil.name] == boil.minutes for boil in urgent.boils)


@given(PRESCRIPTIONS, st.randoms())
def test_the_order_of_the_items_changes_only_their_order(rx: Prescription, random: Random) -> None:
    shuffled = list(rx.items)
    random.shuffle(shuffled)
    one = make_plan(rx, FORMULARY, RECIPES, POTS)
    other = make_plan(replace(rx, items=tuple(shuffled)), FORMULARY, RECIPES, POTS)
    if isinstance(one, NotMadeHere) or isinstance(other, NotMadeHere):
        assert type(one) is type(other)
        return
    assert sorted(map(repr, one.items)) == sorted(map(repr, other.items))
    assert replace(one, items=(), separate=(), required=()) == replace(other, items=(), separate=(), required=())
    assert set(one.required) == set(other.required)
