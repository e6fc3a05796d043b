"""Text from outside can be shown, never executed: everything that reaches the screen has come through `inert`.

Markup is not this file's business: `tui.ink` builds styled text from parts, so there is no markup to escape. What is left
are characters that act on a terminal or deceive a reader, and those end here.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 2000
"""Longest text that is worth painting, in characters."""

_BREAKS = frozenset("\t\n\v\f\r\x85")
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20e3\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
"""Nothing to see or another width beside a neighbour, though Unicode does not class them as format characters."""


def inert(value: object) -> str:
    """Return `value` as one line of NFC text, at most `LIMIT` characters, that cannot act on a terminal.

    C0, C1, bidi, zero-width and surrogate characters go; breaks and spaces of any kind become a plain space. Idempotent.
    """
    text = str(value)[:LIMIT]
    if text.isascii() and text.isprintable():
        return text
    cleaned = "".join(map(_safe, unicodedata.normalize("NFC", _HIDDEN.sub("", text))))
    # Again, since taking a character away can bring two together that have one form.
    return unicodedata.normalize("NFC", cleaned)[:LIMIT]


def _safe(character: str) -> str:
    if character in _BREAKS:
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _DROPPED else character
