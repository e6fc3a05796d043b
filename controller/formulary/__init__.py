"""Herbs, doses, incompatibilities, recipe numbers, alarms and outages as tables that a pharmacist can read and edit.

`load_formulary()`, `load_recipes()`, `load_alarms()` and `load_outage_table()` read the tables beside this file, strictly: a
wrong table is refused whole, with every problem and its place (`FormularyError.problems`).
"""

from __future__ import annotations

from controller.formulary.loader import load_alarms, load_formulary, load_outage_table, load_recipes
from controller.formulary.reading import FormularyError

__all__ = ["FormularyError", "load_alarms", "load_formulary", "load_outage_table", "load_recipes"]
