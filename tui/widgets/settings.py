"""A few settings to look through and change with the arrow keys before something is signed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.ink import BRIGHT, CURSOR, DIM, KEY, fit, say
from tui.widgets.sheet import strip_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size
    from textual.strip import Strip

_LABEL = 24


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice: its name for the program, its label, the options as (code, text), and which one is on."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    on: int = 0

    @property
    def code(self) -> str:
        """The code of the option that is on."""
        return self.options[self.on][0]


class Settings(Widget, can_focus=True, inherit_bindings=False):
    """Settings one under the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("enter", "leave", show=False),
    ]

    def __init__(self, settings: Sequence[Setting]) -> None:
        super().__init__()
        self.settings = list(settings)
        self._at = 0

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's form
        """Return one line each."""
        return len(self.settings)

    def chosen(self) -> dict[str, str]:
        """Return the code that is on, by name."""
        return {setting.name: setting.code for setting in self.settings}

    def action_step(self, lines: int) -> None:
        """Go to another setting."""
        self._at = (self._at + lines) % len(self.settings)
        self.refresh()

    def action_turn(self, options: int) -> None:
        """Change the setting."""
        setting = self.settings[self._at]
        self.settings[self._at] = replace(setting, on=(setting.on + options) % len(setting.options))
        self.refresh()

    def action_leave(self) -> None:
        """Go on to what comes after the settings."""
        self.screen.focus_next()

    def render_line(self, y: int) -> Strip:
        """Paint one setting."""
        setting = self.settings[y]
        here = y == self._at and self.has_focus
        arrows = ("< ", " >") if here else ("  ", "  ")
        text = setting.options[setting.on][1]
        line = say(fit(say((setting.label, DIM)), _LABEL), (arrows[0], KEY), (text, BRIGHT), (arrows[1], KEY))
        return strip_of(line, self.content_size.width, self.visual_style + CURSOR if here else self.visual_style)
