"""Tells a scanner from a person at the same keyboard: a code's first letter is held until the next keys show what it was.

No shortcut of ours is a capital letter, so where nobody types into a field a code may even be typed slowly. In a field the
keys must come as fast as only a scanner sends them, else they are given back to it. Times are those of the key events, so a
busy program does not make a scanner look slow.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.codes import MAX_LENGTH, PREFIXES, TAIL, is_code

TYPING_GAP_S = 0.05
"""Longest pause between two keys of a scanner while a field has the focus, seconds."""

IDLE_GAP_S = 3.0
"""Longest pause where no field has the focus, seconds."""

ENTER = "\r"


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a key. `passes`: it goes on its usual way; `back`: held keys that were no code after all; `code`: a scan."""

    passes: bool = False
    back: str = ""
    code: str = ""


class Scanner:
    """The keys held back so far."""

    def __init__(self) -> None:
        self.held = ""
        self._last_s = 0.0

    def feed(self, character: str, at_s: float, *, typing: bool) -> Caught:
        """Take one key: its character (`ENTER` for Enter, empty for keys without one) at its monotonic time."""
        back = self.expire(at_s, typing=typing)
        self._last_s = at_s
        if not self.held:
            self.held = character if character in PREFIXES else ""
            return Caught(passes=not self.held, back=back)
        if character == ENTER and is_code(self.held):
            return Caught(code=self._give_up(), back=back)
        if self._continues(character):
            self.held += character
            return Caught(back=back)
        return Caught(passes=True, back=back + self._give_up())

    def expire(self, at_s: float, *, typing: bool) -> str:
        """Give back what was held when no further key came in time."""
        if self.held and at_s - self._last_s > (TYPING_GAP_S if typing else IDLE_GAP_S):
            return self._give_up()
        return ""

    def _continues(self, character: str) -> bool:
        if len(self.held) == 1:
            return character == "-"
        return bool(character) and character in TAIL and len(self.held) < MAX_LENGTH

    def _give_up(self) -> str:
        held, self.held = self.held, ""
        return held
