"""A table for a terminal: columns as wide as what stands in them, where a Chinese character takes two places."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIDE: Final = frozenset("WF")
_GAP: Final = "  "


def width(text: str) -> int:
    """Return how many places of a terminal `text` takes."""
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield one line for each row, all cells inert and in columns; rows are of one length."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cleaned, strict=True)]
    for row in cleaned:
        cells = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()
