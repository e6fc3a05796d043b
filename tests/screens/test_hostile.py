"""No text from a hospital, a machine or a person can crash a screen or act on the terminal, on any page."""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.screens import plant_data, recipe_data
from tests.screens.conftest import SMALL, terminal
from tests.screens.plant_data import Line
from tests.unit.test_tui_terminal import on_a_pty
from tui import state, verdicts
from tui.client import Reply
from tui.clocks import CHINA
from tui.paint import (
    alarms,
    chrome,
    desk,
    machine,
    overview,
    prescription,
    prescriptions,
    pressing,
    recipe,
    review,
    signing,
)
from tui.state import Link, Minutes, Session, Tone, Verdict, View, Weigh
from tui.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.screens.fake_controller import FakeController
    from tui.ink import Line as Painted

ATTACKS = (
    "[a='",
    "[@click=app.go('signing')]张三[/]",
    "\x1b]0;EVIL\x07\x1b[7;7HX",
    "\u009b31m\u009d0;EVIL\u009c",
    "[/][bold][red]",
    "\u202e反转\u2066",
    "%s {0} {name} $x \\",
    "\ud800\udfff",
    "长" * 500,
    "e\u0301" * 40,
)
STRUCTURE = frozenset(
    {
        "id",
        "kind",
        "case",
        "batch",
        "rule",
        "about",
        "link",
        "code",
        "into",
        "codes",
        "choices",
        "machine",
        "unit",
        "tag",
        "seq",
    }
)
"""Names whose values hold the sample together; everything else may be anything."""

HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x07[]{}\u202e\u200b\ud800")), max_size=30)
NOW_S = 1000.0


def poisoned(value: Any, text: str, name: str = "") -> Any:
    """Return `value` with `text` in place of every string that a person, a machine or a hospital wrote."""
    match value:
        case str() if name not in STRUCTURE:
            return text
        case dict():
            return {key: poisoned(one, text, key) for key, one in value.items()}
        case list():
            return [poisoned(one, text, name) for one in value]
        case _:
            return value


def poisoned_line(text: str) -> Line:
    """Return the sample plant with `text` everywhere; what pages filter by stays."""
    line = Line(name=text)
    kept = {"status", "stage", "state", "role"}
    for rows in (line.rows, line.machines, line.alarms, line.tasks, line.facts):
        for place, one in enumerate(rows):
            rows[place] = {**poisoned(one, text), **{name: one[name] for name in kept & one.keys()}}
    for one in line.tasks:
        one["details"] = {**one["details"], "herb": text, "reason": text, "grams": 5.0, "tolerance_g": 1.0, "times": 1}
    return line


def hostile_table(text: str) -> Any:
    """Return a recipe table that waits with `text` wherever a person could have written it."""
    table = recipe_data.recipe(version=text, before=text)
    for one in table["versions"]:
        one |= {"version": text, "by": text, "note": text}
    for one in table["changes"]:
        one |= {"old": json.dumps(text), "new": json.dumps([text, text])}
    table["flaws"][0] = {"place": text, "rule": text, "text_zh": text, "text_en": text}
    return table


