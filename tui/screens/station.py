"""The first question: at which station does this terminal stand? Its key is the one it acts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.ink import BRIGHT, DIM, rule, say
from tui.keys import Keys, KeysMissing, read_keys
from tui.widgets.sheet import Sheet
from tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from tui.app import FloorApp
    from tui.ink import Line

LOOK_AGAIN_S = 1.0
_KIND = 8


class StationModal(ModalScreen[str]):
    """Stations and couriers of the key file, from the `present` one; an empty answer is a terminal that only shows."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", "key.cancel")]

    def __init__(self, key_file: Path, present: str = "") -> None:
        super().__init__()
        self._key_file = key_file
        self._present = present
        self._known: Keys = Keys()
        self._why = ""

    @property
    def floor(self) -> FloorApp:
        """The app, by its own type."""
        return cast("FloorApp", self.app)

    def compose(self) -> ComposeResult:
        """Mount the box."""
        with Vertical(id="box"):
            yield Sheet(id="meaning")
            yield Table(id="stations")
            yield Sheet(id="hint")

    def on_mount(self) -> None:
        """Read the key file now and until it is there."""
        self.paint()
        self.set_interval(LOOK_AGAIN_S, self._look)
        self._look()

    def paint(self) -> None:
        """Paint the question and the list."""
        words = self.floor.words
        self.query_one("#meaning", Sheet).show(lambda width, _height: [rule(words("station.title"), width)])
        hint = words("station.waiting", why=self._why) if self._why else words("station.how")
        self.query_one("#hint", Sheet).show(lambda _width, _height: [say(), say((hint, DIM))])
        places = ["", *self._known.places()]
        self.query_one(Table).fill(
            [Column(words("station.station")), Column("", _KIND)], places, lambda row: self._row(places[row]), ""
        )

    def take_scan(self, code: str) -> bool:
        """Pass every code over: nobody can act before this is answered."""
        del code
        return True

    def action_stay(self) -> None:
        """Stand where it stood; nowhere is only to show."""
        self.dismiss(self._present)

    @on(Table.Chosen)
    def _choose(self) -> None:
        self.dismiss(self.query_one(Table).key)

    def _row(self, place: str) -> list[Line]:
        words = self.floor.words
        if not place:
            return [say((words("station.watch"), DIM)), say()]
        kind = words("station.courier" if place in self._known.couriers else "station.station")
        name = self._called(place)
        return [say((f"{name}  ", BRIGHT), (place, DIM)) if name else say((place, BRIGHT)), say((kind, DIM))]

    def _called(self, place: str) -> str:
        """Return what people call a station, empty as long as the controller has not said it."""
        line = self.floor.view.line
        known = next((one for one in line["stations"] if one["id"] == place), None) if line else None
        return self.floor.words.pick(known["name_zh"], known["name_en"]) if known else ""

    def _look(self) -> None:
        try:
            keys = read_keys(self._key_file)
        except KeysMissing as missing:
            self._why = str(missing)
        else:
            if keys == self._known:
                return
            self._known, self._why = keys, ""
        self.paint()
        self.query_one(Table).point_at(self._present)
