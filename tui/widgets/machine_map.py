"""All machines at once: one widget that paints tiles, from tall ones for a county centre to one cell each for a thousand pots.

The cursor walks over machines; the largest tile that lets everything fit is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.ink import BLOCK_NOTE, DIM, MARKS, TILES, fit, join, say
from tui.widgets.sheet import strip_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.strip import Strip

    from tui.ink import Line


@dataclass(frozen=True, slots=True)
class Tile:
    """One machine: its id, its number on the floor, its tone, a word, a shorter one, and the lines below if it has any."""

    id: str
    number: str
    tone: str
    word: str
    short: str
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Format:
    """How a tile is drawn: its width with the gap, its lines, the family's label, and whether an empty line follows."""

    width: int
    height: int
    gap: int = 1
    label: int = 7
    airy: bool = False


_LARGE, _TALL, _FLAT = _Format(14, 3, airy=True), _Format(9, 2), _Format(7, 1)
_SMALL, _DOT = _Format(5, 1), _Format(1, 1, gap=0, label=0)
_FORMATS = (_LARGE, _TALL, _FLAT, _SMALL, _DOT)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of tiles of one family; `part`: which of a tile's lines."""

    label: str
    tiles: Sequence[Tile]
    format: _Format
    part: int


class MachineMap(Widget, can_focus=True, inherit_bindings=False):
    """Tiles of families of machines. `chosen` is the id under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("up", "line(-1)", show=False),
        Binding("down", "line(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on another machine."""

    class Chosen(Message):
        """Enter was pressed on a machine."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._families: Mapping[str, Sequence[Tile]] = {}
        self._rows: list[_Row] = []
        self._top = 0
        self.chosen = ""

    def show(self, families: Mapping[str, Sequence[Tile]]) -> None:
        """Paint these families, by their label."""
        self._families = families
        self._lay_out()
        if self.chosen not in {tile.id for tiles in families.values() for tile in tiles}:
            self.chosen = next((tile.id for tiles in families.values() for tile in tiles), "")
            self.post_message(self.Moved())
        self.refresh()

    def on_resize(self) -> None:
        """Choose the tiles anew."""
        self._lay_out()

    def action_step(self, tiles: int) -> None:
        """Move the cursor to a neighbour in the order of the map."""
        order = [tile.id for tiles_ in self._families.values() for tile in tiles_]
        if self.chosen in order:
            self._choose(order[(order.index(self.chosen) + tiles) % len(order)])

    def action_line(self, lines: int) -> None:
        """Move the cursor to the tile above or below."""
        starts = [row for row in self._rows if row.part == 0]
        for number, row in enumerate(starts):
            ids = [tile.id for tile in row.tiles]
            if self.chosen in ids and 0 <= number + lines < len(starts):
                target = starts[number + lines]
                column = ids.index(self.chosen) * row.format.width // target.format.width
                self._choose(target.tiles[min(column, len(target.tiles) - 1)].id)
                return

    def action_choose(self) -> None:
        """Open the machine under the cursor."""
        if self.chosen:
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """Paint one line of tiles."""
        width, row = self.content_size.width, self._top + y
        line = self._line(self._rows[row]) if row < len(self._rows) else say()
        return strip_of(line, width, self.visual_style)

    def _choose(self, machine: str) -> None:
        self.chosen = machine
        self._keep_in_sight()
        self.post_message(self.Moved())
        self.refresh()

    def _lay_out(self) -> None:
        for smallest in range(len(_FORMATS)):
            self._rows = self._rows_for(smallest)
            if len(self._rows) <= self.content_size.height:
                break
        self._keep_in_sight()

    def _rows_for(self, smallest: int) -> list[_Row]:
        """Return the rows where no tile is larger than format `smallest`."""
        rows: list[_Row] = []
        for label, tiles in self._families.items():
            natural = 0 if any(tile.below for tile in tiles) else _FORMATS.index(_FLAT)
            shape = _FORMATS[max(smallest, natural)]
            many = max(1, (self.content_size.width - shape.label + shape.gap) // shape.width)
            for start in range(0, len(tiles), many):
                here = tiles[start : start + many]
                rows += [_Row("" if start or part else label, here, shape, part) for part in range(shape.height)]
                rows += [_Row("", (), shape, shape.height)] * shape.airy
        return rows

    def _keep_in_sight(self) -> None:
        height = self.content_size.height
        place = next((n for n, row in enumerate(self._rows) if any(tile.id == self.chosen for tile in row.tiles)), 0)
        self._top = max(0, min(self._top, place), place + 2 - height)

    def _line(self, row: _Row) -> Line:
        label = fit(say((row.label, DIM)), row.format.label)
        return say(label, join([self._tile(tile, row) for tile in row.tiles], " " * row.format.gap))

    def _tile(self, tile: Tile, row: _Row) -> Line:
        style = BLOCK_NOTE if tile.id == self.chosen and self.has_focus else TILES[tile.tone]
        return fit(say(_text(tile, row)), row.format.width - row.format.gap).stylize(style)


def _text(tile: Tile, row: _Row) -> str:
    if row.format is _DOT:
        return MARKS[tile.tone]
    if row.format is _SMALL:
        return f"{tile.number}{MARKS[tile.tone]}"
    if row.format is _FLAT:
        return f"{tile.number} {tile.short}"
    return tile.below[row.part - 1] if row.part else f"{tile.number} {tile.word}"
