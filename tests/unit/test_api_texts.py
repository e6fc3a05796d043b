"""Every word that the line may need is there, in both languages, and no text is a program."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.formulary import load_alarms
from controller.model.alarm import Priority
from controller.model.batch import Choice, Stage
from controller.model.case import Status
from controller.model.checkpoint import Gate, Verdict
from controller.model.facts import FACTS
from controller.model.prescription import DeliveryMethod, Handling, Preparation, RecipeClass, Route, Sex, Urgency
from controller.model.recipe import LAYERED
from controller.model.task import TaskKind
from controller.pipeline.decide.placing import IN_DOUBT, REFUSED
from controller.quality.boil import BoilVerdict
from controller.texts import SECTIONS, Text, TextsError, load_texts, texts_from
from controller.texts.inert import clean

TEXTS = load_texts(ZoneInfo("Asia/Shanghai"))
ROOT = Path(__file__).parents[2] / "controller"
WORDS = {
    "stage": (*Stage, *Status), "status": Status, "gate": Gate, "verdict": Verdict, "choice": Choice,
    "handling": Handling, "preparation": Preparation, "recipe_class": RecipeClass, "route": Route, "sex": Sex,
    "setting": [name for name in LAYERED if name != "pots"], "urgency": Urgency, "method": DeliveryMethod,
}  # fmt: skip
CHECKPOINTS = [
    "source.lot", "dispense.weight", "storage.zone", "review.sign", "verify.sign", "soak.minutes", "pot.clean",
    "pail.match", "first.minutes", "boil.1.minutes", "boil.2.minutes", "late.window", "separate.阿胶", "pack.count",
    "pack.seal", "release.sign", "handover.scan", "delivery.receipt", "for-water.minutes", "strain", "liquid.volume",
    "concentrate.volume",
]  # fmt: skip


def calls(folder: str, *names: str) -> list[ast.Call]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / folder).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id in names]


def words(node: ast.AST) -> set[str]:
    return {leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)}


def argument(call: ast.Call, position: int, name: str) -> set[str]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    given = named or call.args[position : position + 1]
    return {word for node in given if not isinstance(node, ast.Compare) for word in words(node)} - {""}


def test_every_refusal_of_the_line_and_of_the_api_has_its_text() -> None:
    found = {word for call in calls("pipeline", "Refusal") for word in argument(call, 0, "rule")}
    found |= {word for call in calls("runtime", "Refusal") for word in argument(call, 0, "rule")}
    found |= {word for call in calls("api", "Problematic") for word in argument(call, 1, "rule")}
    assert {"not-found", "body-invalid", "internal-error"} <= found
    assert TEXTS.missing("rule", found) == []


def test_every_next_action_has_its_text() -> None:
    found = {word for call in calls("pipeline", "Refusal") for word in argument(call, 3, "next_action")}
    found |= {word for call in calls("api", "Problematic") for word in argument(call, 9, "next_action")}
    assert "scan-again" in found
    assert TEXTS.missing("next", found) == []


def test_every_hold_has_its_text_and_its_short_name() -> None:
    found = {word.rstrip(".") for call in calls("pipeline", "placed") for word in argument(call, 2, "reason")}
    found |= {*BoilVerdict} - {BoilVerdict.CREDITED}
    found |= {"boot", "fault", IN_DOUBT, REFUSED}
    assert {"late-missed", "amendment"} <= found
    assert TEXTS.missing("hold", found) == []
    assert TEXTS.missing("label", {f"reason.{reason}" for reason in found}) == []


def test_every_alarm_says_what_follows_and_what_to_do() -> None:
    rules = load_alarms().rules
    assert {rule.priority for rule in rules.values()} == set(Priority)
    assert TEXTS.missing("alarm", rules) == []
    assert TEXTS.missing("action", rules) == []


def test_every_fact_task_status_and_checkpoint_has_a_name() -> None:
    assert TEXTS.missing("done", FACTS) == []
    assert TEXTS.missing("task", TaskKind) == []
    assert TEXTS.missing("label", {f"{group}.{word}" for group, them in WORDS.items() for word in them}) == []
    assert TEXTS.missing("label", {f"checkpoint.{name}" for name in CHECKPOINTS}) == []


def test_no_text_belongs_to_a_fact_that_does_not_exist() -> None:
    assert set(TEXTS.sections["done"]) - FACTS.keys() == {"nothing"}
    assert set(TEXTS.sections["task"]) == set(TaskKind)


def test_a_text_shows_its_facts_and_a_missing_one_as_a_question() -> None:
    said = TEXTS.say("rule", "weight-out-of-tolerance", {"herb": "桂枝", "grams": 70.0, "wanted": 63.0})
    assert said == Text("桂枝 称得 70 g，应为 63 ± ? g。", "桂枝 weighs 70 g and should weigh 63 ± ? g.")


def test_an_instant_is_shown_as_a_time_of_the_site_and_a_word_of_ours_in_each_language() -> None:
    assert "2026-11-22 08:00" in TEXTS.say("rule", "window-not-open", {"opens_at": 1_795_305_600_000}).zh
    said = TEXTS.say("rule", "not-yet", {"stage": Stage.SOAKING})
    assert said == Text("还没到这一步（浸泡中）。", "It is not time for this yet (soaking).")


def test_an_unknown_rule_is_shown_by_its_id_and_named_as_missing() -> None:
    assert TEXTS.say("rule", "quite-new", {"x": 1}) == Text("quite-new", "quite-new")
    assert TEXTS.missing("rule", ["quite-new", "already-done"]) == ["quite-new"]


def test_an_id_with_a_detail_has_the_text_of_the_id() -> None:
    assert TEXTS.say("hold", "link-stale.pot-03", {"machine": "pot-03"}).zh == "与 pot-03 失去联系。"


@given(st.dictionaries(st.sampled_from(["herb", "grams", "wanted", "tolerance"]), st.text()))
def test_facts_are_only_ever_shown(facts: dict[str, str]) -> None:
    said = TEXTS.say("rule", "weight-out-of-tolerance", facts)
    assert all(value in said.zh and value in said.en for value in facts.values())


@pytest.mark.parametrize(
    "pair", [["一"], ["一", ""], ["一", "{x.y}"], ["{x[0]}", "a"], ["{x!r}", "a"], ["{x:>9}", "a"], ["{", "a"], "ab", 3]
)
def test_a_text_that_is_not_two_plain_templates_is_refused_with_its_place(pair: Any) -> None:
    table: dict[str, Any] = {section: {} for section in SECTIONS}
    table["rule"]["broken"] = pair
    with pytest.raises(TextsError, match=r"rule\.broken"):
        texts_from(table, ZoneInfo("UTC"))
    with pytest.raises(TextsError, match="sections"):
        texts_from({"rule": {}}, ZoneInfo("UTC"))


@given(st.text())
def test_clean_text_is_printable_in_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned == cleaned.strip()
    cleaned.encode()
    bad = {"\u200b", "\u202e", "\u2066", "\x1b", "\x9b", "\n", "\r", "\t", "\ufeff", "\u2028"}
    assert not bad & set(cleaned)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("张三", "张三"),
        ("\U00030edd\U0002e9f5", "\U00030edd\U0002e9f5"),
        ("e\u0301", "é"),
        ("a\u200b\u0301", "á"),
        ("张\u3000三", "张 三"),
        ("\x1b]0;x\x07a", "]0;xa"),
        ("a\x9b2Jb", "a2Jb"),
        ("one\r\ntwo", "one two"),
        ("\u202eabc\u202c", "abc"),
        ("葛\U000e0100", "葛\U000e0100"),
    ],
)
def test_cleaning_takes_away_what_acts_and_keeps_what_is_read(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
