"""One machine, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.codes import VESSEL, prefix
from tui.figures import groups
from tui.freshness import Need
from tui.paint import machine
from tui.screens import out_of_service
from tui.screens.page import Page
from tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.state import View


class MachinePage(Page):
    """Values with quality and age, the boil that counts, the curve."""

    TITLE_KEY = "machine"
    NEEDS = frozenset({Need.MACHINE, Need.CURVE})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "key.previous-machine"),
        Binding("right", "turn(1)", "key.next-machine"),
        Binding("enter", "prescription", "key.prescription"),
        Binding("o", "service", "key.service"),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def body(self) -> ComposeResult:
        """Mount the facts and the curve."""
        with Container(id="middle"):
            yield Sheet(id="facts")
            yield Sheet(id="curve")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s = self.floor.words, self.floor.now_s()
        self._sheet("facts").show(lambda width, _height: machine.facts(view, words, now_s, width))
        self._sheet("curve").show(lambda width, height: machine.graph(view, words, (width, height)))

    def on_screen_resume(self) -> None:
        """Show some machine at once."""
        if not self.floor.view.machine_id:
            self.action_turn(0)
        super().on_screen_resume()

    def take_scan(self, code: str) -> bool:
        """Turn to the machine whose code it is, unless something in hand waits to go into it."""
        if prefix(code) != VESSEL or self.floor.view.hand.code:
            return False
        found = [one["id"] for one in self.floor.view.machines.values() if one["code"] == code]
        if found:
            self.floor.turn_to(found[0])
        return bool(found)

    def action_turn(self, step: int) -> None:
        """Turn to the next machine of the floor."""
        view = self.floor.view
        order = [one["id"] for family in groups(view.machines.values()).values() for one in family]
        if order:
            here = order.index(view.machine_id) if view.machine_id in order else 0
            self.floor.turn_to(order[(here + step) % len(order)])

    def action_service(self) -> None:
        """Take the machine out of service, or put it back."""
        one = self.floor.view.machines.get(self.floor.view.machine_id)
        if one is not None:
            act = out_of_service.put_back if one["out_by"] else out_of_service.take_out
            self.floor.start(act(self.floor, one["id"]))

    def action_prescription(self) -> None:
        """Open the prescription that is in the machine."""
        one = self.floor.view.machines.get(self.floor.view.machine_id)
        if one is not None and one["case"]:
            self.floor.open_case(one["case"])
            self.floor.go("prescription")
