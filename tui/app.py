"""The floor terminal: holds the view, hands keys and scans to who wants them, paints the page in sight; nothing is decided here.

What takes long to import (HTTP) is imported after the first paint. Whatever fails in the background is said in one line and
started again; the screen stays.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.screen import ModalScreen

from tui import state
from tui.background import Background, NotConnected
from tui.codes import is_code, narrow
from tui.freshness import Need
from tui.paint import chrome
from tui.scanner import ENTER, TYPING_GAP_S, Scanner
from tui.screens import PAGES, page_class
from tui.screens.page import Page, TakesScans
from tui.state import Notice, Tone, Verdict, View
from tui.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.widgets import Input

    from tui.acts import Signature
    from tui.bench import Bench
    from tui.screens.sign import Request, Signed
    from tui.words import Locale

HOME = {
    "review": "review",
    "dispensing": "scan",
    "floor": "scan",
    "verification": "signing",
    "release": "signing",
    "dispatch": "dispatch",
    "courier": "dispatch",
}
"""The page where the work of a kind of station is done."""

BASE = "overview"
BEAT_S = 1.0
"""How often clocks and ages on the screen move."""

INTERRUPTED = 130
NOTICE_S = 8.0
TRAIL = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What the terminal is started with. `station`: None asks, empty only shows."""

    url: str
    key_file: Path
    locale: Locale = "zh_CN"
    station: str | None = None


def _page(name: str) -> Page:
    return page_class(name)()


