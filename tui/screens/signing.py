"""The signing desk: holds, excursions, a recipe table, releases, verifications, each with its facts and choices under keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui import acts
from tui.freshness import Need
from tui.paint import signing
from tui.screens.page import Page
from tui.screens.sign import Request
from tui.widgets.sheet import Scroll
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from controller.wire import TaskView
    from tui.screens.sign import NoteRule
    from tui.state import View
    from tui.words import Words

_NOTES: dict[str, NoteRule] = {
    "accept_deviation": "required",
    "scrap": "required",
    "continue": "optional",
    "run_deficit": "optional",
    "migrate": "required",
    "retry": "required",
    "skip": "required",
    "assume_ok": "required",
}
_SEEN = frozenset({"retry", "assume_ok", "migrate"})
"""Choices by which a person says what was seen at the machine."""
_STATED = _SEEN | {"skip"}
"""Choices whose statement stands in full above the signature."""


class SigningPage(Page):
    """The queue, and what is to be signed."""

    TITLE_KEY = "signing"
    NEEDS = frozenset({Need.TASKS, Need.CASE})
    KINDS = signing.KINDS
    HINTS = (("Enter", "key.open"), ("Tab", "key.scroll"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "sign(0)", "key.sign", key_display="1-8"),
        Binding("2", "sign(1)", show=False),
        Binding("3", "sign(2)", show=False),
        Binding("4", "sign(3)", show=False),
        Binding("5", "sign(4)", show=False),
        Binding("6", "sign(5)", show=False),
        Binding("7", "sign(6)", show=False),
        Binding("8", "sign(7)", show=False),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def body(self) -> ComposeResult:
        """Mount queue and detail."""
        with Container(id="middle"):
            yield Table(id="queue")
            yield Scroll(id="detail")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s, found = self.floor.words, self.floor.now_s(), self._tasks()
        self.query_one(Table).fill(
            signing.columns(words),
            [_key(task) for task in found],
            lambda row: signing.cells(found[row], view, words, now_s),
            words("signing.none"),
        )
        task = self._at_cursor()
        if task is not None and task["case"] and task["case"] != view.case_id:
            self.floor.open_case(task["case"])
        self.query_one(Scroll).show(lambda width, _height: signing.detail(task, view, words, width))

    @on(Table.Moved)
    def _turn(self) -> None:
        self.query_one(Scroll).rewind()
        self.show(self.floor.view)

    @on(Table.Chosen)
    def _open(self) -> None:
        task = self._at_cursor()
        if task is not None and task["kind"] == "recipe":
            self.floor.go("recipe")
        elif task is not None and task["case"]:
            self.floor.open_case(task["case"])
            self.floor.go("prescription")

    def action_sign(self, number: int) -> None:
        """Sign one of the choices."""
        task = self._at_cursor()
        if task is None or number >= len(acts.choices_of(task)):
            return
        if task["kind"] == "recipe":
            self.floor.go("recipe")  # nobody signs for numbers without having them on the screen
        else:
            self.floor.start(self._sign(task, acts.choices_of(task)[number]))

    async def _sign(self, task: TaskView, choice: str) -> None:
        words = self.floor.words
        meaning = f"{words.of('choice', choice)}  {task['prescription_no']}"
        lines = (*_statement(task, choice, words), words.pick(task["text_zh"], task["text_en"]))
        signed = await self.floor.signed(Request(meaning, lines, note=_NOTES.get(choice, "none")))
        if signed is not None:
            await self.floor.bench.intent(acts.sign(task, choice, signed.signature.note), signed.signature)

    def _tasks(self) -> list[TaskView]:
        """Return what waits for a signature: holds and excursions first, at a verification bench what is to be verified."""
        view = self.floor.view
        first = "verify" if view.session.kind == "verification" else ""
        return sorted(
            (task for task in view.tasks if task["kind"] in self.KINDS),
            key=lambda task: (task["kind"] != first, self.KINDS.index(task["kind"]), task["rank"]),
        )

    def _at_cursor(self) -> TaskView | None:
        key = self.query_one(Table).key
        return next((task for task in self._tasks() if _key(task) == key), None)


def _statement(task: TaskView, choice: str, words: Words) -> tuple[str, ...]:
    """Return what a person says by this choice, in full; empty for those that say it in a word."""
    if choice not in _STATED:
        return ()
    statement = words(f"statement.{choice}", **task["details"])
    return (statement, words("signing.seen-there")) if choice in _SEEN else (statement,)


def _key(task: TaskView) -> str:
    return f"{task['kind']} {task['batch']} {task['code']} {task['details'].get('reason', '')}"
