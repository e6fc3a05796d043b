"""Each rule of review: what it hits, what it only just lets pass, and what it leaves alone on purpose."""

from __future__ import annotations

from time import thread_time
from typing import Any

import pytest

from controller.model.finding import Finding, Settles
from controller.model.prescription import Handling, Preparation, Route, Sex
from controller.review import open_findings, review
from tests.medicine import FORMULARY, override, patient, prescription

P99_BOUND_S = 0.005


def found(rule: str, *herbs: tuple[Any, ...], **changes: Any) -> list[tuple[str, ...]]:
    """What one rule says about these items: the herbs of each finding."""
    return [finding.herbs for finding in review(prescription(*herbs, **changes), FORMULARY) if finding.rule == rule]


def only(rule: str, *herbs: tuple[Any, ...], **changes: Any) -> Finding:
    (finding,) = [each for each in review(prescription(*herbs, **changes), FORMULARY) if each.rule == rule]
    return finding


def test_a_sound_prescription_has_no_findings() -> None:
    assert review(prescription(), FORMULARY) == ()


# --- incompatible pairs ---


def test_aconite_and_pinellia_are_incompatible_by_every_piece_name() -> None:
    for aconite in ("附子", "黑顺片", "制川乌", "制草乌"):
        for other in ("法半夏", "姜半夏", "瓜蒌", "川贝母", "浙贝母", "白及"):
            assert found("incompatible-pair", (aconite, 3), (other, 3)) == [tuple(sorted((aconite, other)))]


@pytest.mark.parametrize("two", [("白附子", "法半夏"), ("附子", "桂枝"), ("甘草", "大枣"), ("人参", "丹参")])
def test_names_that_only_look_alike_are_compatible(two: tuple[str, str]) -> None:
    assert found("incompatible-pair", *((herb, 3) for herb in two)) == []


@pytest.mark.parametrize("two", [("附子", "土贝母"), ("附子", "半夏曲"), ("党参", "五灵脂"), ("桂枝", "赤石脂")])
def test_a_house_rule_only_warns(two: tuple[str, str]) -> None:
    finding = only("house-pair", *((herb, 3) for herb in two))
    assert (finding.herbs, finding.settles) == (tuple(sorted(two)), Settles.NOBODY)
    assert found("incompatible-pair", *((herb, 3) for herb in two)) == []


def test_the_nineteen_fears_are_pairs_too() -> None:
    assert found("incompatible-pair", ("丁香", 2), ("郁金", 6)) == [("丁香", "郁金")]
    assert found("incompatible-pair", ("人参", 3), ("五灵脂", 3)) == [("五灵脂", "人参")]


def test_every_pair_is_a_finding_of_its_own() -> None:
    pairs = found("incompatible-pair", ("附子", 9), ("法半夏", 9), ("白及", 6), ("甘草", 3), ("海藻", 6))
    assert pairs == [("法半夏", "附子"), ("海藻", "甘草"), ("白及", "附子")]


def test_an_incompatible_pair_goes_back_to_the_prescriber_in_both_languages() -> None:
    finding = only("incompatible-pair", ("附子", 9), ("法半夏", 9))
    assert finding.settles is Settles.PRESCRIBER
    assert finding.text_zh == "法半夏与附子配伍禁忌"
    assert finding.text_en == "法半夏 (fa ban xia), 附子 (fu zi): incompatible"
    assert finding.source == "十八反：乌头反半蒌贝蔹及, ChP 2020"


# --- dose ---


@pytest.mark.parametrize(("grams", "hits"), [(3.0, []), (3.001, [("细辛",)]), (6.0, [("细辛",)])])
def test_a_dose_is_too_high_only_above_its_maximum(grams: float, hits: list[tuple[str, ...]]) -> None:
    assert found("dose-above-range", ("细辛", grams)) == hits


def test_a_dose_is_counted_by_the_day_and_not_by_the_prescription() -> None:
    assert found("dose-above-range", ("细辛", 3), doses=14) == []


def test_a_herb_written_twice_is_summed() -> None:
    assert found("dose-above-range", ("细辛", 2), ("细辛", 2)) == [("细辛",)]
    assert found("dose-above-range", ("牛黄", 0.1), ("牛黄", 0.25)) == []


def test_a_dose_under_the_minimum_is_no_finding() -> None:
    assert found("dose-above-range", ("茯苓", 1)) == []


