"""Every alarm and what to do about it: one key says that somebody has seen it, others put it aside or out of service and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from tui import acts
from tui.freshness import Need
from tui.paint import alarms
from tui.screens import out_of_service
from tui.screens.page import Page
from tui.screens.sign import Request
from tui.widgets.sheet import Sheet
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from controller.wire import AlarmView
    from tui.state import View


OUT_OF_SERVICE = "out-of-service"
"""Why the alarm of a machine is quiet that a person took out of service."""
SHELF_MINUTES = 60
"""How long an alarm is put aside unless the person says otherwise; how long it may be is for the controller to say."""


class AlarmsPage(Page):
    """The list, and what to do about the one under the cursor."""

    TITLE_KEY = "alarms"
    NEEDS = frozenset({Need.ALARMS})
    HINTS = (("Enter", "key.machine"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "key.acknowledge"),
        Binding("s", "shelf", "key.shelf"),
        Binding("o", "service", "key.service"),
        Binding("k", "app.go('load')", "key.load"),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def body(self) -> ComposeResult:
        """Mount list and detail."""
        yield Table(id="list")
        yield Sheet(id="detail")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s, found = self.floor.words, self.floor.now_s(), alarms.ordered(view)
        self.query_one(Table).fill(
            alarms.columns(words),
            [alarm["id"] for alarm in found],
            lambda row: alarms.cells(found[row], view, words, now_s),
            words("list.no-alarms"),
        )
        self._detail()

    @on(Table.Moved)
    def _detail(self) -> None:
        view, words, alarm = self.floor.view, self.floor.words, self._alarm()
        self._sheet("detail").show(lambda width, _height: alarms.detail(alarm, view, words, width))

    @on(Table.Chosen)
    def _go(self) -> None:
        alarm = self._alarm()
        if alarm is not None and alarm["source"] in self.floor.view.machines:
            self.floor.turn_to(alarm["source"])
            self.floor.go("machine")

    def action_acknowledge(self) -> None:
        """Say that somebody has seen it."""
        alarm = self._alarm()
        if alarm is not None:
            self.floor.start(self._acknowledge(alarm))

    async def _acknowledge(self, alarm: AlarmView) -> None:
        words = self.floor.words
        signature = await self.floor.badge(words.pick(alarm["text_zh"], alarm["text_en"]))
        if signature is not None:
            await self.floor.bench.acknowledge(alarm["id"], signature)

    def action_shelf(self) -> None:
        """Put the alarm under the cursor on the shelf, or take it from there; say why not where it may not be put there."""
        alarm = self._alarm()
        if alarm is None:
            return
        if alarm["state"] == "SHLVD":
            self.floor.start(self._unshelve(alarm))
        elif alarm["shelvable"]:
            self.floor.start(self._shelve(alarm))
        else:
            self.floor.tell(self.floor.words("alarm.not-shelvable"))

    async def _shelve(self, alarm: AlarmView) -> None:
        words = self.floor.words
        text = words.pick(alarm["text_zh"], alarm["text_en"])
        meaning = words("alarm.shelve", alarm=alarm["id"])
        request = Request(meaning, (text, words("alarm.shelve-lines")), note="required", minutes=SHELF_MINUTES)
        signed = await self.floor.signed(request)
        if signed is not None:
            body = acts.shelve(alarm["id"], signed.minutes, signed.signature.note)
            await self.floor.bench.intent(body, signed.signature)

    async def _unshelve(self, alarm: AlarmView) -> None:
        words = self.floor.words
        text = words.pick(alarm["text_zh"], alarm["text_en"])
        signed = await self.floor.signed(Request(words("alarm.unshelve", alarm=alarm["id"]), (text,)))
        if signed is not None:
            await self.floor.bench.intent(acts.unshelve(alarm["id"]), signed.signature)

    def action_service(self) -> None:
        """Take the alarm under the cursor out of service or put it back; a machine's own key is on its screen."""
        alarm = self._alarm()
        if alarm is None:
            return
        if alarm["state"] == "OOSRV":
            hushed = alarm["suppressed_by"] == OUT_OF_SERVICE
            self.floor.start(out_of_service.put_back(self.floor, alarm["source"] if hushed else alarm["id"]))
        elif alarm["shelvable"]:
            self.floor.start(out_of_service.take_out(self.floor, alarm["id"]))
        else:
            self.floor.tell(self.floor.words("alarm.not-shelvable"))

    def _alarm(self) -> AlarmView | None:
        key = self.query_one(Table).key
        return next((alarm for alarm in self.floor.view.alarms if alarm["id"] == key), None)
