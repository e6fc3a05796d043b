"""What a month of alarms asked of people, beside what the standard wants; one month before or after with a key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui.figures import plant_now, site_zone
from tui.freshness import Need
from tui.paint import load
from tui.screens.page import Page
from tui.widgets.sheet import Scroll, Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.state import View


class LoadPage(Page):
    """One sheet of figures."""

    TITLE_KEY = "alarms"
    NEEDS = frozenset({Need.LOAD})
    HINTS = (("sides", "key.other-month"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def body(self) -> ComposeResult:
        """Mount heading and figures."""
        yield Sheet(id="heading")
        yield Scroll(id="section")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, month = self.floor.words, self._month(view)
        self._sheet("heading").show(lambda width, _height: load.head(view.load, month, words, width))
        self._sheet("section").show(lambda width, _height: load.figures(view.load, words, width))

    def action_turn(self, step: int) -> None:
        """Turn to the month before, or after as far as time has come."""
        view = self.floor.view
        month = months_on(self._month(view), step)
        if month <= self._present(view):
            self.floor.turn_month(month)

    def _month(self, view: View) -> str:
        return view.load_month or self._present(view)

    def _present(self, view: View) -> str:
        now = datetime.fromtimestamp(plant_now(view, self.floor.now_s()) / 1000, site_zone(view))
        return f"{now:%Y-%m}"


def months_on(month: str, step: int) -> str:
    """Return the month `step` months after `month`, YYYY-MM."""
    year, rest = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + step, 12)
    return f"{year:04d}-{rest + 1:02d}"
