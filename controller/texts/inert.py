"""Text from outside is inert: it can be shown, printed and exported, never executed.

`clean` is the one door for every text that a person or another system typed; what it took away is kept only in `subjects`.
"""

from __future__ import annotations

import unicodedata

_SPACES = frozenset({"Zs", "Zl", "Zp"})
_BREAKS = frozenset("\t\n\v\f\r\x85")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})


def clean(text: str) -> str:
    """Return `text` in NFC on one line, without control, bidi, zero-width and surrogate characters.

    Breaks and spaces of any kind become one plain space; none is left at either end. Characters that this Python does not
    know yet are kept: rare names are written with them.
    """
    if not (text.isprintable() and unicodedata.is_normalized("NFC", text)):
        # Twice, since taking a character away can bring two together that have one form.
        text = unicodedata.normalize("NFC", "".join(map(_inert, unicodedata.normalize("NFC", text))))
    return " ".join(text.split())


def _inert(character: str) -> str:
    if character in _BREAKS:
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _DROPPED else character
