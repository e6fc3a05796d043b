"""The review desk: prescriptions by slack, what review has found, and the pharmacist's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui import acts
from tui.freshness import Need
from tui.ink import DIM, say
from tui.paint import review
from tui.screens.page import Page
from tui.screens.sign import Request
from tui.widgets.settings import Setting
from tui.widgets.sheet import Scroll
from tui.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from controller.wire import FindingView, PrescriptionView, TaskView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

CLASSES = ("general", "exterior-releasing", "tonic")
HANDLINGS = (
    "none", "decoct-first", "add-late", "wrap", "decoct-separately", "melt", "take-with", "decoct-for-water",
)  # fmt: skip


class ReviewPage(Page):
    """The queue, and the prescription under the cursor."""

    TITLE_KEY = "review"
    NEEDS = frozenset({Need.TASKS, Need.ROWS, Need.CASE})
    KINDS = ("review",)
    HINTS = (("Tab", "key.scroll"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "key.approve"),
        Binding("r", "turn_down('return')", "key.return"),
        Binding("x", "turn_down('reject')", "key.reject"),
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
        table = self.query_one(Table)
        width = table.content_size.width
        table.fill(
            review.columns(words, width),
            [task["case"] for task in found],
            lambda row: review.cells(found[row], view, words, now_s, width),
            words("list.no-tasks"),
        )
        self._open()
        self.query_one(Scroll).show(lambda width, _height: self._detail(view, words, now_s, width))

    @on(Table.Moved)
    def _turn(self) -> None:
        self.query_one(Scroll).rewind()
        self.show(self.floor.view)

    def _open(self) -> None:
        key = self.query_one(Table).key
        if key and key != self.floor.view.case_id:
            self.floor.open_case(key)

    def _detail(self, view: View, words: Words, now_s: float, width: int) -> list[Line]:
        case = self._case()
        if case is None:
            return [say((words("list.no-tasks" if not self._tasks() else "overview.waiting"), DIM))]
        return review.detail(case, view, words, now_s, width)

    def _case(self) -> PrescriptionView | None:
        case = self.floor.view.case
        return case if case is not None and case["id"] == self.query_one(Table).key else None

    def _tasks(self) -> list[TaskView]:
        return [task for task in self.floor.view.tasks if task["kind"] in self.KINDS]

    def action_approve(self) -> None:
        """Approve, with the settings that the reviewer must confirm."""
        case = self._case()
        if case is not None:
            self.floor.start(self._approve(case))

    def action_turn_down(self, decision: str) -> None:
        """Send back to the prescriber, or reject."""
        case = self._case()
        if case is not None:
            self.floor.start(self._turn_down(case, decision))

    async def _approve(self, case: PrescriptionView) -> None:
        words = self.floor.words
        meaning = f"{words('decision.approve')}  {case['prescription_no']}"
        settings = tuple(one for finding in case["findings"] for one in _settings(finding, words))
        signed = await self.floor.signed(Request(meaning, (_whose(case),), settings=settings))
        if signed is not None:
            handlings = {herb: code for herb, code in signed.settings.items() if herb}
            await self.floor.bench.intent(
                acts.approve(case["id"], signed.settings.get("", ""), handlings), signed.signature
            )

    async def _turn_down(self, case: PrescriptionView, decision: str) -> None:
        words = self.floor.words
        meaning = f"{words.of('decision', decision)}  {case['prescription_no']}"
        signed = await self.floor.signed(Request(meaning, (_whose(case),), note="required"))
        if signed is not None:
            body = acts.turn_down(case["id"], decision, signed.signature.note)
            await self.floor.bench.intent(body, signed.signature)


def _whose(case: PrescriptionView) -> str:
    """Return the two identifiers: another prescription may come into sight behind the signature."""
    return f"{case['patient']['name']}  {case['patient']['second']}"


def _settings(finding: FindingView, words: Words) -> Iterator[Setting]:
    """Yield what the reviewer settles of one finding: the class (named empty), or the handling of each herb."""
    if finding["rule"] == "class-not-stated":
        options = tuple((code, words.of("class", code)) for code in CLASSES)
        yield Setting("", words("sign.recipe-class"), options, _place(CLASSES, finding["proposal"]))
    elif finding["rule"] == "handling-missing":
        options = tuple((code, words.of("handling", code)) for code in HANDLINGS)
        for herb in finding["herbs"]:
            yield Setting(herb, words("sign.handling-of", herb=herb), options, _place(HANDLINGS, finding["proposal"]))


def _place(codes: tuple[str, ...], proposal: str) -> int:
    return codes.index(proposal) if proposal in codes else 0
