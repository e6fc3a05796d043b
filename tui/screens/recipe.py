"""The recipe table that waits: what it changes, every number under its layer, and one signature for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui import acts
from tui.freshness import Need
from tui.paint import recipe as painter
from tui.screens.page import Page
from tui.screens.sign import Request
from tui.widgets.sheet import Scroll, Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from controller.wire.recipe import RecipeView
    from tui.state import View


class RecipePage(Page):
    """One sheet to read through, and a key to sign it."""

    TITLE_KEY = "signing"
    NEEDS = frozenset({Need.RECIPE})
    HINTS = (("arrows", "key.scroll"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "key.approve-recipe"),
        Binding("escape", "app.last_page", "key.back"),
    ]

    def body(self) -> ComposeResult:
        """Mount heading and changes."""
        yield Sheet(id="heading")
        yield Scroll(id="section")

    def show(self, view: View) -> None:
        """Paint the view."""
        words, recipe = self.floor.words, view.recipe
        self._sheet("heading").show(lambda width, _height: painter.head(recipe, words, width))
        self._sheet("section").show(lambda width, _height: painter.whole(recipe, view, words, width))

    def action_approve(self) -> None:
        """Sign for the table in sight, where it waits for that."""
        recipe = self.floor.view.recipe
        if recipe is None:
            return
        if recipe["approved"]:
            self.floor.tell(self.floor.words("recipe.already"))
        else:
            self.floor.start(self._approve(recipe))

    async def _approve(self, recipe: RecipeView) -> None:
        words = self.floor.words
        meaning = words("recipe.approve", version=recipe["version"])
        content = words("recipe.content", digest=recipe["digest"][:16])
        lines = (painter.summary(recipe, words), content)
        signed = await self.floor.signed(Request(meaning, lines, note="required" if recipe["flaws"] else "optional"))
        if signed is not None:
            body = acts.approve_recipe(recipe["digest"], signed.signature.note)
            await self.floor.bench.intent(body, signed.signature)
