"""Tells a scanner from a person at the same keyboard: a code's first letter is held until the next keys show what it was.

No shortcut of ours is a capital letter and no number begins with one, so outside free text a code may come slowly: a lame
line must never turn the digits of a code into grams. In free text the keys must come as fast as only a scanner sends them, else
they are given back. Times are those of the key events, so a busy program does not make a scanner look slow.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.codes import MAX_LENGTH, PREFIXES, TAIL, is_code

TYPING_GAP_S = 0.05
"""Longest pause between two keys of a scanner in a field of free text, seconds."""

FOREIGN = 8
"""Keys at a scanner's pace, ended by Enter, that are no code of ours but that of something else: EAN-8 is the shortest."""

IDLE_GAP_S = 10.0
"""Longest pause everywhere else, where a person may type the code, seconds."""

ENTER = "\r"


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a key. `passes`: it goes on its usual way; `back`: held keys that were no code after all; `code`: a scan.

    `foreign`: it ended a scan of something that is not ours, whose other keys have passed already.
    """

    passes: bool = False
    back: str = ""
    code: str = ""
    foreign: bool = False


class Scanner:
    """The keys held back so far."""

    def __init__(self) -> None:
        self.held = ""
        self._last_s = 0.0
        self._fast = 0

    def feed(self, character: str, at_s: float, *, typing: bool) -> Caught:
        """Take one key: its character (`ENTER` for Enter, empty for keys without one) at its monotonic time.

        `typing`: the key would go into a field that takes any text.
        """
        back = self.expire(at_s, typing=typing)
        fast = self._fast if at_s - self._last_s <= TYPING_GAP_S else 0
        self._last_s, self._fast = at_s, fast + 1 if character and character != ENTER else 0
        if character == ENTER and is_code(self.held):
            return Caught(code=self._give_up(), back=back)
        if character == ENTER and fast >= FOREIGN and not typing:
            self._give_up()
            return Caught(foreign=True)
        if self._continues(character):
            self.held += character
            return Caught(back=back)
        back += self._give_up()
        self.held = character if character in PREFIXES else ""
        return Caught(passes=not self.held, back=back)

    def expire(self, at_s: float, *, typing: bool) -> str:
        """Give back what was held when no further key came in time."""
        if self.held and at_s - self._last_s > (TYPING_GAP_S if typing else IDLE_GAP_S):
            return self._give_up()
        return ""

    def _continues(self, character: str) -> bool:
        if len(self.held) <= 1:
            return bool(self.held) and character == "-"
        return character in TAIL and len(self.held) < MAX_LENGTH

    def _give_up(self) -> str:
        held, self.held = self.held, ""
        return held