def test_a_herb_without_a_range_has_no_dose_finding() -> None:
    assert found("dose-above-range", ("胖大海", 90)) == []


def test_external_use_has_no_daily_maximum_but_an_enema_has() -> None:
    assert found("dose-above-range", ("细辛", 30), route=Route.EXTERNAL) == []
    assert found("dose-above-range", ("细辛", 30), route=Route.ENEMA) == [("细辛",)]


def test_a_raw_regulated_herb_is_too_high_at_any_dose() -> None:
    assert found("dose-above-range", ("生川乌", 0.1)) == [("生川乌",)]


def test_the_dose_finding_states_the_numbers() -> None:
    finding = only("dose-above-range", ("细辛", 4.5))
    assert finding.text_zh == "细辛日用量 4.5 克，超过上限 3 克"
    assert finding.text_en == "细辛 (xi xin): 4.5 g a day, above the maximum of 3 g"
    assert (finding.settles, finding.source) == (Settles.PRESCRIBER, "ChP 2020")


# --- pregnancy ---

LISTED = (("桃仁", 6), ("三棱", 6), ("当归", 6), ("茯苓", 9))


def test_a_pregnant_patient_has_a_finding_per_listed_herb() -> None:
    known = patient(pregnant=True)
    assert found("pregnancy-forbidden", *LISTED, patient=known) == [("三棱",)]
    assert found("pregnancy-caution", *LISTED, patient=known) == [("桃仁",)]
    assert found("pregnancy-house", *LISTED, patient=known) == [("当归",)]
    assert found("pregnancy-unknown", *LISTED, patient=known) == []


def test_only_rows_of_the_pharmacopoeia_go_back_to_the_prescriber() -> None:
    known = patient(pregnant=True)
    assert only("pregnancy-forbidden", *LISTED, patient=known).settles is Settles.PRESCRIBER
    assert only("pregnancy-caution", *LISTED, patient=known).settles is Settles.PRESCRIBER
    assert only("pregnancy-house", *LISTED, patient=known).settles is Settles.NOBODY


def test_pieces_of_a_listed_herb_are_listed_too() -> None:
    assert found("pregnancy-caution", ("黑顺片", 6), patient=patient(pregnant=True)) == [("黑顺片",)]


def test_an_unknown_pregnancy_is_one_finding_with_every_binding_herb() -> None:
    finding = only("pregnancy-unknown", *LISTED, patient=patient(pregnant=None))
    assert (finding.herbs, finding.settles) == (("三棱", "桃仁"), Settles.PRESCRIBER)


def test_an_unknown_pregnancy_with_house_rows_alone_is_no_finding() -> None:
    assert found("pregnancy-unknown", ("当归", 6), ("川芎", 6), patient=patient(pregnant=None)) == []


@pytest.mark.parametrize(
    ("sex", "age", "asked"),
    [
        (Sex.FEMALE, 11, False),
        (Sex.FEMALE, 12, True),
        (Sex.FEMALE, 55, True),
        (Sex.FEMALE, 56, False),
        (Sex.MALE, 30, False),
        (Sex.UNKNOWN, 30, True),
    ],
)
def test_who_is_asked_about_an_unknown_pregnancy(sex: Sex, age: int, asked: bool) -> None:
    who = patient(sex=sex, age_years=age, pregnant=None)
    assert bool(found("pregnancy-unknown", ("桃仁", 6), patient=who)) is asked


def test_a_patient_known_not_to_be_pregnant_has_no_finding() -> None:
    assert review(prescription(("三棱", 6), patient=patient(pregnant=False)), FORMULARY) == ()


# --- handling, pot, class, duplicates, allergies ---


def test_a_missing_handling_is_proposed_to_the_reviewer() -> None:
    finding = only("handling-missing", ("薄荷", 6), ("桂枝", 9))
    assert (finding.herbs, finding.settles, finding.proposal) == (("薄荷",), Settles.REVIEWER, Handling.ADD_LATE)
    assert finding.text_zh == "薄荷未注明煎法，通常后下"


def test_a_written_handling_stands_even_where_the_table_says_otherwise() -> None:
    assert found("handling-missing", ("薄荷", 6, "wrap"), ("附子", 9, "decoct-first")) == []


def test_processed_apricot_seed_needs_no_handling_though_the_raw_one_does() -> None:
    assert found("handling-missing", ("苦杏仁", 6), ("燀苦杏仁", 6)) == [("苦杏仁",)]


