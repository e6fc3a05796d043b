"""The line at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Container

from tui.freshness import Need
from tui.paint import overview
from tui.screens.page import Page
from tui.widgets.machine_map import MachineMap
from tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.state import View


class OverviewPage(Page):
    """Stages, what presses, every machine."""

    TITLE_KEY = "overview"
    NEEDS = frozenset({Need.LINE, Need.ALARMS, Need.ROWS})
    HINTS = (("arrows", "key.move"), ("Enter", "key.machine"))

    def body(self) -> ComposeResult:
        """Mount the strips, the map and what presses."""
        yield Sheet(id="stages")
        yield Sheet(id="pressing")
        with Container(id="middle"):
            with Container(id="floor"):
                yield MachineMap(id="map")
                yield Sheet(id="chosen")
            with Container(id="side"):
                yield Sheet(id="urgent")
                yield Sheet(id="ticker")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s = self.floor.words, self.floor.now_s()
        self._sheet("stages").show(lambda width, _height: overview.stages(view, words, width))
        self._sheet("pressing").show(lambda width, _height: overview.pressing(view, words, width))
        self.query_one(MachineMap).show(overview.families(view, words, now_s))
        self._chosen()
        if view.line is not None:
            from tui.paint import pressing  # noqa: PLC0415 - nothing presses before the first paint

            self._sheet("urgent").show(lambda width, height: pressing.urgent(view, words, now_s, (width, height)))
            self._sheet("ticker").show(lambda width, height: pressing.ticker(view, words, (width, height)))

    @on(MachineMap.Moved)
    def _chosen(self) -> None:
        view, words, now_s = self.floor.view, self.floor.words, self.floor.now_s()
        chosen = self.query_one(MachineMap).chosen
        self._sheet("chosen").show(lambda width, _height: overview.chosen(view, words, chosen, now_s, width))

    @on(MachineMap.Chosen)
    def _open(self) -> None:
        self.floor.turn_to(self.query_one(MachineMap).chosen)
        self.floor.go("machine")
