"""What a scanned code is, and which two belong together: `PREFIX-TOKEN`, read off the label and never made here.

The controller judges a code; the terminal only has to know the shape (to tell a scan from typing) and the pairs (to collect both
codes of a bind in either order).
"""

from __future__ import annotations

import re

PRESCRIPTION, BATCH, BAG, PARCEL, PACKET, PICKUP = "R", "B", "G", "P", "K", "S"
PAIL, DRAWER, VESSEL, BADGE = "T", "D", "V", "A"
PREFIXES = frozenset({PRESCRIPTION, BATCH, BAG, PARCEL, PACKET, PICKUP, PAIL, DRAWER, VESSEL, BADGE})
MAX_LENGTH = 20
TAIL = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FULL_WIDTH = ord("！") - ord("!")
_SHAPE = re.compile(r"[RBGPKSTDVA]-[0-9A-Z]{2,18}")
_WITHIN = re.compile(rf"(?<![0-9A-Za-z-]){_SHAPE.pattern}(?![0-9A-Za-z-])")

BY_HAND = (VESSEL, BATCH)
"""What is worked by hand: begun, ended, done."""

PAIRS = frozenset(
    {
        (PAIL, BATCH),  # a pail for a batch
        (DRAWER, PAIL),  # a herb into the pail
        (PAIL, VESSEL),  # the pail into its soaking position, its pot
        (PACKET, VESSEL),  # the add-late packet into its pot
        BY_HAND,
        (BAG, PARCEL),
        (PACKET, PARCEL),  # what is taken with the decoction
        (PARCEL, BADGE),  # to a courier or a ward
        (PARCEL, PICKUP),
    }
)
"""(code, into) of every bind."""

STAYS = frozenset({(PAIL, BATCH), (DRAWER, PAIL), (BAG, PARCEL), (PACKET, PARCEL)})
"""Pairs after which the container stays in hand: the next drawer or bag is one scan."""


def narrow(character: str) -> str:
    """Return the plain form of a full-width letter, digit or dash, as an input method may make of a scanner's keys."""
    return chr(ord(character) - _FULL_WIDTH) if character and "！" <= character <= "～" else character


def is_code(text: str) -> bool:
    """Say whether `text` has the shape of a code."""
    return _SHAPE.fullmatch(text) is not None


def prefix(code: str) -> str:
    """Return the letter before the dash."""
    return code.partition("-")[0]


def tidy(text: str) -> str:
    """Return `text` with every code in it short."""
    return _WITHIN.sub(lambda code: short(code[0]), text)


def short(code: str) -> str:
    """Return the code as people call it: prefix and last four characters (`B-..7K3Q`)."""
    head, dash, tail = code.partition("-")
    return f"{head}-..{tail[-4:]}" if dash and len(tail) > 6 else code  # noqa: PLR2004 - shorter than that needs no cut
