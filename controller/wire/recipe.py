"""What the API says of the recipe table."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class RecipeVersion(TypedDict):
    """A version that was approved. `by` is empty where the first table of a simulated site was taken for approved."""

    version: str
    digest: str
    by: str
    at: int
    note: str


class RecipeChange(TypedDict):
    """One number that differs from the last approved table, `-` where one does not have it. `layer`: which sets it now."""

    place: str
    layer: str
    old: str
    new: str


class RecipeFlaw(TypedDict):
    """What the number at `place` and the pots of this site do not keep between them."""

    place: str
    rule: str
    text_zh: str
    text_en: str


class RecipeView(TypedDict):
    """The table in force. `content`: all its numbers, the site's over the general ones.

    `before`: version of the last approved table, of which `changes` tells; empty where there was none.
    """

    version: str
    digest: str
    approved: bool
    content: dict[str, Any]
    versions: list[RecipeVersion]
    before: str
    changes: list[RecipeChange]
    flaws: list[RecipeFlaw]
