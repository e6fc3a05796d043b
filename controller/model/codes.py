"""Every code on a bag, pail, vessel or parcel ends with a check character, so that no misread code is another code.

ISO 7064 MOD 37,36: finds every single wrong character and every swap of neighbours. A code is `PREFIX-TOKENc`: TOKEN is
16 random characters of base 32 (80 bits), c the check character over prefix and token.
"""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOD = 36
MAX_LENGTH = 20

PRESCRIPTION, BATCH, BAG, PARCEL, PACKET, PICKUP = "R", "B", "G", "P", "K", "S"
PAIL, DRAWER, VESSEL, BADGE = "T", "D", "V", "A"


def check_character(text: str) -> str:
    """Return the check character of `text` (digits and capital letters; others are passed over)."""
    product = _MOD
    for character in text:
        if character in _ALPHABET:
            total = (product + _ALPHABET.index(character)) % _MOD or _MOD
            product = total * 2 % (_MOD + 1)
    return _ALPHABET[(_MOD + 1 - product) % _MOD]


def make_code(prefix: str, token: str) -> str:
    """Join prefix, token and check character."""
    return f"{prefix}-{token}{check_character(prefix + token)}"


def is_sound(code: str) -> bool:
    """Say whether `code` has the form of a code and its check character fits."""
    prefix, dash, rest = code.partition("-")
    if not dash or not prefix or len(rest) < 2 or len(code) > MAX_LENGTH:  # noqa: PLR2004 - a token and its check
        return False
    if any(character not in _ALPHABET for character in prefix + rest):
        return False
    return check_character(prefix + rest[:-1]) == rest[-1]


def unsound(code: str, prefix: str) -> str:
    """Say what is wrong with a label of `prefix`, and what it is with its check character; empty where nothing is."""
    start, _, token = code.partition("-")
    if start == prefix and is_sound(code):
        return ""
    whole = make_code(prefix, token)
    hint = f", which makes it {whole}" if start == prefix and is_sound(whole) else ""
    return f"{code!r} is not a code {prefix}-… with its check character{hint}"
