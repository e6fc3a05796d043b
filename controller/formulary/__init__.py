"""Herbs, doses, incompatibilities and recipe numbers as tables that a pharmacist can read and edit.

`load_formulary()` and `load_recipes()` read the tables beside this file, strictly: a wrong table is refused whole, with
every problem and its place (`FormularyError.problems`). `formulary_problems()` and `recipe_problems()` say the same as lines.
"""

from __future__ import annotations

from controller.formulary.loader import formulary_problems, load_formulary, load_recipes, recipe_problems
from controller.formulary.reading import FormularyError

__all__ = ["FormularyError", "formulary_problems", "load_formulary", "load_recipes", "recipe_problems"]
