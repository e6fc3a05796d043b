"""The frame of every screen: band, body, names of the screens, keys. A page declares what it needs and paints a view."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol, cast, runtime_checkable

from textual.binding import Binding
from textual.screen import Screen

from tui.paint import chrome
from tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.app import FloorApp
    from tui.freshness import Need
    from tui.state import View

KEY_NAMES = {
    "enter": "Enter", "escape": "Esc", "slash": "/", "tab": "Tab", "pagedown": "PgDn",
    "question_mark": "?", "ctrl+q": "^Q", "ctrl+t": "^T",
}  # fmt: skip


def keys_of(bindings: Sequence[BindingType], *, hidden: bool = False) -> list[tuple[str, str]]:
    """Return the keys to show with the words for them; `hidden`: also those that only the help names."""
    named = [one for one in bindings if isinstance(one, Binding) and one.description]
    shown = [one for one in named if one.show or hidden]
    return [
        (
            one.key_display or KEY_NAMES.get(one.key, one.key.upper() if one.key[1:].isdecimal() else one.key),
            one.description,
        )
        for one in shown
    ]


@runtime_checkable
class TakesScans(Protocol):
    """A screen that may have a use for a scanned code."""

    def take_scan(self, code: str) -> bool:
        """Return whether the code was used up."""
        ...


class Page(Screen[None]):
    """One screen of the terminal. `KINDS`: of the tasks it shows; `HINTS`: keys that its widgets take, with their words."""

    TITLE_KEY: ClassVar[str]
    NEEDS: ClassVar[frozenset[Need]] = frozenset()
    KINDS: ClassVar[tuple[str, ...]] = ()
    SHOWS_VERDICTS: ClassVar[bool] = False
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()

    @property
    def floor(self) -> FloorApp:
        """The app, by its own type."""
        return cast("FloorApp", self.app)

    @classmethod
    def own_keys(cls) -> list[tuple[str, str]]:
        """Return the keys of this page, with the words for them."""
        return [*cls.HINTS, *keys_of(cls.BINDINGS)]

    def compose(self) -> ComposeResult:
        """Mount the frame around the body."""
        yield Sheet(id="band")
        yield from self.body()
        yield Sheet(id="screens")
        yield Sheet(id="keys")

    @abstractmethod
    def body(self) -> ComposeResult:
        """Mount what is this page's own."""

    @abstractmethod
    def show(self, view: View) -> None:
        """Paint the view."""

    def take_scan(self, code: str) -> bool:
        """Take a scanned code if this page has a use for it; else it goes to the scan desk."""
        del code
        return False

    def paint(self) -> None:
        """Paint frame and body."""
        floor = self.floor
        view, words, now_s = floor.view, floor.words, floor.now_s()
        self._sheet("band").show(lambda width, _height: chrome.band(view, words, now_s, width))
        self._sheet("screens").show(lambda width, _height: chrome.screens(view, words, self.TITLE_KEY, width))
        pairs = [*self.own_keys(), *keys_of(floor.BINDINGS)]
        self._sheet("keys").show(lambda width, _height: chrome.keys(pairs, view, words, now_s, width))
        self.show(view)

    def on_mount(self) -> None:
        """Paint at once, with what is known."""
        self.floor.paint(self)

    def on_screen_resume(self) -> None:
        """Paint what has changed meanwhile, and fetch what is old."""
        self.floor.arrived()
        self.floor.paint(self)

    def _sheet(self, name: str) -> Sheet:
        return self.query_one(f"#{name}", Sheet)
