"""The one answer that fits a Modbus request: every byte of its head is known before we ask. Pure."""

from __future__ import annotations

from typing import Final

READ_HOLDING: Final = 3
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
        if function == READ_HOLDING:
            data_bytes = 2 * int.from_bytes(request[10:12], "big")
            answer = start + (3 + data_bytes).to_bytes(2, "big") + bytes((unit, function, data_bytes))
            nothing = start + b"\x00\x03" + bytes((unit, function, 0))
            self._heads = ((answer, len(answer) + data_bytes), (refusal, _SHORT), (nothing, _SHORT))
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