def test_what_must_not_be_boiled_goes_back_unless_it_is_taken_apart() -> None:
    assert found("not-in-pot", ("朱砂", 0.3)) == [("朱砂",)]
    assert found("not-in-pot", ("朱砂", 0.3, "wrap")) == [("朱砂",)]
    assert found("not-in-pot", ("朱砂", 0.3, "take-with")) == []
    assert found("not-in-pot", ("朱砂根", 6)) == []
    assert only("not-in-pot", ("千金子", 1)).settles is Settles.PRESCRIBER


def test_a_class_that_is_not_stated_is_proposed_as_general() -> None:
    finding = only("class-not-stated", recipe_class=None)
    assert (finding.herbs, finding.settles, finding.proposal) == ((), Settles.REVIEWER, "general")
    assert found("class-not-stated", recipe_class=None, preparation=Preparation.DISPENSE_ONLY) == [()]


def test_a_herb_written_twice_is_a_warning_and_two_pieces_of_one_plant_are_not() -> None:
    finding = only("duplicate-herb", ("生姜", 3), ("生姜", 3), ("半夏", 6), ("法半夏", 6))
    assert (finding.herbs, finding.settles) == (("生姜",), Settles.NOBODY)


@pytest.mark.parametrize("text", ["川贝母", " 川贝母 ", "川贝"])
def test_an_allergy_to_a_herb_goes_back_to_the_prescriber(text: str) -> None:
    finding = only("allergy-match", ("川贝母", 3), patient=patient(allergies=(text,)))
    assert (finding.herbs, finding.settles) == (("川贝母",), Settles.PRESCRIBER)


@pytest.mark.parametrize("allergies", [None, (), ("浙贝母",), ("贝母",), ("青霉素",)])
def test_other_allergies_are_no_finding(allergies: tuple[str, ...] | None) -> None:
    assert found("allergy-match", ("川贝母", 3), patient=patient(allergies=allergies)) == []


# --- overrides ---

TWO_DOSES = review(prescription(("细辛", 6), ("黄连", 9)), FORMULARY)


def test_one_override_settles_one_finding() -> None:
    assert [finding.herbs for finding in open_findings(TWO_DOSES, ())] == [("细辛",), ("黄连",)]
    assert [finding.herbs for finding in open_findings(TWO_DOSES, [override("dose-above-range", "细辛")])] == [
        ("黄连",)
    ]


def test_an_override_of_both_herbs_settles_neither() -> None:
    both = override("dose-above-range", "细辛", "黄连")
    assert open_findings(TWO_DOSES, [both]) == TWO_DOSES


def test_an_override_of_another_rule_settles_nothing() -> None:
    assert open_findings(TWO_DOSES, [override("incompatible-pair", "细辛")]) == TWO_DOSES


def test_an_override_of_a_pair_may_name_it_in_either_order() -> None:
    pair = review(prescription(("附子", 9, "decoct-first"), ("法半夏", 9)), FORMULARY)
    assert open_findings(pair, [override("incompatible-pair", "附子", "法半夏")]) == ()
    assert open_findings(pair, [override("incompatible-pair", "附子", "姜半夏")]) == pair


def test_an_unknown_pregnancy_is_settled_by_naming_all_its_herbs() -> None:
    unknown = review(prescription(*LISTED, patient=patient(pregnant=None)), FORMULARY)
    assert open_findings(unknown, [override("pregnancy-unknown", "桃仁")]) == unknown
    assert open_findings(unknown, [override("pregnancy-unknown", "桃仁", "三棱")]) == ()


def test_what_the_reviewer_settles_is_not_open_for_the_prescriber() -> None:
    findings = review(prescription(("薄荷", 6), ("薄荷", 6, "wrap"), recipe_class=None), FORMULARY)
    assert {finding.rule for finding in open_findings(findings, ())} == {"dose-above-range"}


def test_twenty_five_herbs_are_reviewed_in_time() -> None:
    large = prescription(*((herb, 99) for herb in list(FORMULARY.herbs)[::26][:25]), patient=patient(pregnant=True))
    times: list[float] = []
    for _ in range(200):
        began = thread_time()
        review(large, FORMULARY)
        times.append(thread_time() - began)
    assert len(large.items) == 25
    assert sorted(times)[197] <= P99_BOUND_S
