"""Reads the numbers by which batches are judged after an outage; no cache, read once by whoever needs them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from controller.formulary.reading import FormularyError, read_table
from controller.quality.outage import OutageTable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_HOME = files("controller.formulary")


def outage_problems(file: Traversable = _HOME / "outage.toml") -> list[str]:
    """Return what is wrong with the table, one line each; empty where all is well."""
    try:
        load_outage_table(file)
    except FormularyError as error:
        return list(error.problems)
    return []


def load_outage_table(file: Traversable = _HOME / "outage.toml") -> OutageTable:
    """Read outage.toml. Raises FormularyError with every problem."""
    return read_table(file, OutageTable)
