"""One prescription with everything known of it, one page of facts after another; on a wide screen the timeline stands beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.freshness import Need
from tui.ink import DIM, say
from tui.paint import prescription
from tui.screens.page import Page
from tui.widgets.sheet import Scroll, Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.state import View

_TABS = tuple(prescription.SECTIONS)


class PrescriptionPage(Page):
    """Head, tabs, one section."""

    TITLE_KEY = "prescriptions"
    NEEDS = frozenset({Need.CASE})
    HINTS = (("arrows", "key.scroll"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "tab(1)", "key.tab"),
        Binding("shift+tab", "tab(-1)", show=False),
        Binding("m", "machine", "key.machine"),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = _TABS[0]

    def body(self) -> ComposeResult:
        """Mount head, tabs and the two sheets."""
        yield Sheet(id="heading")
        yield Sheet(id="tabs")
        with Container(id="middle"):
            yield Scroll(id="section")
            yield Scroll(id="beside")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s, case = self.floor.words, self.floor.now_s(), view.case
        if case is None:
            note = words("overview.waiting" if view.case_id else "rx.none")
            self._sheet("heading").show(lambda _width, _height: [say(), say("  ", (note, DIM))])
            for name in ("tabs", "section", "beside"):
                self._sheet(name).show(lambda _width, _height: [])
            return
        self._sheet("heading").show(lambda width, _height: prescription.head(case, view, words, now_s, width))
        self._sheet("tabs").show(lambda _width, _height: [prescription.tabs(words, self._tab)])
        self._sheet("section").show(lambda width, _height: prescription.section(self._tab, case, view, words, width))
        self._sheet("beside").show(lambda width, _height: prescription.section("timeline", case, view, words, width))

    def action_tab(self, step: int) -> None:
        """Turn to another page of it."""
        self._tab = _TABS[(_TABS.index(self._tab) + step) % len(_TABS)]
        self.query_one("#section", Scroll).rewind()
        self.paint()

    def action_machine(self) -> None:
        """Look at the machine it is in."""
        case = self.floor.view.case
        if case is not None and case["machine"]:
            self.floor.turn_to(case["machine"])
            self.floor.go("machine")
