"""One line to type into, with its label; nothing that could act on a terminal can be typed or pasted into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Input

from tui.ink import DIM, say
from tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

CODE = r"[0-9A-Za-z-]*"
DIGITS = r"[0-9]*"
NUMBER = r"[0-9]*[.,]?[0-9]*"
TEXT = r"[^\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]*"
LONGEST = 200


class Field(Horizontal):
    """A label and its input. `allowed`: a pattern that everything typed must match.

    An input of class `free` takes any text, one of class `narrow` does not.
    """

    def __init__(self, *, id: str, allowed: str = TEXT, password: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._label = Sheet(classes="label")
        self.input = Input(restrict=allowed, password=password, max_length=LONGEST, compact=True)
        self.input.cursor_blink = False
        self.input.add_class("free" if allowed == TEXT else "narrow")

    def compose(self) -> ComposeResult:
        """Put label and input side by side."""
        yield self._label
        yield self.input

    def name_it(self, label: str) -> None:
        """Show this label."""
        self._label.show(lambda _width, _height: [say((label, DIM))])

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.input.value

    @text.setter
    def text(self, text: str) -> None:
        self.input.value = text
