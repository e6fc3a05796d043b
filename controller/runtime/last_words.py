"""Why a controller ended itself is told by the next one, for nothing can be written to the journal that refused to be written.

The room for it is taken at every start and overwritten where it lies, so that a full disk has it too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import structlog

from controller.runtime.reasons import words_of
from controller.store import CommitUnknown, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "last-words.txt"
_ROOM: Final = 1_024
_LOG = structlog.get_logger(__name__)


def make_room(state: Path) -> None:
    """Forget what was said, and take the room for what may have to be; a line without that room runs all the same."""
    _write(state, b"")


def heard(state: Path) -> str:
    """Return what the former controller said, empty where it ended in any other way."""
    try:
        return (state / FILE).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def say(state: Path, failed: BaseExceptionGroup) -> None:
    """Keep why the database could not be written, where that is what `failed`."""
    refused = failed.subgroup((StoreFailed, CommitUnknown))
    if refused is None:
        return
    error = refused.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    _write(state, words_of(error).encode())


def _write(state: Path, words: bytes) -> None:
    try:
        file = os.open(state / FILE, os.O_WRONLY | os.O_CREAT, 0o600)  # not cut off: its room must stay taken
        try:
            os.pwrite(file, words[:_ROOM].ljust(_ROOM), 0)
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        _LOG.error("last-words-lost", exc_info=error)
