"""The least that Textual can show: an app with an empty DataTable. `python -m tests.bench.bare_app`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import DataTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

COLUMN = "an-empty-table"


class BareApp(App[None]):
    """One empty table."""

    def compose(self) -> ComposeResult:
        table: DataTable[str] = DataTable()
        table.add_column(COLUMN)
        yield table


if __name__ == "__main__":
    BareApp().run(mouse=False)
