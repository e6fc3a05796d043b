"""The recipe table in force: approved or not, by whom, earlier versions, what changed since the last, what is wrong with it."""

import json

from fastapi import APIRouter, Response

from controller.api.desk import Here, answer_json
from controller.recipes.difference import difference, layer_of
from controller.recipes.lint import Flaw, lint
from controller.texts import Texts
from controller.wire.recipe import RecipeFlaw, RecipeView

router = APIRouter(prefix="/api/v1", tags=["floor"])


@router.get("/recipe", responses={200: {"model": RecipeView}})
async def recipe(here: Here) -> Response:
    """Show the table in force and its approvals."""
    line = here.context.line
    table, known = line.book.recipes, line.floor.recipes
    versions = sorted(known.values(), key=lambda one: one.at)
    before = next((one for one in reversed(versions) if one.digest != table.digest), None)
    changes = difference(before.content if before else "{}", table.content)
    view: RecipeView = {
        "version": table.version,
        "digest": table.digest,
        "approved": table.digest in known,
        "content": json.loads(table.content),
        "versions": [
            {"version": one.version, "digest": one.digest, "by": one.by, "at": one.at, "note": one.note}
            for one in versions
        ],
        "before": before.version if before else "",
        "changes": [
            {"place": place, "layer": layer_of(place, table.site_keys), "old": old, "new": new}
            for place, old, new in changes
        ],
        "flaws": [_flaw(one, here.context.texts) for one in lint(table, line.book.pot_classes)],
    }
    return answer_json(view)


def _flaw(flaw: Flaw, texts: Texts) -> RecipeFlaw:
    text = texts.say("lint", flaw.rule, flaw.facts)
    return {"place": flaw.place, "rule": flaw.rule, "text_zh": text.zh, "text_en": text.en}
