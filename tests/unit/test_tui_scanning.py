"""A scanner and a person at one keyboard are told apart, and two codes become one bind whichever came first."""

from __future__ import annotations

import itertools

import pytest

from tui.codes import PAIRS, is_code, narrow, short, tidy
from tui.desk import EMPTY, Bind, Hand, LogIn, Look, take
from tui.scanner import ENTER, IDLE_GAP_S, TYPING_GAP_S, Scanner

CODE = "T-7K3QAAAA1111ZZZZ9"


class Keyboard:
    """Feeds a scanner and collects what a field would get."""

    def __init__(self, *, typing: bool) -> None:
        self.scanner = Scanner()
        self.typing = typing
        self.at_s = 100.0
        self.field = ""
        self.codes: list[str] = []

    def keys(self, text: str, gap_s: float) -> None:
        for character in text:
            self.at_s += gap_s
            caught = self.scanner.feed(character, self.at_s, typing=self.typing)
            self.field += caught.back
            if caught.passes and character != ENTER:
                self.field += character
            if caught.code:
                self.codes.append(caught.code)


@pytest.mark.parametrize("typing", [False, True])
def test_twenty_characters_in_twenty_milliseconds_are_a_scan_everywhere(typing: bool) -> None:
    keyboard = Keyboard(typing=typing)
    keyboard.keys(CODE + ENTER, 0.001)
    assert keyboard.codes == [CODE]
    assert keyboard.field == ""


def test_scans_one_after_the_other_are_as_many_scans() -> None:
    keyboard = Keyboard(typing=True)
    keyboard.keys(f"{CODE}{ENTER}D-AAAA1{ENTER}{CODE}{ENTER}", 0.001)
    assert keyboard.codes == [CODE, "D-AAAA1", CODE]


def test_text_before_a_scan_stays_in_the_field() -> None:
    keyboard = Keyboard(typing=True)
    keyboard.keys("spilt ", 0.2)
    keyboard.keys(CODE + ENTER, 0.001)
    assert keyboard.field == "spilt "
    assert keyboard.codes == [CODE]


def test_free_text_that_looks_like_the_begin_of_a_code_is_given_back_whole() -> None:
    keyboard = Keyboard(typing=True)
    keyboard.keys("B-2 Table TAB-A.", 0.12)
    assert keyboard.field + keyboard.scanner.expire(float("inf"), typing=True) == "B-2 Table TAB-A."
    assert not keyboard.codes


def test_where_no_text_is_wanted_a_code_may_come_as_slowly_as_a_person_types() -> None:
    keyboard = Keyboard(typing=False)
    keyboard.keys(CODE + ENTER, 1.5)
    assert keyboard.codes == [CODE]


def test_a_stray_letter_does_not_spoil_the_scan_that_follows() -> None:
    keyboard = Keyboard(typing=False)
    keyboard.keys("D", 0.1)
    keyboard.keys(CODE + ENTER, 0.001)
    assert keyboard.codes == [CODE]


def test_half_a_code_is_forgotten_after_a_rest() -> None:
    scanner = Scanner()
    scanner.feed("T", 1.0, typing=False)
    scanner.feed("-", 1.1, typing=False)
    assert scanner.expire(1.2 + IDLE_GAP_S, typing=False) == "T-"
    assert scanner.held == ""


def test_a_held_letter_is_given_back_as_soon_as_only_a_person_can_be_typing() -> None:
    scanner = Scanner()
    scanner.feed("T", 1.0, typing=True)
    assert scanner.expire(1.0 + TYPING_GAP_S / 2, typing=True) == ""
    assert scanner.expire(1.0 + TYPING_GAP_S * 1.1, typing=True) == "T"


FOREIGN_CODES = ("6901234567892", "LOT261003", f"P-{'A' * 40}", "12345670")


@pytest.mark.parametrize("text", FOREIGN_CODES)
def test_what_a_scanner_sends_of_something_else_ends_without_an_enter(text: str) -> None:
    scanner, at_s, ends = Scanner(), 100.0, []
    for character in text + ENTER:
        at_s += 0.003
        caught = scanner.feed(character, at_s, typing=False)
        ends.append((caught.foreign, caught.passes and character == ENTER, caught.code))
    assert ends[-1] == (True, False, "")
    assert not any(foreign for foreign, _, _ in ends[:-1])


