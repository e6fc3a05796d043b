"""All prescriptions: by status, searched by number or code, opened by Enter or a scan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.codes import BAG, BATCH, PACKET, PARCEL, PRESCRIPTION, is_code, prefix
from tui.freshness import Need
from tui.ink import rule
from tui.paint import prescriptions
from tui.screens.page import Page
from tui.state import Query
from tui.widgets.field import Field
from tui.widgets.sheet import Sheet
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.state import View

_OURS = frozenset({PRESCRIPTION, BATCH, BAG, PARCEL, PACKET})


class PrescriptionsPage(Page):
    """The list."""

    TITLE_KEY = "prescriptions"
    NEEDS = frozenset({Need.ROWS})
    AUTO_FOCUS = "Table"  # not the search
    HINTS = (("Enter", "key.open"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "key.search"),
        Binding("right", "status(1)", "key.status", key_display="sides"),
        Binding("left", "status(-1)", show=False),
        Binding("n", "next_page", "key.next-page"),
        Binding("p", "previous_page", "key.previous-page"),
        Binding("escape", "leave_search", show=False),
    ]

    def body(self) -> ComposeResult:
        """Mount heading, search and list."""
        yield Sheet(id="heading")
        yield Field(id="search")
        yield Table(id="list")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s = self.floor.words, self.floor.now_s()
        field, table = self.query_one("#search", Field), self.query_one(Table)
        field.name_it(words("list.search"))
        rows = prescriptions.matching(view.rows, field.text)
        title = words("list.title", status=words.of("status", view.query.status))
        count = words("list.count", count=f"{len(rows)}{'+' if view.cursor else ''}", page=len(view.query.cursors) + 1)
        self._sheet("heading").show(lambda width, _height: [rule(title, width, count)])
        width = table.content_size.width
        table.fill(
            prescriptions.columns(words, width),
            [row["id"] for row in rows],
            lambda row: prescriptions.cells(rows[row], view, words, now_s, width),
            words("list.none"),
        )

    def take_scan(self, code: str) -> bool:
        """Open the prescription that the code belongs to, when it is in the list or is one itself."""
        if prefix(code) not in _OURS:
            return False
        found = prescriptions.matching(self.floor.view.rows, code)
        if len(found) == 1 or prefix(code) == PRESCRIPTION:
            self.floor.open_case(found[0]["id"] if found else code)
            self.floor.go("prescription")
            return True
        return False

    def action_search(self) -> None:
        """Type a search."""
        self.query_one("#search", Field).input.focus()

    def action_leave_search(self) -> None:
        """Clear the search and go back to the list."""
        self.query_one("#search", Field).text = ""
        self.query_one(Table).focus()

    def action_status(self, step: int) -> None:
        """Narrow the list to the next status."""
        here = prescriptions.STATUSES.index(self.floor.view.query.status)
        status = prescriptions.STATUSES[(here + step) % len(prescriptions.STATUSES)]
        self._ask(Query(status))

    def action_next_page(self) -> None:
        """Show the next page, where there is one."""
        view = self.floor.view
        if view.cursor:
            self._ask(replace(view.query, cursors=(*view.query.cursors, view.cursor)))

    def action_previous_page(self) -> None:
        """Show the page before."""
        query = self.floor.view.query
        self._ask(replace(query, cursors=query.cursors[:-1]))

    def _ask(self, query: Query) -> None:
        self.floor.change(replace(self.floor.view, query=query, rows=(), cursor=""))
        self.floor.look(Need.ROWS)

    @on(Input.Changed)
    def _narrow(self) -> None:
        self.show(self.floor.view)

    @on(Input.Submitted)
    def _searched(self, event: Input.Submitted) -> None:
        code = event.value.strip().upper()
        if is_code(code) and self.take_scan(code):
            return
        self.query_one(Table).focus()

    @on(Table.Chosen)
    def _open(self) -> None:
        self.floor.open_case(self.query_one(Table).key)
        self.floor.go("prescription")
