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
    """One number that differs from the last approved table; `-` where one of them does not have it."""

    place: str
    old: str
    new: str


class RecipeView(TypedDict):
    """The table in force. `content`: all its numbers, the site's over the general ones."""

    version: str
    digest: str
    approved: bool
    content: dict[str, Any]
    versions: list[RecipeVersion]
    changes: list[RecipeChange]
