"""What holds for review whatever the prescription."""

from __future__ import annotations

from dataclasses import replace
from random import Random  # noqa: TC003 - hypothesis reads it

from hypothesis import given
from hypothesis import strategies as st

from controller.model.finding import Settles
from controller.model.prescription import Handling, Item, Override, Prescription, RecipeClass, Route, Sex
from controller.review import open_findings, review
from tests.medicine import FORMULARY, patient, prescription

# Herbs that some rule speaks of, so that findings are the rule and not the exception.
TELLING = sorted(
    {name for pair in FORMULARY.pairs for name in pair}.union(FORMULARY.pregnancy).intersection(FORMULARY.herbs)
)
HERBS = st.one_of(st.sampled_from(TELLING), st.sampled_from(sorted(FORMULARY.herbs)))
ITEMS = st.lists(
    st.builds(Item, HERBS, st.integers(1, 60_000).map(lambda mg: mg / 1000), st.sampled_from(Handling)),
    min_size=1,
    max_size=25,
).map(tuple)
PATIENTS = st.builds(
    patient,
    sex=st.sampled_from(Sex),
    age_years=st.integers(0, 100),
    pregnant=st.sampled_from([True, False, None]),
    allergies=st.none() | st.lists(HERBS, max_size=3).map(tuple),
)
PRESCRIPTIONS = st.builds(
    prescription,
    items=ITEMS,
    patient=PATIENTS,
    route=st.sampled_from(Route),
    recipe_class=st.none() | st.sampled_from(RecipeClass),
)


@given(PRESCRIPTIONS, st.randoms())
def test_the_order_of_the_items_changes_nothing(rx: Prescription, random: Random) -> None:
    shuffled = list(rx.items)
    random.shuffle(shuffled)
    assert review(replace(rx, items=tuple(shuffled)), FORMULARY) == review(rx, FORMULARY)


@given(PRESCRIPTIONS)
def test_no_two_findings_are_about_the_same(rx: Prescription) -> None:
    keys = [finding.key for finding in review(rx, FORMULARY)]
    assert len(keys) == len(set(keys))


@given(PRESCRIPTIONS)
def test_every_finding_speaks_of_written_herbs_in_order_in_both_languages_with_a_source(rx: Prescription) -> None:
    written = {item.herb for item in rx.items}
    for finding in review(rx, FORMULARY):
        assert written.issuperset(finding.herbs)
        assert finding.herbs == tuple(sorted(finding.herbs))
        assert finding.text_zh
        assert finding.text_en
        assert finding.source
        assert bool(finding.proposal) is (finding.settles is Settles.REVIEWER)


@given(PRESCRIPTIONS, st.data())
def test_an_override_covers_its_finding_and_never_another(rx: Prescription, data: st.DataObject) -> None:
    findings = review(rx, FORMULARY)
    still_open = open_findings(findings, ())
    if not still_open:
        assert all(finding.settles is not Settles.PRESCRIBER for finding in findings)
        return
    covered = data.draw(st.sampled_from(still_open))
    herbs = data.draw(st.permutations(covered.herbs))
    signed = Override(covered.rule, tuple(herbs), "病情需要", "测试医师01", 0)
    assert open_findings(findings, [signed]) == tuple(finding for finding in still_open if finding is not covered)


@given(PRESCRIPTIONS, PRESCRIPTIONS)
def test_overrides_of_another_prescription_settle_only_the_very_same_findings(
    rx: Prescription, other: Prescription
) -> None:
    findings = review(rx, FORMULARY)
    elsewhere = review(other, FORMULARY)
    signed = [Override(finding.rule, finding.herbs, "病情需要", "测试医师01", 0) for finding in elsewhere]
    settled = set(open_findings(findings, ())) - set(open_findings(findings, signed))
    assert {finding.key for finding in settled} <= {finding.key for finding in elsewhere}


@given(PRESCRIPTIONS, PRESCRIPTIONS)
def test_more_herbs_never_hide_a_pair_or_a_dose(rx: Prescription, other: Prescription) -> None:
    both = replace(rx, items=(*rx.items, *other.items))
    rules = {"incompatible-pair", "dose-above-range", "not-in-pot", "allergy-match"}
    less = {finding.key for finding in review(rx, FORMULARY) if finding.rule in rules}
    assert less <= {finding.key for finding in review(both, FORMULARY)}
