"""The recipe table in force: approved or not, by whom, which versions there were, and what changed since the last."""

import json

from fastapi import APIRouter, Response

from controller.api.desk import Here, answer_json
from controller.recipes.difference import difference
from controller.wire.recipe import RecipeView

router = APIRouter(prefix="/api/v1", tags=["floor"])


@router.get("/recipe", responses={200: {"model": RecipeView}})
async def recipe(here: Here) -> Response:
    """Show the table in force and its approvals."""
    line = here.context.line
    table, known = line.book.recipes, line.floor.recipes
    versions = sorted(known.values(), key=lambda one: one.at)
    before = next((one.content for one in reversed(versions) if one.digest != table.digest), "{}")
    view: RecipeView = {
        "version": table.version,
        "digest": table.digest,
        "approved": table.digest in known,
        "content": json.loads(table.content),
        "versions": [
            {"version": one.version, "digest": one.digest, "by": one.by, "at": one.at, "note": one.note}
            for one in versions
        ],
        "changes": [{"place": place, "old": old, "new": new} for place, old, new in difference(before, table.content)],
    }
    return answer_json(view)
