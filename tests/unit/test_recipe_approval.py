"""A recipe table is approved once, whole, by a pharmacist; nothing is planned with any other, and what runs keeps its own."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from controller.formulary import FormularyError, load_recipes
from controller.model import intents as i
from controller.model.facts import AlarmRaised, RecipeApproved
from controller.model.prescription import RecipeClass
from controller.model.recipe import PotKind
from controller.pipeline import evolve
from controller.recipes.difference import difference, layer_of
from tests.pure_line import RECIPES, Crew, PureLine, badge
from tests.unit.test_pipeline_life import batch_of, begin

if TYPE_CHECKING:
    from pathlib import Path

    from controller.model.recipe import RecipeTable


def changed(version: str = "2027-1", soak_minutes: int = 40) -> RecipeTable:
    content = json.dumps(
        json.loads(RECIPES.content) | {"version": version, "soak_minutes": soak_minutes}, sort_keys=True
    )
    return replace(RECIPES, version=version, soak_minutes=soak_minutes, content=content)


def approve(line: PureLine, digest: str = "", who: str = "reviewer") -> i.ApproveRecipe:
    return i.ApproveRecipe(digest or line.book.recipes.digest, badge(who), "st")


def review(line: PureLine, case: str) -> i.SignReview:
    return i.SignReview(case, badge("reviewer"), "st", "approve", RecipeClass.GENERAL)


def test_the_first_table_of_a_simulated_site_is_taken_for_approved_and_no_other() -> None:
    line = PureLine.ready()
    (first,) = [fact for fact in line.facts if isinstance(fact, RecipeApproved)]
    assert (first.version, first.digest, first.by) == (RECIPES.version, RECIPES.digest, "")
    assert sha256(first.content.encode()).hexdigest() == first.digest
    line.book = replace(line.book, recipes=changed())
    (alarm,) = line.must(i.EnrolRecipe(simulated=True))
    assert isinstance(alarm, AlarmRaised)
    assert line.book.recipes.digest not in line.floor.recipes


def test_no_batch_is_opened_with_a_table_that_nobody_approved() -> None:
    line = PureLine.ready()
    line.book = replace(line.book, recipes=changed())
    case = begin(line)
    assert line.refused(review(line, case)) == "recipe-not-approved"
    line.must(approve(line))
    line.must(review(line, case))
    assert batch_of(line, case).plan.recipe_version == "2027-1"
    assert batch_of(line, case).plan.recipe_digest == line.book.recipes.digest


def test_a_table_changed_after_its_approval_needs_a_new_version() -> None:
    line = PureLine.ready()
    case = begin(line)
    line.book = replace(line.book, recipes=changed(version=RECIPES.version))
    assert line.refused(review(line, case)) == "recipe-not-approved"
    assert line.refused(approve(line)) == "recipe-version-used"


def test_only_a_pharmacist_approves_and_only_what_is_in_force() -> None:
    line = PureLine.ready()
    line.book = replace(line.book, recipes=changed())
    assert line.refused(approve(line, who="operator")) == "role-missing"
    assert line.refused(approve(line, digest=RECIPES.digest)) == "recipe-other"
    line.must(approve(line))
    assert line.refused(approve(line)) == "already-done"


def test_what_is_under_way_ends_with_the_numbers_it_began_with() -> None:
    line = PureLine.ready()
    case = begin(line)
    Crew(line).work(until="SoakEnded")
    line.book = replace(line.book, recipes=changed())
    batch = batch_of(line, case)
    line.must(i.Scrap(batch.id, badge("reviewer"), "st", "药液洒出"))
    assert batch_of(line, case).plan == batch.plan
    Crew(line).work()
    assert not line.floor.cases


def test_an_approval_is_part_of_the_floor_that_facts_make() -> None:
    line = PureLine.ready()
    floor = type(line.floor)()
    for fact in line.facts:
        floor = evolve(floor, fact)
    assert floor.recipes == line.floor.recipes


def test_a_difference_names_every_number_that_was_changed_added_or_left_out() -> None:
    assert difference('{"a":1,"b":{"c":[1,2],"d":3}}', '{"a":1,"b":{"c":[1,3]},"e":5}') == (
        ("b.c", "[1, 2]", "[1, 3]"),
        ("b.d", "3", "-"),
        ("e", "-", "5"),
    )


# --- the table that waits, as people on the floor meet it ---


def waiting(line: PureLine) -> Any:
    return line.floor.alarms.get("recipe-waiting:recipe")


def test_a_pharmacist_is_called_and_asked_as_long_as_the_table_waits() -> None:
    line = PureLine.ready()
    assert waiting(line) is None
    assert not line.tasks("recipe")
    line.book = replace(line.book, recipes=changed())
    line.must(i.EnrolRecipe(simulated=False))
    assert (waiting(line).active, waiting(line).detail, waiting(line).priority) == (True, "2027-1", "low")
    (task,) = line.tasks("recipe")
    assert (task.role, task.details) == ("pharmacist", {"version": "2027-1"})
    assert line.must(i.EnrolRecipe(simulated=False)) == (), "a controller that starts again says nothing new"
    line.must(approve(line))
    assert not waiting(line).active
    assert not line.tasks("recipe")


def test_the_alarm_names_the_table_that_waits_now_and_goes_with_the_old_one() -> None:
    line = PureLine.ready()
    line.book = replace(line.book, recipes=changed())
    line.must(i.EnrolRecipe(simulated=False))
    line.book = replace(line.book, recipes=changed("2027-2", 45))
    line.must(i.EnrolRecipe(simulated=False))
    assert (waiting(line).active, waiting(line).detail) == (True, "2027-2")
    line.book = replace(line.book, recipes=RECIPES)
    line.must(i.EnrolRecipe(simulated=False))
    assert not waiting(line).active


def test_who_approves_numbers_that_the_pots_cannot_keep_says_why() -> None:
    line = PureLine.ready()
    line.book = replace(line.book, recipes=replace(changed(), fill_share=0.01))
    assert line.refused(approve(line)) == "reason-missing"
    line.must(replace(approve(line), note="小锅本月停用"))


def test_a_site_with_real_machines_waits_for_the_signature_of_its_first_table() -> None:
    line = PureLine()
    line.must(i.EnrolRecipe(simulated=False))
    assert waiting(line).active
    assert not line.floor.recipes


@pytest.mark.parametrize(
    ("place", "layer"),
    [
        ("soak_minutes", "general"),
        ("rinse_minutes", "site"),
        ("separate_minutes.melt", "general"),
        ("separate_minutes.decoct-separately", "site"),
        ("kinds.sealed.pressure_kpa", "kinds.sealed"),
        ("classes.tonic.boil_minutes", "site classes.tonic"),
        ("classes.tonic.kinds.sealed.boil_minutes", "classes.tonic.kinds.sealed"),
    ],
)
def test_every_number_has_the_layer_that_sets_it(place: str, layer: str) -> None:
    ours = {"rinse_minutes", "separate_minutes.decoct-separately", "classes.tonic.boil_minutes"}
    assert layer_of(place, ours) == layer


# --- a site's own file ---


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_writes_only_what_it_does_otherwise(tmp_path: Path) -> None:
    table = load_recipes(
        own(tmp_path, 'version = "ours-1"\nsoak_minutes = 40\n[classes.tonic]\nboil_minutes = [50, 30]\n')
    )
    assert (table.version, table.soak_minutes, table.rinse_minutes) == ("ours-1", 40, RECIPES.rinse_minutes)
    tonic = {one.name: (one.values, one.layer) for one in table.of(PotKind.OPEN, RecipeClass.TONIC).settings}
    assert tonic["boil_minutes"] == ((50.0, 30.0), "site classes.tonic")
    assert tonic["soak_minutes"] == ((40.0,), "site")
    assert tonic["fill_share"] == ((0.65,), "general")
    assert table.of(PotKind.SEALED, RecipeClass.TONIC).boil_minutes == (20, 15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soak_minutes = 40", "own.toml: version: these numbers need one of their own"),
        ('version = "x"\nsoak_minutes = 400', "own.toml: soak_max_minutes: under soak_minutes"),
        ('version = "x"\nboil_minutes = [20, 10]', "own.toml: boil_minutes: belongs to a class"),
        (
            'version = "x"\n[kinds.open]\nboil_minutes = [20, 10]',
            "own.toml: kinds.open.boil_minutes: belongs to a class",
        ),
        (
            'version = "x"\n[classes.tonic]\nfill_share = 0.5',
            "own.toml: classes.tonic.fill_share: belongs to a kind of pot",
        ),
        ('version = "x"\n[kinds.open]\npressure_kpa = 50.0', "kinds.open.pressure_kpa: only a sealed pot"),
        ('version = "x"\n[kinds.sealed]\npressure_kpa = 0.0', "own.toml: kinds.sealed.pressure_kpa: must be above 0"),
        ('version = "x"\n[kinds.open]\ncollect_share = 2.0', "kinds.open.collect_share: above 1"),
        ('version = "x"\n[kinds.concentrating]\ncollect_share = 0.5', "kinds.concentrating.collect_share: under 1"),
        (
            'version = "x"\n[classes.tonic]\nlate_minutes = [5, 60]',
            "classes.tonic.boil_minutes: the late window does not fit",
        ),
        ('version = "x"\n[classes.tonic]\nsoak_minutes = 200', "soak_max_minutes: under soak_minutes"),
        ('version = "x"\npots = []', "own.toml: pots: at least one kind of pot"),
        ('version = "x"\nsite_keys = ["x"]', "own.toml: site_keys: Unexpected"),
    ],
)
def test_layers_that_contradict_each_other_are_refused_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormularyError) as caught:
        load_recipes(own(tmp_path, text))
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
