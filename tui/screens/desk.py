"""The two desks that take scans: the bench and floor desk, and dispatch. The same scan line, other tasks beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui import acts
from tui.codes import is_code
from tui.desk import EMPTY
from tui.freshness import Need
from tui.paint import desk
from tui.screens.page import Page
from tui.screens.sign import Request
from tui.state import Ask, Minutes, Weigh, replace
from tui.widgets.field import CODE, NUMBER, Field
from tui.widgets.sheet import Sheet
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from controller.wire import TaskView
    from tui.screens.sign import NoteRule
    from tui.state import View

_PROMPTS: dict[type[Ask] | None, tuple[str, str]] = {
    None: ("desk.prompt", CODE),
    Weigh: ("desk.prompt-grams", NUMBER),
    Minutes: ("desk.prompt-minutes", NUMBER),
}


class DeskPage(Page):
    """The answer to the last scan, what is in hand, a line to type into, the tasks."""

    NEEDS = frozenset({Need.TASKS})
    AUTO_FOCUS = "Table"  # a scanner needs no field
    SHOWS_VERDICTS = True
    GROUPS: ClassVar[tuple[tuple[str, ...], ...]]

    def __init__(self) -> None:
        super().__init__()
        self._asked: Ask | None = None
        self._group = 0

    def body(self) -> ComposeResult:
        """Mount the desk."""
        yield Sheet(id="verdict")
        yield Sheet(id="hand")
        yield Field(id="code", allowed=CODE)
        yield Table(id="tasks")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, now_s = self.floor.words, self.floor.now_s()
        self._sheet("verdict").show(lambda width, height: desk.verdict(view, words, (width, height)))
        self._sheet("hand").show(lambda width, _height: desk.in_hand(view, words, width))
        self._prompt(view.ask)
        found = desk.ordered(self._tasks(), view, now_s)
        table = self.query_one(Table)
        width = table.content_size.width
        table.fill(
            desk.columns(words, width),
            [desk.key(task) for task in found],
            lambda row: desk.cells(found[row], view, words, now_s, width),
            words("list.no-tasks"),
        )

    def _prompt(self, ask: Ask | None) -> None:
        """Ask for a code, grams or minutes; the focus goes to the line when something is asked anew."""
        field = self.query_one("#code", Field)
        name, allowed = _PROMPTS[type(ask) if ask else None]
        field.name_it(self.floor.words(name))
        if ask == self._asked:
            return
        self._asked = ask
        field.text = ""
        field.input.restrict = allowed
        if ask is not None:
            field.input.focus()
        else:
            self.query_one(Table).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        text, ask = event.value.strip().upper(), self.floor.view.ask
        event.input.value = ""
        if ask is not None and text:
            self.floor.start(self._answer(ask, text))
        elif is_code(text):
            self.floor.scanned(text)
        self.query_one("#code", Field).input.focus()

    async def _answer(self, ask: Ask, text: str) -> None:
        signature = await self.floor.badge(ask.herb)
        if signature is None:
            return
        if isinstance(ask, Weigh):
            await self.floor.bench.weighed(ask, text, signature)
        else:
            await self.floor.bench.attested(ask, text, signature)

    @on(Table.Chosen)
    def _begin(self) -> None:
        """Weigh on where a drawer was scanned before this terminal came up."""
        task = self._at_cursor()
        if task is not None and task["kind"] == "draw" and task["details"].get("lot"):
            self.floor.change(replace(self.floor.view, ask=acts.weighing(task)))

    def action_enter_code(self) -> None:
        """Type a code by hand."""
        self.query_one("#code", Field).input.focus()

    def action_put_down(self) -> None:
        """Forget what is in hand or asked."""
        self.query_one("#code", Field).text = ""
        self.floor.change(replace(self.floor.view, hand=EMPTY, ask=None))
        self.query_one(Table).focus()

    def action_narrow(self) -> None:
        """Show the tasks of the next kind of work only."""
        self._group = (self._group + 1) % len(self.GROUPS)
        self.show(self.floor.view)

    def _tasks(self) -> list[TaskView]:
        return [task for task in self.floor.view.tasks if task["kind"] in self.GROUPS[self._group]]

    def _at_cursor(self) -> TaskView | None:
        key = self.query_one(Table).key
        return next((task for task in self.floor.view.tasks if desk.key(task) == key), None)


_BENCH = ("bind-pail", "draw", "separate")
_BY_HAND = ("begin-by-hand", "end-by-hand", "do-by-hand")
_FLOOR = ("place-pail", "charge", "empty-pot", "strain", "add-main", "load-hopper", "add-late", *_BY_HAND)


class ScanPage(DeskPage):
    """Benches and floor: pails, drawers, vessels, packets."""

    TITLE_KEY = "scan"
    KINDS = _BENCH + _FLOOR
    GROUPS = (KINDS, _BENCH, _FLOOR)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "enter_code", "key.enter-code"),
        Binding("escape", "put_down", "key.put-down"),
        Binding("f", "narrow", "key.narrow"),
        Binding("l", "app.lock", "key.lock"),
    ]


class DispatchPage(DeskPage):
    """Dispatch and couriers: bags into parcels, parcels to couriers, and how they ended."""

    TITLE_KEY = "dispatch"
    KINDS = ("box", "box-packet", "hand-over", "deliver")
    GROUPS = (KINDS, KINDS[:2], KINDS[2:])
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "deliver('delivered')", "key.delivered"),
        Binding("x", "deliver('refused')", "key.refused"),
        Binding("b", "deliver('returned')", "key.returned"),
        Binding("slash", "enter_code", "key.enter-code"),
        Binding("escape", "put_down", "key.put-down"),
        Binding("f", "narrow", "key.narrow"),
    ]

    def action_deliver(self, outcome: str) -> None:
        """Say how the parcel under the cursor ended; a stray key must not, so that Enter confirms it."""
        task = self._at_cursor()
        if task is not None and task["kind"] == "deliver":
            self.floor.start(self._deliver(task, outcome))

    async def _deliver(self, task: TaskView, outcome: str) -> None:
        meaning = f"{self.floor.words.of('outcome', outcome)}  {task['code']}"
        note: NoteRule = "none" if outcome == "delivered" else "optional"
        signed = await self.floor.signed(Request(meaning, pin=False, note=note))
        if signed is not None:
            await self.floor.bench.intent(acts.deliver(task["code"], outcome, signed.signature.note), signed.signature)
