"""What a plan says for one prescription after another, and what this centre says no to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.model.plan import Boil, Container, JoinsAt, Plan, PlanItem, SeparateTask
from controller.model.prescription import Handling, Preparation, Prescription, RecipeClass, Route, Urgency
from controller.model.world import PotClass
from controller.recipes import NotMadeHere, item_names, make_plan
from tests.medicine import FORMULARY, POTS, RECIPES, prescription


def plan(*herbs: tuple[Any, ...], **changes: Any) -> Plan:
    made = planned(prescription(*herbs, **changes))
    assert isinstance(made, Plan)
    return made


def refused(*herbs: tuple[Any, ...], **changes: Any) -> NotMadeHere:
    answer = planned(prescription(*herbs, **changes))
    assert isinstance(answer, NotMadeHere)
    return answer


def planned(rx: Prescription, pots: tuple[PotClass, ...] = POTS) -> Plan | NotMadeHere:
    return make_plan(rx, FORMULARY, RECIPES, pots)


def minutes(made: Plan) -> list[tuple[str, int]]:
    return [(boil.name, boil.minutes) for boil in made.boils]


def containers(made: Plan) -> dict[str, Container]:
    return {item.herb: item.container for item in made.items}


# --- weighing ---


def test_each_herb_is_weighed_once_for_all_doses() -> None:
    assert plan().items[0] == PlanItem("桂枝", 63.0, 1, 3.15, Handling.NONE, Container.PAIL)


def test_a_toxic_herb_is_weighed_more_closely() -> None:
    ordinary, toxic = plan(("桂枝", 9), ("白附子", 9)).items
    assert (ordinary.tolerance_g, toxic.tolerance_g) == (3.15, 1.26)


def test_no_tolerance_is_finer_than_the_scale() -> None:
    saffron = plan(("西红花", 0.1), ("桂枝", 20), ("白芍", 20)).items[0]
    assert (saffron.grams, saffron.tolerance_g) == (0.7, RECIPES.least_tolerance_g)


def test_every_handling_has_its_container() -> None:
    made = plan(
        ("桂枝", 9),
        ("滑石粉", 15, "wrap"),
        ("石膏", 30, "decoct-first"),
        ("薄荷", 6, "add-late"),
        ("人参", 9, "decoct-separately"),
        ("阿胶", 9, "melt"),
        ("芒硝", 6, "take-with"),
    )
    assert containers(made) == {
        "桂枝": Container.PAIL,
        "滑石粉": Container.PAIL,
        "石膏": Container.FIRST,
        "薄荷": Container.LATE,
        "人参": Container.SEPARATE,
        "阿胶": Container.SEPARATE,
        "芒硝": Container.SEPARATE,
    }


# --- boils ---


@pytest.mark.parametrize(
    ("recipe_class", "expected"),
    [
        (RecipeClass.GENERAL, [("boil.1", 25), ("boil.2", 20)]),
        (RecipeClass.EXTERIOR_RELEASING, [("boil.1", 15), ("boil.2", 10)]),
        (RecipeClass.TONIC, [("boil.1", 45), ("boil.2", 35)]),
        (None, [("boil.1", 25), ("boil.2", 20)]),
    ],
)
def test_the_class_decides_the_minutes(recipe_class: RecipeClass | None, expected: list[tuple[str, int]]) -> None:
    assert minutes(plan(recipe_class=recipe_class)) == expected


def test_urgent_is_one_decoction_where_a_pot_can_hold_it() -> None:
    assert minutes(plan(urgency=Urgency.URGENT)) == [("boil.1", 25)]


def test_urgent_is_two_decoctions_where_no_pot_can_hold_one() -> None:
    large = plan(("桂枝", 90), ("白芍", 90), doses=14, servings_per_dose=3, urgency=Urgency.URGENT)
    assert minutes(large) == [("boil.1", 25), ("boil.2", 20)]


@pytest.mark.parametrize(
    ("herb", "ahead"), [("石膏", 30), ("附子", 60), ("制川乌", 60), ("水牛角", 180), ("桑枝", 30), ("白附子", 60)]
)
def test_decoct_first_herbs_boil_ahead_of_the_others(herb: str, ahead: int) -> None:
    made = plan((herb, 3, "decoct-first"), ("桂枝", 9))
    assert minutes(made) == [("first", ahead), ("boil.1", 25), ("boil.2", 20)]


def test_the_longest_of_the_decoct_first_herbs_decides() -> None:
    made = plan(("石膏", 30, "decoct-first"), ("附子", 9, "decoct-first"), ("桂枝", 9))
    assert minutes(made)[0] == ("first", 60)


def test_a_herb_that_is_usually_decocted_first_is_not_where_the_prescriber_says_otherwise() -> None:
    assert minutes(plan(("石膏", 30, "wrap"), ("桂枝", 9))) == [("boil.1", 25), ("boil.2", 20)]


def test_decoct_first_herbs_alone_are_the_pail_and_boil_as_long_as_ever() -> None:
    made = plan(("附子", 9, "decoct-first"), ("石膏", 30, "decoct-first"), ("人参", 9, "decoct-separately"))
    assert containers(made)["附子"] is Container.PAIL
    assert minutes(made) == [("boil.1", 85), ("boil.2", 20)]


def test_there_is_a_late_window_only_with_late_herbs() -> None:
    assert plan().late_minutes is None
    assert plan(("薄荷", 6, "add-late"), ("桂枝", 9)).late_minutes == (5, 10)


# --- water ---


def test_water_follows_absorption_steam_and_pouches() -> None:
    made = plan(("桂枝", 10), ("菊花", 10), ("石膏", 10), ("薏苡仁", 10))
    assert made.absorb_ml == round(70 * (1.3 + 2.2 + 0.2 + 0.9))
    total = made.soak_water_ml + made.boils[1].water_ml
    assert total == pytest.approx((made.absorb_ml + 45 * 8 + 14 * 200) * 1.05 + RECIPES.dead_volume_ml, abs=1)
    assert made.load_ml == made.soak_water_ml + round(280 * 0.7)
    assert made.herb_g == 280


def test_the_first_of_two_decoctions_gets_its_share() -> None:
    made = plan()
    total = made.soak_water_ml + made.boils[1].water_ml
    assert made.soak_water_ml == pytest.approx(total * 0.65, abs=2)


def test_thirsty_herbs_get_more_than_the_share_in_the_first_decoction() -> None:
    made = plan(("桂枝", 30), ("菊花", 60), ("白芍", 60))
    total = made.soak_water_ml + made.boils[1].water_ml
    assert made.soak_water_ml > total * 0.65
    left = made.soak_water_ml - made.absorb_ml - 25 * 8
    assert left == pytest.approx((total - made.absorb_ml - 45 * 8) / 2, abs=2)


def test_a_long_first_boil_gets_the_water_it_boils_away() -> None:
    made = plan(("水牛角", 30, "decoct-first"), ("桂枝", 9))
    left = made.soak_water_ml - made.absorb_ml - (180 + 25) * 8
    assert left >= made.bags * made.fill_ml / 2


def test_what_never_enters_the_pot_asks_for_no_water() -> None:
    alone = plan(("桂枝", 9), ("白芍", 9))
    beside = plan(("桂枝", 9), ("白芍", 9), ("人参", 9, "decoct-separately"), ("阿胶", 9, "melt"))
    assert (beside.soak_water_ml, beside.load_ml, beside.herb_g) == (alone.soak_water_ml, alone.load_ml, alone.herb_g)


def test_only_the_second_decoction_draws_from_the_valve() -> None:
    made = plan(("石膏", 30, "decoct-first"), ("桂枝", 9))
    assert [boil.water_ml > 0 for boil in made.boils] == [False, False, True]


# --- beside the pot ---


def test_separate_parts_join_where_they_are_needed() -> None:
    made = plan(("桂枝", 9), ("人参", 9, "decoct-separately"), ("阿胶", 9, "melt"), ("三七粉", 3, "take-with"))
    assert made.separate == (
        SeparateTask("人参", Handling.DECOCT_SEPARATELY, 63.0, 120, JoinsAt.PACKING),
        SeparateTask("阿胶", Handling.MELT, 63.0, 0, JoinsAt.PACKING),
        SeparateTask("三七粉", Handling.TAKE_WITH, 21.0, 0, JoinsAt.BOXING),
    )


def test_a_separate_herb_written_twice_is_one_packet() -> None:
    made = plan(("桂枝", 9), ("阿胶", 6, "melt"), ("阿胶", 3, "melt"))
    assert made.separate == (SeparateTask("阿胶", Handling.MELT, 63.0, 0, JoinsAt.PACKING),)


def test_a_herb_may_be_in_the_pot_and_apart() -> None:
    made = plan(("三七", 6), ("三七", 2, "take-with"), ("桂枝", 9))
    assert [task.grams for task in made.separate] == [14.0]


# --- evidence ---

LEAVING = [("release.sign", ""), ("handover.scan", ""), ("delivery.receipt", "")]


def test_a_plan_names_every_checkpoint_it_will_be_asked_for() -> None:
    made = plan(("石膏", 30, "decoct-first"), ("桂枝", 9), ("薄荷", 6, "add-late"), ("阿胶", 9, "melt"))
    herbs = ["石膏", "桂枝", "薄荷", "阿胶"]
    assert list(made.required) == [
        *(("source.lot", herb) for herb in herbs),
        *(("dispense.weight", herb) for herb in herbs),
        *((name, "") for name in ("review.sign", "verify.sign", "soak.minutes", "pot.clean", "pail.match")),
        *((name, "") for name in ("first.minutes", "boil.1.minutes", "boil.2.minutes")),
        *((name, "") for name in ("late.window", "separate.阿胶", "pack.count", "pack.seal")),
        *LEAVING,
    ]


def test_a_herb_written_twice_is_asked_for_twice() -> None:
    made = plan(("生姜", 3), ("桂枝", 9), ("生姜", 3), ("生姜", 3))
    assert item_names(made.items) == ("生姜", "桂枝", "生姜#2", "生姜#3")
    assert {("dispense.weight", "生姜#3"), ("source.lot", "生姜#2")} <= set(made.required)


# --- dispense-only ---


def test_dispense_only_is_weighed_per_dose_without_pot_or_bags() -> None:
    rx = prescription(("石膏", 30, "decoct-first"), ("人参", 9, "decoct-separately"), doses=5)
    made = planned(replace(rx, preparation=Preparation.DISPENSE_ONLY), pots=())
    assert isinstance(made, Plan)
    assert not made.decocted
    assert [(item.grams, item.times, item.container) for item in made.items] == [
        (30.0, 5, Container.PAIL),
        (9.0, 5, Container.PAIL),
    ]
    assert (made.bags, made.load_ml, made.separate, made.late_minutes, made.pot_minutes) == (0, 0, (), None, 0)
    assert list(made.required) == [
        *(("source.lot", herb) for herb in ("石膏", "人参")),
        *(("dispense.weight", herb) for herb in ("石膏", "人参")),
        ("review.sign", ""),
        ("verify.sign", ""),
        *LEAVING,
    ]


@pytest.mark.parametrize("route", [Route.EXTERNAL, Route.ENEMA])
def test_dispense_only_needs_no_machine_for_its_route(route: Route) -> None:
    assert not plan(route=route, preparation=Preparation.DISPENSE_ONLY).decocted


# --- forecast ---


def test_the_forecast_adds_up_soak_pot_and_people() -> None:
    made = plan()
    assert made.pot_minutes == (20 + 25) + (20 + 20) + 10 + 5
    assert made.estimate_minutes == 10 + 30 + made.pot_minutes - 5 + 10


def test_a_separate_decoction_can_be_what_takes_longest() -> None:
    made = plan(("桂枝", 9), ("人参", 9, "decoct-separately"), urgency=Urgency.URGENT)
    assert made.estimate_minutes == 10 + 120 + 10


# --- not made here ---


def test_paste_is_not_made_here() -> None:
    assert refused(preparation=Preparation.PASTE).reason == "paste"


@pytest.mark.parametrize(("route", "use"), [(Route.EXTERNAL, "external"), (Route.ENEMA, "enema")])
def test_a_route_without_a_pot_of_its_use_is_not_made_here(route: Route, use: str) -> None:
    rx = prescription(route=route)
    assert planned(rx) == NotMadeHere("no-machine-of-use", {"route": route, "use": use})
    assert isinstance(planned(rx, (PotClass(use, 800, 12000),)), Plan)


@pytest.mark.parametrize(
    "herbs",
    [
        [("人参", 9, "decoct-separately"), ("阿胶", 9, "melt")],
        [("番泻叶", 3, "add-late"), ("芒硝", 6, "take-with")],
    ],
)
def test_a_prescription_with_nothing_for_the_pail_is_not_made_here(herbs: list[tuple[Any, ...]]) -> None:
    assert refused(*herbs) == NotMadeHere("nothing-to-decoct", {"items": 2})


def test_two_ways_of_taking_one_herb_apart_are_not_made_here() -> None:
    answer = refused(("桂枝", 9), ("阿胶", 6, "melt"), ("阿胶", 3, "take-with"))
    assert answer == NotMadeHere("handling-conflict", {"herb": "阿胶"})


def test_a_load_under_every_least_is_not_made_here() -> None:
    answer = refused(("桂枝", 3), ("白芍", 3), doses=1, servings_per_dose=1, serving_ml=100)
    assert answer.reason == "load-too-small"
    assert answer.facts["least_ml"] == 800
    assert int(answer.facts["load_ml"]) < 800


def test_a_load_over_every_fill_limit_is_not_made_here() -> None:
    answer = refused(*((herb, 60) for herb in ("桂枝", "白芍", "茯苓", "黄芪", "当归")), doses=30, servings_per_dose=3)
    assert answer.reason == "load-too-large"
    assert answer.facts["most_ml"] == 13000
    assert int(answer.facts["load_ml"]) > 13000


def test_a_load_between_the_pots_is_not_made_here() -> None:
    gap = (PotClass("internal", 100, 1000), PotClass("internal", 9000, 20000))
    answer = planned(prescription(), gap)
    assert isinstance(answer, NotMadeHere)
    assert answer.reason == "load-between-pots"


@pytest.mark.parametrize(
    ("pot", "able"),
    [
        (PotClass("internal", 2500, 6000), True),
        (PotClass("internal", 3000, 6000), False),
        (PotClass("internal", 800, 3000), False),
        (PotClass("external", 800, 6000), False),
    ],
)
def test_a_pot_fits_by_use_least_and_fill(pot: PotClass, able: bool) -> None:
    made = plan()
    assert 2500 < made.load_ml < 3000
    assert pot.takes(made, RECIPES) is able


def test_a_plan_says_by_which_tables_it_was_made() -> None:
    made = plan()
    assert (made.recipe_version, made.formulary_version) == (RECIPES.version, FORMULARY.version)
    assert (made.soak_minutes, made.soak_max_minutes) == (30, 120)
    assert (made.bags, made.fill_ml) == (14, 200)
    assert made.boils[0] == Boil("boil.1", 25, 0)
