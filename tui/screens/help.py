"""The help: keys, scans, colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.paint import help as painter
from tui.screens.page import keys_of
from tui.widgets.sheet import Scroll

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult

    from tui.app import FloorApp


class HelpModal(ModalScreen[None]):
    """One sheet to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,enter", "leave", "key.back", key_display="Esc")
    ]

    def __init__(self, keys: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Mount the box."""
        with Vertical(id="box"):
            yield Scroll(id="help")

    def on_mount(self) -> None:
        """Paint it."""
        self.paint()

    def paint(self) -> None:
        """Paint in the present language."""
        floor = cast("FloorApp", self.app)
        everywhere = keys_of(floor.BINDINGS, hidden=True)
        words = floor.words
        self.query_one(Scroll).show(lambda width, _height: painter.page(self._keys, everywhere, words, width))

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
