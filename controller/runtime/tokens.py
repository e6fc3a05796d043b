"""Random names that nobody can guess, drawn many at a time: each call of the system's source gives up the interpreter's lock."""

from __future__ import annotations

import secrets
from base64 import b32encode
from typing import Final

TOKEN_BYTES: Final = 10
_AT_ONCE: Final = 256


class Tokens:
    """Call it for a token: 80 random bits as 16 capital letters and digits."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def __call__(self) -> str:
        """Return a token that was never returned before."""
        if not self._drawn:
            letters = b32encode(secrets.token_bytes(TOKEN_BYTES * _AT_ONCE)).decode("ascii")
            width = len(letters) // _AT_ONCE
            self._drawn = [letters[start : start + width] for start in range(0, len(letters), width)]
        return self._drawn.pop()
