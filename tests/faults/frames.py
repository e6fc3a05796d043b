"""Ten kinds of wrong answers to a Modbus request, each seen in the field, drawn by chance from a seed.

`Liar(random, share, witness)` is a `spoil` of the proxy: about `share` of all answers are replaced by a wrong one, and the
witness is told. Bits are flipped in the head alone: Modbus TCP leaves its data to the checksum of TCP.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.contract.proxy import Delivery
    from tests.faults.floor import Witness

LATE_S = 0.12
"""After the time-out of the links of this row."""
HEAD = 9
"""Bytes whose every bit we know before we ask."""
_READ = 3


def _late(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(LATE_S, answer)]


def _of_another_request(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, last)]


def _tid_zero(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, b"\0\0" + answer[2:])]


def _another_tid(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    tid = (int.from_bytes(answer[:2], "big") + random.randrange(1, 0xFFFF)) & 0xFFFF
    return [(0.0, tid.to_bytes(2, "big") + answer[2:])]


def _another_unit(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, answer[:6] + bytes((random.randrange(2, 248),)) + answer[7:])]


def _another_function(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, answer[:7] + bytes((random.choice([4, 6]),)) + answer[8:])]


def _another_size(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    """Well-formed, with fewer registers than were asked for; or the echo of another address."""
    if answer[7] != _READ:
        return [(0.0, answer[:8] + bytes((answer[8], answer[9] ^ 1)) + answer[10:])]
    words = random.randrange(1, answer[8] // 2)
    body = answer[6:8] + bytes((2 * words,)) + answer[HEAD : HEAD + 2 * words]
    return [(0.0, answer[:4] + len(body).to_bytes(2, "big") + body)]


def _half(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, answer[: random.randrange(1, len(answer))])]


def _twice(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    return [(0.0, answer + answer)]


def _flipped(request: bytes, answer: bytes, last: bytes, random: Random) -> Delivery:
    at = random.randrange(HEAD)
    return [(0.0, answer[:at] + bytes((answer[at] ^ 1 << random.randrange(8),)) + answer[at + 1 :])]


KINDS: dict[str, Callable[[bytes, bytes, bytes, Random], Delivery]] = {
    "late": _late,
    "answer to another request": _of_another_request,
    "transaction 0": _tid_zero,
    "another transaction": _another_tid,
    "another unit": _another_unit,
    "another function": _another_function,
    "another size or echo": _another_size,
    "half an answer": _half,
    "the answer twice": _twice,
    "a flipped bit": _flipped,
}


class Liar:
    """Spoils answers on one wire. `told`: how many of each kind."""

    def __init__(self, random: Random, share: float, witness: Callable[[], Witness | None]) -> None:
        self._random, self._share, self._witness = random, share, witness
        self._last = b""
        self.told: Counter[str] = Counter()

    def __call__(self, request: bytes, answer: bytes) -> Delivery:
        """Deliver something in place of `answer`."""
        last, self._last = self._last, answer
        if self._random.random() >= self._share:
            return [(0.0, answer)]
        kind = self._random.choice(list(KINDS))
        pieces = list(KINDS[kind](request, answer, last, self._random)) if last else [(0.0, answer)]
        if pieces == [(0.0, answer)]:
            return pieces
        self.told[kind] += 1
        witness = self._witness()
        if witness is not None:
            witness.spoilt.append(kind)
        return pieces