class FloorApp(App[None]):
    """The terminal as a Textual app. `now_s`: the monotonic clock."""

    CSS_PATH = "floor.tcss"
    SCREENS: ClassVar[dict[str, Callable[[], Screen[Any]]]] = {name: partial(_page, name) for name in PAGES}
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - Textual's own declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "key.help", key_display="F1"),
        *(Binding(f"f{number}", f"go('{name}')", show=False) for number, name in enumerate(chrome.SCREENS, 2)),
        Binding("ctrl+t", "station", "key.station", show=False),
        Binding("f12", "language", "key.language", priority=True),
        Binding("ctrl+q", "quit", "key.quit", priority=True),
        Binding("ctrl+c", "interrupt", show=False, priority=True),
    ]

    def __init__(self, options: Options, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.words = Words(options.locale)
        self.now_s = now_s
        self.view = state.stationed(replace(View(), link_since_s=now_s()), options.station or "")
        self._options = options
        self._background = Background(self, options.url, options.key_file)
        self._scanner = Scanner()
        self._here = BASE
        self._trail: list[str] = []
        self._painting = False
        self._guard = os.getppid()

    # --- what screens ask ---

    @property
    def bench(self) -> Bench:
        """Where acts are carried out. Raise `NotConnected` before the background has started."""
        return self._background.bench

    def change(self, view: View) -> None:
        """Replace the view and paint it soon: many changes are one painting."""
        kind, before = view.session.kind, self.view.session.kind
        self.view = view
        if kind != before and kind in HOME and self._here == BASE:
            self.call_later(self.go, HOME[kind])
        if not self._painting:
            self._painting = True
            self.call_later(self._paint)

    def look(self, *needs: Need) -> None:
        """Fetch these at once: another thing is to be shown."""
        self._background.look(*needs, anew=True)

    def arrived(self) -> None:
        """Fetch what the page that has just come into sight needs, as far as it is old."""
        self._background.look(*self.needs())

    def needs(self) -> frozenset[Need]:
        """Return what the page in sight shows; the band always counts alarms."""
        return self.page.NEEDS | {Need.LINE, Need.ALARMS, Need.STATION}

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of tasks that the page in sight shows."""
        return self.page.KINDS

    @property
    def page(self) -> Page:
        """The page in sight, or under the modal in sight."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, Page))

    def open_case(self, case: str) -> None:
        """Turn to a prescription, wherever it is shown."""
        self.change(state.opened(self.view, case))
        self.look(Need.CASE)

    def turn_to(self, machine: str) -> None:
        """Turn to a machine."""
        self.change(state.turned_to(self.view, machine))
        self.look(Need.MACHINE, Need.CURVE)

    def turn_month(self, month: str) -> None:
        """Turn to the load of alarms of a month."""
        self.change(replace(self.view, load_month=month, load=None))
        self.look(Need.LOAD)

    def go(self, name: str) -> None:
        """Show a page."""
        if not isinstance(self.screen, ModalScreen) and name != self._here:
            self._trail = [*self._trail[1 - TRAIL :], self._here]
            self._switch(name)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry out what a key has asked for, beside the painting; a failure of it is said and ends nothing."""
        self.run_worker(self._background.guarded(work), exit_on_error=False, group="acts")

    async def signed(self, request: Request) -> Signed | None:
        """Ask for a signature; None when it is taken back."""
        from tui.screens.sign import SignModal  # noqa: PLC0415 - brings input fields, which the first paint does not need

        return await self.push_screen_wait(SignModal(request, self.view.session.actor))

    async def badge(self, meaning: str) -> Signature | None:
        """Return who acts here, asking for a badge where nobody is logged in."""
        from tui.acts import Signature  # noqa: PLC0415 - nobody has acted before the first paint
        from tui.screens.sign import Request  # noqa: PLC0415 - the same

        if self.view.session.actor:
            return Signature(self.view.session.actor)
        signed = await self.signed(Request(meaning, pin=False))
        return signed.signature if signed else None

    def scanned(self, code: str) -> None:
        """Take a code: the screen in sight may have a use for it, else it goes to the scan desk."""
        screen = self.screen
        if isinstance(screen, TakesScans) and screen.take_scan(code):
            return
        try:
            more_than_a_badge = self.bench.scanned(code)
        except NotConnected as early:
            self.tell(str(early))
        else:
            if more_than_a_badge and not self.page.SHOWS_VERDICTS:
                self.go("scan")

    def answered(self, verdict: Verdict) -> None:
        """Show what became of an act: on a desk in large, elsewhere in one line."""
        self.change(replace(self.view, verdict=verdict))
        if not self.page.SHOWS_VERDICTS:
            self.tell("  ".join((verdict.title, *verdict.lines[:1])), verdict.tone)

    def tell(self, text: str, tone: Tone = Tone.BAD) -> None:
        """Show one line for a while in place of the keys."""
        self.change(replace(self.view, notice=Notice(text, tone, self.now_s() + NOTICE_S)))

    # --- keys ---

    async def on_event(self, event: events.Event) -> None:
        """Look at every key before anybody else does: it may be the scanner's."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.view = state.touched(self.view, self.now_s())
            if self._caught(event):
                return
        elif isinstance(event, events.Paste) and not event.is_forwarded and is_code(event.text.strip()):
            self.scanned(event.text.strip())
            return
        await super().on_event(event)

    def _caught(self, event: events.Key) -> bool:
        """Return whether the key belongs to a scan, or is held until that is known."""
        typing = self._typing()
        character = ENTER if event.key == "enter" else narrow(event.character or "")
        caught = self._scanner.feed(character, event.time, typing=typing)
        self._give_back(caught.back)
        if caught.foreign:
            self._turn_away()
        elif not character.isascii() and not typing:
            self.tell(self.words("notice.input-method"))
        if caught.code:
            self.scanned(caught.code)
        held = self._scanner.held
        if held != self.view.held and not typing:
            self.change(replace(self.view, held=held))
        if held and typing:
            self.set_timer(2 * TYPING_GAP_S, lambda: self._let_go(held))
        return not caught.passes

    def _turn_away(self) -> None:
        """Say that something else was scanned; what of it reached a field of digits or codes goes."""
        if self.focused is not None and self.focused.has_class("narrow"):
            field = cast("Input", self.focused)
            field.call_later(field.clear)  # behind the keys that are still on their way to it
        self.tell(self.words("notice.foreign"))

    def _let_go(self, held: str) -> None:
        """Give keys back to the field when nothing has followed them."""
        if self._scanner.held == held:
            self._give_back(self._scanner.expire(float("inf"), typing=True))

    def _give_back(self, text: str) -> None:
        if text and self._typing():
            cast("Input", self.focused).insert_text_at_cursor(text)

    def _typing(self) -> bool:
        """Say whether a field that takes any text has the focus."""
        return self.focused is not None and self.focused.has_class("free")

    def action_go(self, name: str) -> None:
        """Show a page."""
        self.go(name)

    def action_last_page(self) -> None:
        """Show the page that was shown before."""
        before = self._trail.pop() if self._trail else BASE
        if before != self._here:
            self._switch(before)

    def action_help(self) -> None:
        """Show the help."""
        from tui.screens.help import HelpModal  # noqa: PLC0415 - brings every page

        if not isinstance(self.screen, ModalScreen):
            keys = {name: page_class(name).own_keys() for name in PAGES}
            for page, under in (("prescription", "prescriptions"), ("load", "alarms"), ("recipe", "signing")):
                keys[under] += [one for one in keys.pop(page) if one not in keys[under]]
            self.push_screen(HelpModal(keys))

    def action_language(self) -> None:
        """Speak the other language."""
        self.words = self.words.other()
        self._paint()

    def action_interrupt(self) -> None:
        """Leave as every command does on Ctrl-C, with the exit code that says so."""
        self.exit(return_code=INTERRUPTED)

    def action_lock(self) -> None:
        """Forget who stands here."""
        self.change(state.locked(self.view))

    def action_station(self) -> None:
        """Ask for the station again."""
        from tui.screens.station import StationModal  # noqa: PLC0415 - asked only where it was not told

        self.push_screen(StationModal(self._options.key_file, self.view.session.station), self._stand_at)

    # --- life ---

    def get_default_screen(self) -> Screen[Any]:
        """Lay the line at a glance under everything: the other pages are pushed on it."""
        return cast("Page", self.get_screen("overview"))  # pyright: ignore[reportUnknownMemberType] - as below

    def on_mount(self) -> None:
        """Ask where the terminal stands; start the background after the first paint."""
        if self._options.station is None:
            self.action_station()
        self.set_interval(BEAT_S, self._beat)
        self.call_after_refresh(lambda: self.run_worker(self._background.run(), exit_on_error=False))

    async def on_unmount(self) -> None:
        """Close the connection."""
        await self._background.aclose()

    def _stand_at(self, station: str | None) -> None:
        if station and station == self.view.session.station:
            return
        self.change(state.stationed(self.view, station or ""))
        self._background.move(station or "")

    def _beat(self) -> None:
        if os.getppid() != self._guard:
            self.exit()  # whoever resets the terminal behind us is gone
        if state.must_lock(self.view, self.now_s()):
            self.view = state.locked(self.view)
            self.tell(self.words("notice.locked"))
        self._paint()

    def _paint(self) -> None:
        self._painting = False
        for screen in {self.screen, self.page} if self.is_running else ():
            if screen.is_mounted:
                self.paint(cast("Page", screen))

    def paint(self, page: Page) -> None:
        """Paint a page, unless the app is about to end: then its parts may be gone before it."""
        if self._closing or not self.is_running:
            return
        try:
            page.paint()
        except Exception as error:  # noqa: BLE001 - what cannot be painted is said at the next beat, the rest stays
            notice = Notice(self.words("notice.crashed", why=repr(error)), Tone.BAD, self.now_s() + NOTICE_S)
            self.view = replace(self.view, notice=notice)

    def _switch(self, name: str) -> None:
        at_base = self._here == BASE
        self._here = name
        if name == BASE:
            self.pop_screen()
        elif at_base:
            self.push_screen(name)
        else:
            self.switch_screen(name)  # pyright: ignore[reportUnknownMemberType] - Textual leaves its screens' results open
