"""The one answer that fits a Modbus request: every byte of its head is known before we ask. Pure."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""Table -> the function that reads it."""
_READS_BITS: Final = frozenset({1, 2})
_READS: Final = frozenset(FUNCTIONS.values())
_SHORT: Final = 9  # bytes of a refusal, and of an answer without data
_FUNCTION, _CODE = 7, 8
_REFUSED: Final = 0x80

ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3


class Expected:
    """What may come back for the frame `request`: the data or the echo asked for, or a refusal."""

    def __init__(self, request: bytes) -> None:
        start, unit, function = request[:4], request[6], request[_FUNCTION]
        refusal = start + b"\x00\x03" + bytes((unit, function | _REFUSED))
        if function in _READS:
            size = _data_bytes(function, int.from_bytes(request[10:12], "big"))
            answer = start + (3 + size).to_bytes(2, "big") + bytes((unit, function, size))
            nothing = start + b"\x00\x03" + bytes((unit, function, 0))
            self._heads = ((answer, len(answer) + size), (refusal, _SHORT), (nothing, _SHORT))
        else:
            answer = start + b"\x00\x06" + request[6:12]
            self._heads = ((answer, len(answer)), (refusal, _SHORT))

    def met_by(self, packet: bytes) -> bool | None:
        """Say whether `packet` is the whole answer; None while it may still become it."""
        for head, size in self._heads:
            if packet[: len(head)] == head[: len(packet)] and len(packet) <= size:
                return True if len(packet) == size else None
        return False


def refused(answer: bytes) -> int:
    """Return the exception code of an answer that met its request, 0 where it refuses nothing.

    Some machines answer for an address that they do not have as if they had been asked for nothing.
    """
    if len(answer) != _SHORT:
        return 0
    return answer[_CODE] if answer[_FUNCTION] & _REFUSED else ILLEGAL_ADDRESS


def data_bytes(table: str, count: int) -> int:
    """Return how many bytes of data an answer has to a read of `count` registers or bits of `table`."""
    return _data_bytes(FUNCTIONS[table], count)


def _data_bytes(function: int, count: int) -> int:
    return (count + 7) // 8 if function in _READS_BITS else 2 * count