@pytest.mark.parametrize(("text", "gap_s"), [("6901234567892", 0.12), ("785450", 0.003)])
def test_digits_of_a_person_and_a_pin_pasted_fast_keep_their_enter(text: str, gap_s: float) -> None:
    keyboard = Keyboard(typing=False)
    keyboard.keys(text, gap_s)
    assert keyboard.scanner.feed(ENTER, keyboard.at_s + gap_s, typing=False).passes
    assert keyboard.field == text


def test_a_code_that_an_input_method_made_wide_is_the_same_code() -> None:
    wide = "".join(chr(ord(character) + ord("！") - ord("!")) for character in CODE)
    assert "".join(narrow(character) for character in wide) == CODE
    assert [narrow(character) for character in ("黄", "a", "")] == ["黄", "a", ""]


def test_codes_within_a_text_are_short_wherever_they_stand() -> None:
    assert tidy(f"陈述（{CODE} 22.5 min）。") == "陈述（T-..ZZZ9 22.5 min）。"
    assert tidy("pot-19 L260912-593") == "pot-19 L260912-593"


@pytest.mark.parametrize("text", ["T-", "X-AAAA", "T-aaaa", "T-AAAA AAAA", "TT-AAAA", f"T-{'A' * 19}", "", "T"])
def test_what_has_not_the_shape_of_a_code_is_none(text: str) -> None:
    assert not is_code(text)


def test_a_code_is_called_by_its_last_four_characters() -> None:
    assert short(CODE) == "T-..ZZZ9"
    assert short("pot-03") == "pot-03"


def letters(prefix: str) -> str:
    return f"{prefix}-AAAA1111BBBB2222C"


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_every_pair_binds_in_either_order(pair: tuple[str, str]) -> None:
    source, target = map(letters, pair)
    for first, second in ((source, target), (target, source)):
        hand, look = take(EMPTY, first, actor_known=True)
        if isinstance(look, LogIn):
            continue  # a badge alone is somebody, so the parcel comes first
        assert look == Look(first)
        _, act = take(hand, second, actor_known=True)
        assert act == Bind(source, target)


def test_codes_that_do_not_belong_together_only_change_hands() -> None:
    for first, second in itertools.product("RBGPKSTDV", repeat=2):
        if (first, second) in PAIRS or (second, first) in PAIRS:
            continue
        hand, _ = take(EMPTY, letters(first), actor_known=True)
        code = letters(second).replace("C", "D")
        assert take(hand, code, actor_known=True) == (Hand(code), Look(code))


def test_the_container_stays_in_hand_so_that_the_next_thing_is_one_scan() -> None:
    hand, _ = take(EMPTY, letters("T"), actor_known=True)
    for drawer in ("D-ONE1", "D-TWO2"):
        hand, act = take(hand, drawer, actor_known=True)
        assert act == Bind(drawer, letters("T"))
    hand, act = take(hand, letters("V"), actor_known=True)
    assert act == Bind(letters("T"), letters("V"))
    assert hand == EMPTY


def test_a_pail_that_holds_herbs_is_not_given_to_the_next_batch() -> None:
    hand, _ = take(EMPTY, letters("T"), actor_known=True)
    hand, _ = take(hand, letters("D"), actor_known=True)
    assert take(hand, letters("B"), actor_known=True)[1] == Look(letters("B"))


def test_a_badge_is_a_receiver_only_of_a_parcel_and_only_when_somebody_acts() -> None:
    parcel, _ = take(EMPTY, letters("P"), actor_known=True)
    assert take(parcel, letters("A"), actor_known=True)[1] == Bind(letters("P"), letters("A"))
    assert take(parcel, letters("A"), actor_known=False) == (parcel, LogIn(letters("A")))
    assert take(EMPTY, letters("A"), actor_known=True) == (EMPTY, LogIn(letters("A")))


def test_the_same_code_twice_is_no_pair() -> None:
    hand, _ = take(EMPTY, letters("T"), actor_known=True)
    assert take(hand, letters("T"), actor_known=True)[1] == Look(letters("T"))
