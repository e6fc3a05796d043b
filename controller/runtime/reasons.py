"""What an exception may say to people: its deepest reason, in one short line, and never the words of unknown libraries.

Only the disk, the database file and our own store speak for themselves; of anything else the type is told, since its words may
quote what it worked on.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from controller.store import StoreError
from controller.texts.inert import clean

_MOST: Final = 200
"""Characters that an alarm keeps of it."""


def words_of(error: BaseException) -> str:
    """Return why something failed; never empty."""
    while (cause := error.__cause__ or getattr(error, "orig", None)) is not None:
        error = cause
    said = ""
    if isinstance(error, OSError):
        said = ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    elif isinstance(error, sqlite3.Error | StoreError):
        said = str(error)
    return clean(said)[:_MOST] or type(error).__name__
