"""The signature: what it means, what is settled with it, badge, PIN and note; nothing happens until Enter, Esc takes it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.acts import Signature
from tui.codes import BADGE, is_code, prefix
from tui.ink import BRIGHT, DIM, PLAIN, WARN, rule, say, wrap
from tui.widgets.field import CODE, DIGITS, Field
from tui.widgets.settings import Setting, Settings
from tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult

    from tui.app import FloorApp
    from tui.ink import Line

NoteRule = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be signed. `pin`: whether a PIN is asked; `settings`: what is confirmed with the signature.

    `minutes`: for how many the act holds unless the person types others; 0 where that is not asked.
    """

    meaning: str
    lines: tuple[str, ...] = ()
    pin: bool = True
    note: NoteRule = "none"
    settings: tuple[Setting, ...] = ()
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature with the settings confirmed, by name, and the minutes where they were asked."""

    signature: Signature
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    minutes: int = 0


class SignModal(ModalScreen[Signed | None]):
    """Asks for one signature."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "key.cancel")]

    def __init__(self, request: Request, badge: str) -> None:
        super().__init__()
        self._request = request
        self._badge = badge
        self._hint = ""

    @property
    def floor(self) -> FloorApp:
        """The app, by its own type."""
        return cast("FloorApp", self.app)

    def compose(self) -> ComposeResult:
        """Mount the box."""
        request = self._request
        with Vertical(id="box"):
            yield Sheet(id="meaning")
            if request.settings:
                yield Settings(request.settings)
            if request.minutes:
                yield Field(id="minutes", allowed=DIGITS)
            yield Field(id="badge", allowed=CODE)
            if request.pin:
                yield Field(id="pin", allowed=DIGITS, password=True)
            if request.note != "none":
                yield Field(id="note")
            yield Sheet(id="hint")

    def on_mount(self) -> None:
        """Fill in the badge that is logged in, and start at the first thing left to do."""
        words = self.floor.words
        for one in self.query(Field):
            one.name_it(words(f"sign.{one.id}"))
        self.query_one("#badge", Field).text = self._badge
        self.paint()
        settings = self.query(Settings)
        if settings:
            settings.first().focus()
        elif self._request.minutes:
            minutes = self.query_one("#minutes", Field)
            minutes.text = str(self._request.minutes)
            minutes.input.select_all()  # what is typed takes the place of the default
            minutes.input.focus()
        else:
            self._next()

    def paint(self) -> None:
        """Paint meaning and hint in the present language."""
        self.query_one("#meaning", Sheet).show(lambda width, _height: self._meaning(width))
        words = self.floor.words
        how = words("sign.how" if self._request.pin else "sign.how-badge")
        hint = say((self._hint, WARN)) if self._hint else say((how, DIM))
        self.query_one("#hint", Sheet).show(lambda width, _height: [say(), *wrap(hint, width)])

    def _meaning(self, width: int) -> list[Line]:
        words, request = self.floor.words, self._request
        lines = [
            rule(words("sign.title"), width),
            *wrap(say((words("sign.meaning", what=request.meaning), BRIGHT)), width),
            *(line for text in request.lines for line in wrap(say((text, PLAIN)), width)),
        ]
        return [*lines, say((words("sign.settle"), DIM))] if request.settings else [*lines, say()]

    def take_scan(self, code: str) -> bool:
        """Take a badge; anything else must wait until this is finished."""
        if prefix(code) == BADGE:
            self.query_one("#badge", Field).text = code
            self._hint = ""
            self._next()
        else:
            self._hint = self.floor.words("notice.finish-first", code=code)
        self.paint()
        return True

    def action_cancel(self) -> None:
        """Leave without signing."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._next(send=True)

    def _next(self, *, send: bool = False) -> None:
        """Go to the first thing that is still to be filled in; where there is none and `send`, sign."""
        for one in self.query(Field):
            if not self._filled(one):
                one.input.focus()
                if send:
                    self._hint = self.floor.words("sign.wants", what=self.floor.words(f"sign.{one.id}"))
                    self.paint()
                return
        if send:
            self.dismiss(self._signed())
        else:
            self.query(Field).last().input.focus()

    def _filled(self, one: Field) -> bool:
        if one.id == "badge":
            return is_code(one.text.strip().upper())
        if one.id == "minutes":
            return one.text.isdecimal() and int(one.text) > 0
        return bool(one.text.strip()) or (one.id == "note" and self._request.note == "optional")

    def _signed(self) -> Signed:
        texts = {one.id: one.text.strip() for one in self.query(Field)}
        signature = Signature(texts["badge"].upper(), texts.get("pin", ""), texts.get("note", ""))
        chosen = self.query(Settings)
        return Signed(signature, chosen.first().chosen() if chosen else {}, int(texts.get("minutes", "0")))
