"""The project's own samples are what the contract promises: every end and detour early on, real sizes, nobody's real name."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from controller.api.posted import post
from controller.config import load_config
from controller.demo.folder import HOME, SAMPLES
from controller.demo.layout import HOSPITALS, layout
from controller.formulary import load_formulary, load_recipes
from controller.model.plan import Plan
from controller.model.prescription import Handling
from controller.model.world import PotClass
from controller.recipes import make_plan
from controller.review import open_findings, review
from controller.runtime.enrolment import load_people
from controller.runtime.stock import load_lots

if TYPE_CHECKING:
    from collections.abc import Sequence

BODIES: Sequence[dict[str, Any]] = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
EARLY = BODIES[:24]
SCRIPT: dict[str, dict[str, Any]] = tomllib.loads((HOME / "samples" / "script.toml").read_text())["staff"]["script"]
FORMULARY, RECIPES, CONFIG = load_formulary(), load_recipes(), load_config(HOME / "config.toml")
POTS = tuple(
    dict.fromkeys(PotClass(pot.use, *pot.volume_ml) for pot in CONFIG.site.machines.values() if pot.kind == "decoction")
)
TOO_LONG_MINUTES = 60


def prescription(body: dict[str, Any]) -> Any:
    return post(body, FORMULARY).prescription


def planned(body: dict[str, Any]) -> Any:
    return make_plan(prescription(body), FORMULARY, RECIPES, POTS)


def open_rules(body: dict[str, Any]) -> set[str]:
    medicine = prescription(body)
    return {finding.rule for finding in open_findings(review(medicine, FORMULARY), medicine.overrides)}


def acts(body: dict[str, Any]) -> str:
    return SCRIPT.get(body["prescription_no"], {}).get("act", "")


def test_there_are_enough_and_every_number_is_there_once() -> None:
    assert len(BODIES) >= 60
    assert len({body["prescription_no"] for body in BODIES}) == len(BODIES)
    assert {body["hospital"] for body in BODIES} == set(HOSPITALS)


def test_twenty_four_are_as_large_as_real_ones() -> None:
    large = [body for body in BODIES if 16 <= len(body["items"]) <= 25 and body["doses"] in (7, 14)]
    assert len(large) >= 24
    assert {body["doses"] for body in large} == {7, 14}


def test_all_but_the_external_one_can_be_made() -> None:
    refused = [body for body in BODIES if not isinstance(planned(body), Plan)]
    assert [body["route"] for body in refused] == ["external"]
    assert refused[0] in EARLY


def test_every_detour_comes_within_the_first_24() -> None:
    scripted = {(acts(body), SCRIPT.get(body["prescription_no"], {}).get("at", "")) for body in EARLY}
    assert {("cancel", "review"), ("cancel", "verify"), ("amend", "verify"), ("undelivered", "")} < scripted
    assert any(acts(body) == "scrap" for body in BODIES[:8])
    assert {body["delivery"]["method"] for body in EARLY} == {"courier", "pickup", "ward"}
    assert set(SCRIPT) <= {body["prescription_no"] for body in EARLY}


@pytest.mark.parametrize(
    "rule",
    ["dose-above-range", "incompatible-pair", "pregnancy-caution", "pregnancy-forbidden", "pregnancy-unknown"],
)
def test_every_kind_of_return_comes_within_the_first_24(rule: str) -> None:
    assert any(rule in open_rules(body) for body in EARLY)


def test_some_are_urgent_dispensed_only_or_left_for_the_reviewer_to_settle() -> None:
    rules = {finding.rule for body in EARLY for finding in review(prescription(body), FORMULARY)}
    assert {"class-not-stated", "handling-missing"} <= rules
    assert any(body["urgency"] == "urgent" for body in EARLY)
    assert any(body["preparation"] == "dispense-only" for body in EARLY)
    assert any(body["prescriber"]["overrides"] for body in BODIES)


def test_every_handling_that_can_be_made_is_asked_for() -> None:
    asked = {Handling(item["handling"]) for body in BODIES for item in body["items"]}
    assert asked == set(Handling) - {Handling.DECOCT_FOR_WATER}


def test_no_detour_has_to_wait_for_a_herb_that_boils_over_an_hour() -> None:
    for body in EARLY:
        plan = planned(body)
        if isinstance(plan, Plan):
            assert all(boil.minutes <= TOO_LONG_MINUTES for boil in plan.boils)
            assert all(part.least_minutes <= TOO_LONG_MINUTES for part in plan.separate)


def test_nobody_in_it_is_real() -> None:
    for body in BODIES:
        assert re.fullmatch(r"测试患者\d{3}", body["patient"]["name"])
        assert re.fullmatch(r"测试医师\d{2}", body["prescriber"]["name"])
        assert body["delivery"]["address"].startswith("测试镇")


def test_an_amendment_changes_what_the_prescriber_wrote() -> None:
    changes = [(number, entry["change"]) for number, entry in SCRIPT.items() if entry["act"] == "amend"]
    assert changes
    for number, change in changes:
        body = next(body for body in BODIES if body["prescription_no"] == number)
        assert isinstance(planned(body | change | {"version": 2}), Plan)
        assert body | change != body


def test_the_example_site_is_the_one_that_the_layout_writes() -> None:
    assert (HOME / "config.toml").read_text(encoding="utf-8") == layout()


def test_the_stock_has_a_good_lot_of_every_herb_and_one_that_failed() -> None:
    lots = load_lots(CONFIG, FORMULARY.herbs)
    good = {lot.herb for lot in lots if lot.inspection_passed}
    failed = [lot.herb for lot in lots if not lot.inspection_passed]
    assert good == set(FORMULARY.herbs)
    assert len(failed) == 1
    assert any(failed[0] in {item["herb"] for item in body["items"]} for body in EARLY)
    assert {lot.zone for lot in lots} == {zone.id for zone in CONFIG.zones}


def test_the_people_of_the_example_are_nobody_real() -> None:
    assert all(person.name.startswith("测试") for person in load_people(CONFIG))
