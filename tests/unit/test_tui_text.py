"""Text from outside cannot act on a terminal: the law of `inert`, and a lint that leaves no other door to the screen."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.alarm import AlarmState, Priority
from controller.model.batch import Choice
from controller.model.facts import FACTS
from tui.acts import CHOICES
from tui.inert import LIMIT, inert
from tui.ink import BRIGHT, beside, fit, flow, rule, say, wrap
from tui.vocabulary import WORDS
from tui.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "tui").rglob("*.py"))
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x07\x08\x1b\x7f\x80\x9b\x9d\u00ad\u061c\u200b\u200e\u202e\u2066\ufeff\ud800[]()@'\"=张三"
        ),
    ),
    max_size=80,
)


@given(HOSTILE)
def test_inert_text_has_nothing_that_a_terminal_or_a_reader_could_be_led_by(text: str) -> None:
    found = inert(text)
    assert not {unicodedata.category(one) for one in found} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert unicodedata.is_normalized("NFC", found)
    assert inert(found) == found
    found.encode()


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_passes_unchanged(text: str) -> None:
    assert inert(text) == text[:LIMIT]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三\x1b[2J", "张三[2J"),
        ("\x1b]0;evil\x07", "]0;evil"),
        ("\x9b31m", "31m"),
        ("李\u202e四", "李四"),
        ("王\u200b五", "王五"),
        ("a\nb\tc\u3000d", "a b c d"),
        ("e\u0301", "é"),
        ("\ud800x", "x"),
        ("[@click=app.release('B-001')]张三[/]", "[@click=app.release('B-001')]张三[/]"),
    ],
)
def test_known_attacks_are_shown_as_what_is_left_of_them(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(HOSTILE)
def test_said_text_is_plain_whatever_it_says(text: str) -> None:
    line = say("name ", (text, BRIGHT), " end")
    assert line.plain == f"name {inert(text)} end"
    assert len(line.spans) <= 1


@given(HOSTILE, st.integers(min_value=1, max_value=60))
def test_a_line_is_exactly_as_wide_as_its_place(text: str, width: int) -> None:
    assert fit(say(text), width).cell_length == width
    assert fit(say(text), width, right=True).cell_length == width
    assert beside(say(text), say("12:34"), width + 5).cell_length == width + 5
    assert all(one.cell_length <= width for one in wrap(say("张三"), width) if width > 1)
    assert rule("标题", max(width, 12)).cell_length == max(width, 12)


def test_words_flow_into_lines_and_lose_none() -> None:
    parts = [say(f"词{number}") for number in range(9)]
    lines = flow(parts, 20)
    assert all(line.cell_length <= 20 for line in lines)
    assert " ".join(line.plain for line in lines).split() == [part.plain for part in parts]


# --- the lint: no other door to the screen ---

_DOORS = frozenset(
    {"Content", "Text", "Static", "Label", "Segment", "Strip", "DataTable", "Markdown", "RichLog", "Log", "Button"}
)
_METHODS = frozenset(
    {"from_markup", "from_text", "from_rich_text", "notify", "update_cell", "add_row", "styled", "assemble"}
)
_ATTRIBUTES = frozenset({"border_title", "border_subtitle", "tooltip", "placeholder"})
_ALLOWED = {
    "tui/ink.py": frozenset({"Content", "assemble"}),
    "tui/widgets/sheet.py": frozenset({"Strip"}),
}
"""Where a door is built: `ink` makes every part inert, `sheet` paints what `ink` made."""


def doors(tree: ast.AST) -> Iterator[str]:
    """Yield every way in which a tree could put text on the screen without `ink`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) if name in _DOORS:
                    yield name
                case ast.Attribute(attr=name) if name in _METHODS:
                    yield name
                case _:
                    pass
        elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg in {*_ATTRIBUTES, "markup"}:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "@click" in node.value:
            yield "@click"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_ink_puts_text_on_the_screen(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    assert set(doors(ast.parse(path.read_text()))) <= _ALLOWED.get(name, frozenset())


def test_the_lint_finds_every_door_it_forbids() -> None:
    bad = (
        "Static(f'{name}')\nself.notify(text)\nw.border_title = name\nContent.from_markup(x)\nInput(placeholder=x)\n"
        "Label(markup=True)\nx = '[@click=app.bell]a[/]'\ntable.add_row(name)\n"
    )
    found = set(doors(ast.parse(bad)))
    assert found == {
        "Static",
        "notify",
        "border_title",
        "from_markup",
        "placeholder",
        "Label",
        "markup",
        "@click",
        "add_row",
    }


def test_no_shortcut_is_a_capital_letter_since_codes_begin_with_one() -> None:
    keys = [
        key
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding" and node.args
        for key in (node.args[0].value.split(",") if isinstance(node.args[0], ast.Constant) else [])
    ]
    assert len(keys) > 40
    assert not [key for key in keys if len(key) == 1 and key.isupper()]


# --- the words ---


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    for section, texts in WORDS.items():
        for key, pair in texts.items():
            assert len(pair) == 2, (section, key)
            zh, en = pair
            places = [sorted(re.findall(r"{(\w+)}", text)) for text in pair]
            assert places[0] == places[1], (section, key)
            assert bool(zh) == bool(en), (section, key)


def test_every_word_that_is_asked_for_exists_and_none_is_left_over() -> None:
    asked: set[str] = set()
    open_sections: set[str] = set()
    for path in SOURCES:
        if path.stem == "vocabulary":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                asked.add(node.value)
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                open_sections.add(str(node.values[0].value).partition(".")[0])
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "of":
                open_sections |= {leaf.value for leaf in ast.walk(node.args[0]) if isinstance(leaf, ast.Constant)}
    known = {f"{section}.{key}" for section, texts in WORDS.items() for key in texts}
    sections = set(WORDS)
    wanted = {one for one in asked if one.partition(".")[0] in sections and re.fullmatch(r"[a-z-]+\.[a-z-]+", one)}
    assert not {one for one in wanted if one not in known and one.partition(".")[0] not in open_sections}
    unused = {one for one in known if one not in asked and one.partition(".")[0] not in open_sections | {"fact"}}
    assert not unused


@pytest.mark.parametrize(
    ("section", "codes"), [("fact", FACTS), ("alarm-state", AlarmState), ("choice", Choice), ("priority", Priority)]
)
def test_every_code_of_the_controller_that_a_screen_shows_has_words(section: str, codes: Iterable[str]) -> None:
    assert not {str(one) for one in codes} - set(WORDS[section])


def test_every_choice_of_a_hold_can_be_signed_and_is_named_in_a_timeline() -> None:
    assert tuple(Choice) == CHOICES
    assert not {*CHOICES} - set(WORDS["value"])


def test_the_name_of_a_code_falls_back_to_its_head_and_then_to_itself() -> None:
    words = Words("zh_CN")
    assert words.of("value", "link-stale.pot-03") == "设备失联"
    assert words.of("value", "never-heard-of\x1b") == "never-heard-of"
    assert words.pick("中", "en") == "中"
    assert words.other().pick("中", "en") == "en"
    assert words.pick("", "only\x1b en") == "only en"


def test_values_in_a_text_are_inert_and_cannot_be_formats() -> None:
    assert Words("en")("notice.crashed", why="{0.__class__}\x1b[2J").endswith("{0.__class__}[2J")
