"""A table for keyboards: as many rows as there are, of which only those in sight are ever made; the cursor stays with its key.

Not Textual's DataTable: that one parses strings for markup, follows the mouse, and forgets the cursor when rows move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.ink import BAD, CURSOR, CURSOR_AWAY, DIM, FAINT, fit, join, say
from tui.widgets.sheet import strip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.geometry import Size
    from textual.strip import Strip

    from tui.ink import Line

GAP = " "


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, its width in cells (0: an equal part of what is left), and which side it leans to."""

    title: str
    width: int = 0
    right: bool = False


class Table(Widget, can_focus=True, inherit_bindings=False):
    """Rows by key. `fill` replaces them; the cursor keeps its key, or its place where the key is gone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(0)", show=False),
        Binding("end", "end(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on another key."""

    class Chosen(Message):
        """Enter was pressed on the key under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._columns: Sequence[Column] = ()
        self._keys: Sequence[str] = ()
        self._cells: Callable[[int], Sequence[Line]] = lambda _row: ()
        self._empty = ""
        self._cursor = 0
        self._top = 0

    @property
    def key(self) -> str:
        """The key under the cursor, empty where there is no row."""
        return self._keys[self._cursor] if self._keys else ""

    def fill(
        self, columns: Sequence[Column], keys: Sequence[str], cells: Callable[[int], Sequence[Line]], empty: str
    ) -> None:
        """Show rows with these keys; `cells(row)` makes one row when it is in sight, `empty` is said where there is none."""
        before = self.key
        self._columns, self._keys, self._cells, self._empty = columns, keys, cells, empty
        self.refresh(layout=self.styles.is_auto_height)
        place = keys.index(before) if before in keys else min(self._cursor, len(keys) - 1)
        self._put(place)
        if self.key != before:
            self.post_message(self.Moved())
        self.refresh()

    def point_at(self, key: str) -> None:
        """Put the cursor on a key; it stays where it is when there is no such row."""
        if key in self._keys:
            self._put(self._keys.index(key), tell=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's form
        """Return one line each and the heading, for a table whose height follows its rows."""
        return max(1, len(self._keys)) + 1

    def action_step(self, rows: int) -> None:
        """Move the cursor by rows."""
        self._put(self._cursor + rows, tell=True)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self._put(self._cursor + pages * self._height, tell=True)

    def action_end(self, last: int) -> None:
        """Move the cursor to the first or the last row."""
        self._put(len(self._keys) if last else 0, tell=True)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self._keys:
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """Paint the heading or one row."""
        width = self.content_size.width
        if y == 0:
            titles = [say((column.title, DIM)) for column in self._columns]
            return strip_of(self._row(titles, width), width, self.visual_style)
        row = self._top + y - 1
        if row >= len(self._keys):
            note = say("  ", (self._empty, FAINT)) if not self._keys and y == 1 else say()
            return strip_of(note, width, self.visual_style)
        under = self.visual_style
        if row == self._cursor:
            under += CURSOR if self.has_focus else CURSOR_AWAY
        return strip_of(self._made(row, width), width, under)

    @property
    def _height(self) -> int:
        return max(1, self.content_size.height - 1)

    def _put(self, place: int, *, tell: bool = False) -> None:
        before = self._cursor
        self._cursor = max(0, min(place, len(self._keys) - 1))
        self._top = max(0, min(self._top, self._cursor), self._cursor - self._height + 1)
        self.refresh()
        if tell and self._cursor != before:
            self.post_message(self.Moved())

    def _made(self, row: int, width: int) -> Line:
        """Make one row; one that cannot be made costs its own line, never the screen."""
        try:
            return self._row(self._cells(row), width)
        except Exception as error:  # noqa: BLE001 - see above
            return say((repr(error), BAD))

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._put(self._cursor)

    def _row(self, cells: Sequence[Line], width: int) -> Line:
        fixed = sum(column.width for column in self._columns) + len(GAP) * (len(self._columns) - 1)
        loose = [column for column in self._columns if not column.width]
        share, extra = divmod(max(0, width - fixed), len(loose) or 1)
        parts: list[Line] = []
        for column, cell in zip(self._columns, cells, strict=True):
            size = column.width
            if not size:
                size, extra = share + (extra > 0), extra - 1
            parts.append(fit(cell, size, right=column.right))
        return join(parts, GAP)
