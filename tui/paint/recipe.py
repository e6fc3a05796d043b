"""The recipe table: what it changes, each number under the layer that says so, what is wrong with it, and earlier versions."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from tui.clocks import iso
from tui.codes import short
from tui.figures import site_zone
from tui.ink import BAD, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, WARN, fit, rule, say, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.wire.recipe import RecipeChange, RecipeFlaw, RecipeVersion, RecipeView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_NAME, _OLD = 26, 16
_ARROW = " → "
_DAY = len("2026-11-22")
_LAYERS = ("general", "site", "kinds", "classes")
_LAYERED = frozenset({"kinds", "classes"})


def changes(recipe: RecipeView) -> list[RecipeChange]:
    """Return what differs, the site's own name for it aside: the heading has that."""
    return [one for one in recipe["changes"] if one["place"] != "version"]


def head(recipe: RecipeView | None, words: Words, width: int) -> list[Line]:
    """Return which table it is, and whether it may be used."""
    if recipe is None:
        return [rule(words("recipe.title", version=""), width), say((words("overview.waiting"), FAINT))]
    title = rule(words("recipe.title", version=recipe["version"]), width, recipe["digest"][:12])
    state = ("recipe.approved", GOOD) if recipe["approved"] else ("recipe.waiting", WARN)
    return [title, *wrap(say((words(state[0]), state[1])), width), say((summary(recipe, words), DIM))]


def summary(recipe: RecipeView, words: Words) -> str:
    """Say how much it changes and whether anything is wrong with it."""
    count = len(changes(recipe))
    against = (
        words("recipe.changes", before=recipe["before"], count=count)
        if recipe["before"]
        else words("recipe.first", count=count)
    )
    flaws = words("recipe.flaws", count=len(recipe["flaws"])) if recipe["flaws"] else words("recipe.sound")
    return f"{against}  {flaws}"


def whole(recipe: RecipeView | None, view: View, words: Words, width: int) -> list[Line]:
    """Return what is wrong, then every change under its layer, then the versions."""
    if recipe is None:
        return []
    return [
        *(line for flaw in recipe["flaws"] for line in wrap(_flaw(flaw, words), width)),
        *_by_layer(changes(recipe), words, width),
        *_versions(recipe["versions"], view, words, width),
        *wrap(say((f"sha256 {recipe['digest']}", FAINT)), width),
    ]


def layer(name: str, words: Words) -> str:
    """Return a layer as people say it: whose it is, of which class, on which kind of pot."""
    own, _, place = name.rpartition(" ")
    parts = place.split(".")
    if parts[0] not in _LAYERED:
        return words.of("layer", place)
    named = {"classes": "class", "kinds": "pot-kind"}
    told = [words.of(named[table], value) for table, value in zip(parts[::2], parts[1::2], strict=True)]
    return " · ".join([*([words.of("layer", own)] if own else []), *told])


def _flaw(flaw: RecipeFlaw, words: Words) -> Line:
    return say((words.pick(flaw["text_zh"], flaw["text_en"]), BAD), "  ", (flaw["place"], DIM))


def _by_layer(found: Sequence[RecipeChange], words: Words, width: int) -> Iterator[Line]:
    def where(change: RecipeChange) -> tuple[int, str, str]:
        place = change["layer"].rpartition(" ")[2]
        return _LAYERS.index(place.partition(".")[0]), place, change["layer"]

    for (_, _, name), group in groupby(sorted(found, key=where), where):
        yield rule(layer(name, words), width, name if "." in name else "")
        for change in group:
            yield from _change(change, words, width)


def _change(change: RecipeChange, words: Words, width: int) -> Iterator[Line]:
    parts = change["place"].split(".")
    name = say((words.of("setting", parts[-1] if parts[0] in _LAYERED else change["place"]), PLAIN))
    old, new = say((_value(change["old"], words), DIM)), say((_value(change["new"], words), BRIGHT))
    if old.cell_length <= _OLD and name.cell_length <= _NAME:
        yield from wrap(say(fit(name, _NAME), fit(old, _OLD, right=True), (_ARROW, NOTE), new), width)
    else:
        yield name
        yield from wrap(say("  ", old, (_ARROW, NOTE), new), width)


def _value(text: str, words: Words) -> str:
    """Return a number of the table as people write it; `-` where there is none."""
    if text == "-":
        return text
    value: Any = json.loads(text)
    many = cast("list[float | str]", value if isinstance(value, list) else [value])
    return ", ".join(words.of("pot-kind", one) if isinstance(one, str) else f"{one:g}" for one in many)


def _versions(versions: Sequence[RecipeVersion], view: View, words: Words, width: int) -> Iterator[Line]:
    if not versions:
        return
    yield rule(words("recipe.versions"), width)
    for one in reversed(versions):
        who = short(one["by"]) if one["by"] else words("recipe.simulated")
        note = one["note"] if one["by"] else ""
        yield fit(
            say((f"{one['version']}  ", BRIGHT), f"{iso(one['at'], site_zone(view))[:_DAY]}  {who}  ", (note, DIM)),
            width,
        )