def everything_painted(text: str, locale: Any) -> Iterator[Painted]:
    """Paint every page with `text` in every place."""
    words, line, width = Words(locale), poisoned_line(text), SMALL[0]
    view = state.with_line(
        View(link=Link.ONLINE), {**line.glance(), "line": text, "timezone": text, "waivers": [text]}, NOW_S
    )  # pyright: ignore[reportArgumentType]
    view = state.with_machines(view, line.machines, NOW_S, complete=True)  # pyright: ignore[reportArgumentType]
    view = state.with_rows(view, {"items": line.rows, "cursor": None}, NOW_S)  # pyright: ignore[reportArgumentType]
    view = replace(view, alarms=line.alarms, tasks=line.tasks, recent=tuple(line.facts), machine_id="pot-01")
    case: Any = poisoned(plant_data.case(9, plant_data.row(9, "held")), text)
    view = replace(view, case=case, case_id=case["id"], curve=plant_data.curve("B", "pot-01"))
    view = replace(
        view, session=Session("s", "kind", text, text, "A-1", text), verdict=Verdict(Tone.BAD, text, (text, text))
    )
    yield from chrome.band(view, words, NOW_S, width)
    yield from chrome.screens(view, words, "overview", width)
    yield from chrome.keys(
        [("a", "key.back")], replace(view, notice=state.Notice(text, Tone.BAD, NOW_S + 1)), words, NOW_S, width
    )
    yield from overview.stages(view, words, width)
    yield from overview.pressing(view, words, width)
    yield from pressing.urgent(view, words, NOW_S, (width, 12))
    yield from pressing.ticker(view, words, (width, 12))
    for family, tiles in overview.families(view, words, NOW_S).items():
        yield from overview.chosen(view, words, tiles[0].id, NOW_S, width)
        assert family is not None
    for row in view.rows:
        yield from prescriptions.cells(row, view, words, NOW_S, 120)
    for name in prescription.SECTIONS:
        yield from prescription.section(name, case, view, words, width)
    table = hostile_table(text)
    yield from recipe.head(table, words, width)
    yield from recipe.whole(table, view, words, width)
    yield from prescription.head(case, view, words, NOW_S, width)
    yield from machine.facts(view, words, NOW_S, width)
    yield from machine.graph(view, words, (width, 12))
    for alarm in view.alarms:
        yield from alarms.cells(alarm, view, words, NOW_S)
        yield from alarms.detail(alarm, view, words, width)
    for task in view.tasks:
        yield from desk.cells(task, view, words, NOW_S, 78)
        yield from signing.cells(task, view, words, NOW_S)
        yield from signing.detail(task, view, words, width)
        yield from review.cells(task, view, words, NOW_S, 78)
    yield from desk.verdict(view, words, (width, 6))
    for ask in (Weigh(text, text, 5.0, 1.0, 2), Minutes(text, text, text, 5)):
        yield from desk.in_hand(replace(view, ask=ask), words, width)
    problem: Any = {"rule": text, "text_zh": text, "text_en": text, "facts": {text: text}, "who_may_override": [text]}
    refusal = verdicts.judged(Reply(problem=problem), words, CHINA)
    yield from desk.verdict(replace(view, verdict=refusal), words, (width, 9))


def check(lines: Iterator[Painted]) -> int:
    count = 0
    for line in lines:
        count += 1
        bad = {unicodedata.category(one) for one in line.plain} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert not bad, line.plain
    return count


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x07[]{}\u202e\u200b\ud800")), max_size=30),
    st.sampled_from(["zh_CN", "en"]),
)
def test_any_text_in_every_place_of_every_page_is_only_shown(text: str, locale: str) -> None:
    assert check(everything_painted(text, locale)) > 300


@pytest.mark.parametrize("attack", ATTACKS)
def test_known_attacks_in_every_place_are_only_shown(attack: str) -> None:
    assert check(everything_painted(attack, "zh_CN")) > 300


@pytest.mark.parametrize("attack", ATTACKS[:6])
async def test_every_page_stays_up_with_an_attack_in_every_answer(controller: FakeController, attack: str) -> None:
    controller.line = poisoned_line(attack.replace("\ud800\udfff", ""))
    async with terminal(controller, station="floor-1") as floor:
        for key in ("f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f1"):
            await floor.press(key)
            await floor.pilot.pause(0.05)
            text = floor.text()
            assert "程序故障" not in text
            bad = {one for one in text if unicodedata.category(one) in {"Cc", "Cf"} and one != "\n"}
            assert not bad
        assert floor.app._exception is None


def test_nothing_but_the_terminals_own_sequences_reaches_a_real_tty(controller: FakeController) -> None:
    attack = "\x1b]0;EVIL\x07\x1b[6666;1HX\u009b31m[@click=app.bell]名[/]\u202e"
    controller.line = poisoned_line(attack)
    screen = pyte.Screen(*SMALL)
    stream = pyte.ByteStream(screen)
    with on_a_pty(
        "-m", "tui", "--url", controller.url, "--key-file", str(controller.key_file), "--station", ""
    ) as found:
        found.until("在线".encode())
        for key in (b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x1b[15~", b"\x1b[17~", b"\x1b[18~", b"\x1b[19~", b"\x1bOR"):
            os.write(found.master, key)
            for _ in range(6):
                found.read(0.1)
        seen = found.seen
    assert b"\x1b]0;" not in seen
    assert b"\x1b[6666;1H" not in seen
    assert "\u009b".encode() not in seen
    assert "\u202e".encode() not in seen
    stream.feed(seen)
    shown = "".join(screen.display)
    assert "EVIL" not in screen.title
    assert "]0;EVIL[6666" in shown, "the words are shown, as words"
    assert "F2 总览" in shown.replace("  ", " ")
