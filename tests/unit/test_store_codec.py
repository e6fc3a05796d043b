"""The codec refuses what it could not give back, and reads whatever was ever written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.model.batch import Batch
from controller.model.facts import FACTS, BatchPacked, HerbWeighed, MachineCleaned
from controller.store import Corrupt
from controller.store.codec import AGGREGATES, decode, encode
from tests.remembered import sample

GOLDEN = [
    json.loads(line) for line in (Path(__file__).parents[1] / "golden" / "facts.jsonl").read_text("utf-8").splitlines()
]
WEIGHED = HerbWeighed(1, "C", "B", 2, 63.0, done=True, by="A", source="keyed")
TEXT = '{"at":1,"batch":"B","by":"A","case":"C","done":true,"grams":63.0,"item":2,"source":"keyed"}'


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: one["kind"])
def test_what_was_once_written_is_read_for_ever(golden: dict[str, Any]) -> None:
    fact = decode(golden["kind"], json.dumps(golden["body"], ensure_ascii=False))
    assert known(json.loads(encode(fact)), golden["body"]) == golden["body"]


def known(again: Any, old: Any) -> Any:
    """Leave out what the old form did not have yet, however deep it lies."""
    if isinstance(old, dict):
        return {name: known(again[name], value) for name, value in old.items()}
    if isinstance(old, list) and len(old) == len(again):
        return [known(*pair) for pair in zip(again, old, strict=True)]
    return again


def test_every_kind_of_fact_has_its_present_form_among_the_golden_samples() -> None:
    """Where this fails after a change of the facts, run `python -m tests.golden`: it adds what is missing."""
    have = {(one["kind"], frozenset(one["body"])) for one in GOLDEN}
    wanted = {(kind, frozenset(json.loads(encode(sample(of))))) for kind, of in FACTS.items()}
    assert wanted <= have


@pytest.mark.parametrize("kind", [*FACTS, *AGGREGATES])
def test_a_sample_of_every_kind_comes_back_equal(kind: str) -> None:
    thing = sample((dict(FACTS) | dict(AGGREGATES))[kind])
    assert decode(kind, encode(thing)) == thing


def test_the_text_is_canonical() -> None:
    assert encode(WEIGHED) == TEXT
    assert encode(replace(WEIGHED, grams=63)) == TEXT
    batch = replace(sample(Batch), boxed_bags=frozenset({"G3", "G1", "G2"}))
    assert '"boxed_bags":["G1","G2","G3"]' in encode(batch)


@pytest.mark.parametrize(
    "bad",
    [
        replace(WEIGHED, grams=float("nan")),
        replace(WEIGHED, grams=float("inf")),
        replace(WEIGHED, at="now"),
        replace(WEIGHED, at=1.5),
        replace(WEIGHED, done=1),
        replace(WEIGHED, by="half a pair \ud800"),
        BatchPacked(1, "C", "B", 2, ["a", "b"]),  # pyright: ignore[reportArgumentType] - on purpose
        MachineCleaned(1, None, 1.0),  # pyright: ignore[reportArgumentType] - on purpose
    ],
)
def test_a_value_that_could_not_be_read_again_is_never_written(bad: object) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        encode(bad)


def test_a_text_that_only_mentions_not_a_number_is_written() -> None:
    mentioned = replace(WEIGHED, by="NaN and Infinity")
    assert decode("HerbWeighed", encode(mentioned)) == mentioned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        TEXT[:-1],
        TEXT.replace("63.0", "NaN"),
        TEXT.replace("63.0", "1e999"),
        TEXT.replace("63.0", '"63"'),
        TEXT.replace("true", "1"),
        TEXT.replace('"by":"A",', ""),
        TEXT.replace('"by"', '"buy"'),
        TEXT[:-1] + ',"more":1}',
        "[" * 5000,
    ],
)
def test_a_damaged_text_is_corrupt_and_nothing_else(text: str) -> None:
    with pytest.raises(Corrupt):
        decode("HerbWeighed", text)


def test_an_unknown_kind_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="MoonLanded"):
        decode("MoonLanded", "{}")
