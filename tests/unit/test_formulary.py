"""The project's own tables: what they say, and that a wrong one is refused whole with every problem and its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import pytest

import controller.formulary
from controller.formulary import FormularyError, load_alarms, load_formulary, load_outage_table, load_recipes
from controller.model.formulary import Absorption
from controller.model.prescription import Handling, RecipeClass

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = Path(controller.formulary.__file__).parent
LOAD_BOUND_S = 0.5  # five times what it takes: the machine of the tests is busy

Break = tuple[str, str, str]


@pytest.fixture
def broken(tmp_path: Path) -> Callable[..., Path]:
    """Copy the tables and replace text in them."""

    def change(*changes: Break) -> Path:
        for file in HOME.glob("*.toml"):
            shutil.copy(file, tmp_path)
        for name, old, new in changes:
            text = (tmp_path / name).read_text(encoding="utf-8")
            assert old in text
            (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return change


def problems_of(load: Callable[[Path], object], where: Path) -> list[str]:
    try:
        load(where)
    except FormularyError as error:
        return list(error.problems)
    return []


def of_general(file: Path) -> object:
    return load_recipes(general=file)


def test_our_own_tables_are_sound() -> None:
    for load in (load_formulary, load_recipes, load_alarms, load_outage_table):
        load()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"low"\nrespond_minutes = 120', '"lowest"\nrespond_minutes = 120', "rules.promise-missed.priority"),
        ("respond_minutes = 120", "respond_minutes = 0", "rules.promise-missed.respond_minutes: under 1"),
        ("respond_minutes = 120\nshelvable = true", "respond_minutes = 120", "rules.promise-missed.shelvable"),
        ("group_from = 4", "group_from = 1", "group_from: under 2"),
        ("high = 2\n", "high = 0\n", "repeat_minutes.high: missing or under 1"),
        ("stale_hours = 24", "stale_hours = 0", "load: a limit under 1"),
        (
            'calls = ["operator", "pharmacist"]\noff_delay_s = 15',
            "calls = []\noff_delay_s = 15",
            "rules.link-stale.calls: nobody",
        ),
        ("off_delay_s = 15", "on_delay_s = 15", "rules.link-stale: what belongs to a group"),
        ("off_delay_s = 15", "off_delay_s = -15", "rules.link-stale.delay, limit or deadband under 0"),
        ("longest_shelf_minutes = 480", "longest_shelf_minutes = 0", "longest_shelf_minutes: under 1"),
    ],
)
def test_a_wrong_rule_of_alarms_is_refused_with_its_place(
    broken: Callable[..., Path], old: str, new: str, said: str
) -> None:
    problems = problems_of(load_alarms, broken(("alarms.toml", old, new)) / "alarms.toml")
    assert any(f"alarms.toml: {said}" in problem for problem in problems), problems


def test_the_formulary_says_which_edition_it_is() -> None:
    assert load_formulary().version == "ChP 2020"


def test_a_herb_carries_dose_handling_and_source() -> None:
    mint = load_formulary().herbs["薄荷"]
    assert (mint.pinyin, mint.min_g, mint.max_g) == ("bo he", 3, 6)
    assert (mint.handling, mint.absorption, mint.in_pot) == (Handling.ADD_LATE, Absorption.HIGH, True)
    assert mint.source == "ChP 2020"


@pytest.mark.parametrize(
    ("herb", "handling"),
    [
        ("石膏", Handling.DECOCT_FIRST),
        ("钩藤", Handling.ADD_LATE),
        ("桂枝", Handling.NONE),
        ("蒲黄", Handling.WRAP),
        ("人参", Handling.DECOCT_SEPARATELY),
        ("阿胶", Handling.MELT),
        ("三七粉", Handling.TAKE_WITH),
    ],
)
def test_every_word_of_handling_has_its_code(herb: str, handling: Handling) -> None:
    assert load_formulary().herbs[herb].handling is handling


def test_what_must_never_be_boiled_is_marked() -> None:
    herbs = load_formulary().herbs
    assert all(not herbs[name].in_pot for name in ("朱砂", "雄黄", "甘遂", "巴豆", "马钱子", "生川乌", "冰片"))
    assert herbs["黑顺片"].in_pot


def test_a_herb_without_an_oral_range_has_none() -> None:
    assert load_formulary().herbs["胖大海"].max_g is None


def test_aconite_and_horn_have_minutes_of_their_own() -> None:
    herbs = load_formulary().herbs
    assert herbs["附子"].handling_minutes == (30, 60)
    assert herbs["水牛角"].handling_minutes == (180, 180)
    assert herbs["牡蛎"].handling_minutes is None


def test_a_protected_animal_is_no_herb_here() -> None:
    assert "穿山甲" not in load_formulary().herbs


@pytest.mark.parametrize(
    ("name", "herb"),
    [("川贝", "川贝母"), ("生地", "地黄"), ("苡仁", "薏苡仁"), ("薏苡仁", "薏苡仁"), ("双花", "金银花")],
)
def test_another_name_means_exactly_one_herb(name: str, herb: str) -> None:
    assert load_formulary().resolve(name) == herb


@pytest.mark.parametrize("name", ["贝母", "沙参", "附片", "大戟", "川贝母 ", "穿山甲", ""])
def test_an_ambiguous_or_unknown_name_is_left_to_a_person(name: str) -> None:
    assert load_formulary().resolve(name) is None


def test_loading_is_quick() -> None:
    load_formulary()
    began = process_time()
    load_formulary()
    load_recipes()
    assert process_time() - began < LOAD_BOUND_S


def test_every_recipe_number_has_its_source_beside_it() -> None:
    lines = (HOME / "recipes.toml").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if re.match(r"[a-z_-]+ = [\d\[]", line) and "#" not in line]
    assert bare == []


def test_recipes_know_every_class_and_both_decoctions() -> None:
    classes = load_recipes().classes
    assert classes[RecipeClass.GENERAL].boil_minutes == (25, 20)
    assert classes[RecipeClass.TONIC].boil_minutes == (45, 35)
    assert classes[RecipeClass.EXTERIOR_RELEASING].boil_minutes == (15, 10)


SOUND_MINT = 'grams = [3, 6], absorption = "high", handling = "add-late"'


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("herbs.toml", SOUND_MINT, SOUND_MINT.replace("[3, 6]", "[6, 3]"), "herbs.toml: herbs.ChP 2020.薄荷.grams: 6"),
        ("herbs.toml", SOUND_MINT, SOUND_MINT + ", minutes = [5, 10]", "薄荷.minutes: add-late takes its minutes"),
        ("herbs.toml", SOUND_MINT, SOUND_MINT + ", in_pot = false", "薄荷.in_pot: add-late would put it into the pot"),
        (
            "herbs.toml",
            SOUND_MINT,
            SOUND_MINT + ', colour = "green"',
            "herbs.toml: herbs.ChP 2020.薄荷.colour: Unexpected",
        ),
        ("herbs.toml", SOUND_MINT, SOUND_MINT.replace("add-late", "late"), "herbs.toml: herbs.ChP 2020.薄荷.handling"),
        ("herbs.toml", SOUND_MINT, SOUND_MINT.replace("3, 6", "nan, 6"), "herbs.toml: Out of range float"),
        ("herbs.toml", "minutes = [180, 180]", "minutes = [180, 18]", "水牛角.minutes: 180 to 18 is no range"),
        ("herbs.toml", '[herbs."textbook or local standard"]', '"薄荷"', "herbs.toml: "),
        ("herbs.toml", '"藜芦", ', "", "pairs.toml, pregnancy.toml: 藜芦: neither a herb nor in not_carried"),
        ("herbs.toml", '"藜芦", ', '"藜芦", "薄荷", ', "herbs.toml: not_carried: 薄荷 is a herb"),
        ("herbs.toml", '"藜芦", ', '"藜芦", "仙草", ', "herbs.toml: not_carried: no rule speaks of 仙草"),
        ("pairs.toml", '"法半夏"', '"法夏"', "pairs.toml, pregnancy.toml: 法夏: write 法半夏"),
        ("pairs.toml", '"法半夏"', '"半夏"', "pairs.toml: 制川乌 + 半夏: there 2 times"),
        ("pairs.toml", '"法半夏"', '"附子"', "pairs.toml: 附子: a herb against itself"),
        ("pregnancy.toml", '"艾片"', '"巴豆"', "pregnancy.toml: group: 巴豆: there 2 times"),
        ("pregnancy.toml", "[12, 55]", "[55, 12]", "pregnancy.toml: asked_years: 55 to 12 is no range"),
        ("pregnancy.toml", 'level = "caution"', 'level = "careful"', "pregnancy.toml: group.0.level"),
        ("aliases.toml", '"川贝母" =', '"川贝木" =', "aliases.toml: aliases.川贝木: no such herb"),
        ("aliases.toml", '["川贝"]', '["贝母粉", "浙贝"]', "aliases.toml: aliases: 浙贝: there 2 times"),
        ("aliases.toml", '["川贝"]', '["薄荷"]', "aliases.toml: aliases.川贝母: 薄荷 is a name of its own"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(
    broken: Callable[..., Path], file: str, old: str, new: str, said: str
) -> None:
    problems = problems_of(load_formulary, broken((file, old, new)))
    assert any(said in problem for problem in problems), problems


def test_a_herb_under_two_sources_is_refused(broken: Callable[..., Path]) -> None:
    again = '[herbs."textbook or local standard"]\n"薄荷" = { pinyin = "bo he", absorption = "high" }'
    problems = problems_of(load_formulary, broken(("herbs.toml", '[herbs."textbook or local standard"]', again)))
    assert problems == ["herbs.toml: herbs: 薄荷: there 2 times"]


def test_all_problems_of_all_files_are_told_at_once(broken: Callable[..., Path]) -> None:
    folder = broken(
        ("herbs.toml", SOUND_MINT, SOUND_MINT.replace("add-late", "late")),
        ("pairs.toml", "warn_only = true", 'warn_only = "yes"'),
        ("pregnancy.toml", "asked_years", "years"),
    )
    with pytest.raises(FormularyError) as caught:
        load_formulary(folder)
    assert {problem.partition(":")[0] for problem in caught.value.problems} == {
        "herbs.toml",
        "pairs.toml",
        "pregnancy.toml",
    }


def test_a_missing_file_is_one_problem(broken: Callable[..., Path]) -> None:
    folder = broken()
    (folder / "aliases.toml").unlink()
    (problem,) = problems_of(load_formulary, folder)
    assert problem.startswith("aliases.toml: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("soak_minutes = 30 ", "soak_minutes = 0 ", "recipes.toml: soak_minutes: must be above 0"),
        ("soak_minutes = 30 ", 'soak_minutes = "30" ', "recipes.toml: soak_minutes: Input should be a valid integer"),
        ("soak_max_minutes = 120", "soak_max_minutes = 20", "recipes.toml: soak_max_minutes: under soak_minutes"),
        ("urgent_decoctions = 1", "urgent_decoctions = 3", "recipes.toml: urgent_decoctions: must be 1 to 2"),
        ("late_minutes = [5, 10]", "late_minutes = [10, 10]", "recipes.toml: late_minutes: no window"),
        (
            "late_minutes = [5, 10]",
            "late_minutes = [5, 15]",
            "exterior-releasing.boil_minutes: the late window does not fit",
        ),
        ("boil_minutes = [25, 20]", "boil_minutes = [20, 25]", "general.boil_minutes: the second decoction is longer"),
        ("boil_minutes = [25, 20]", "boil_minutes = [25, 20, 15]", "general.boil_minutes: one or two decoctions"),
        ("boil_minutes = [25, 20]", "boil_minutes = []", "general.boil_minutes: one or two decoctions"),
        ("[classes.tonic]", "[classes.cooling]", "recipes.toml: classes.cooling.[key]"),
        ("fill_share = 0.65", "fill_share = 1.65", "recipes.toml: fill_share: must lie between 0 and 1"),
        ("water_margin = 0.05", "water_margin = -0.05", "recipes.toml: water_margin: must not be under 0"),
        ("toxic_tolerance = 0.02", "toxic_tolerance = 0.2", "recipes.toml: toxic_tolerance: wider than herb_tolerance"),
        ("seal_celsius = [120.0, 150.0]", "seal_celsius = [150.0, 120.0]", "recipes.toml: seal_celsius: no range"),
        (
            "routine_cutoff_hour = 16",
            "routine_cutoff_hour = 24",
            "recipes.toml: routine_cutoff_hour: no hour of the day",
        ),
        ("seed = 0.9", "seed = -0.9", "recipes.toml: absorption_ml_per_g.seed: missing or under 0"),
        ("melt = 0", "wrap = 0", "recipes.toml: separate_minutes.wrap: goes into the pot"),
        ("melt = 0", "wrap = 0", "recipes.toml: separate_minutes.melt: missing or under 0"),
        ("flush_ml = 500", "flush_l = 5", "recipes.toml: flush_l: Unexpected"),
    ],
)
def test_a_wrong_recipe_number_is_refused_with_its_place(
    broken: Callable[..., Path], old: str, new: str, said: str
) -> None:
    problems = problems_of(of_general, broken(("recipes.toml", old, new)) / "recipes.toml")
    assert any(said in problem for problem in problems), problems


def test_a_missing_class_is_refused(broken: Callable[..., Path]) -> None:
    tonic = "[classes.tonic]                  # 滋补\nboil_minutes = [45, 35]"
    problems = problems_of(of_general, broken(("recipes.toml", tonic, "")) / "recipes.toml")
    assert "recipes.toml: classes.tonic.boil_minutes: missing" in problems
