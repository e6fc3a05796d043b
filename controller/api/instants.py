"""Instants on the wire: ms of plant time inside, RFC 3339 with an offset where hospitals read and write them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def from_text(text: str) -> int | None:
    """Return the ms of an RFC 3339 instant with offset, None where it is none."""
    if not _FORM.fullmatch(text):
        return None
    try:
        return round(datetime.fromisoformat(text.upper()).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def to_text(at: int, zone: tzinfo) -> str:
    """Return an instant (ms) in RFC 3339 with the site's offset, to the second."""
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="seconds")
