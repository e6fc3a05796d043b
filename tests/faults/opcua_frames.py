"""Wrong answers of an OPC UA server to a Read or a Call: frames that break the channel's rules, and values that are not good.

`OpcUaLiar(random, share, tags, witness)` is a `spoil` of the proxy for an unencrypted channel: about `share` of the answers are
replaced, and the witness is told which kind and, where one value alone was spoilt, which tag. Bits are flipped in the head alone:
without a signature OPC UA leaves its data to the checksum of TCP.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.contract.proxy import Delivery
    from tests.faults.floor import TagWitness

HEAD = 24
"""Bytes before the body: type, chunk, size, channel, token, sequence, request."""
_CHANNEL, _TOKEN, _SEQUENCE, _REQUEST = 8, 12, 16, 20
_READ, _CALL = b"\x01\x00\x77\x02", b"\x01\x00\xc8\x02"
_HONEST_AT_FIRST = 3
STALE = "source times of long ago"
_STATUSES = (
    ua.StatusCodes.BadSensorFailure,
    ua.StatusCodes.BadNoCommunication,
    ua.StatusCodes.BadOutOfService,
    ua.StatusCodes.UncertainLastUsableValue,
    ua.StatusCodes.UncertainSensorNotAccurate,
)
_FAULTS = (ua.StatusCodes.BadTooManyOperations, ua.StatusCodes.BadServerHalted, ua.StatusCodes.BadOutOfMemory)
_GONE = (ua.StatusCodes.BadSessionIdInvalid, ua.StatusCodes.BadSessionClosed, ua.StatusCodes.BadSecureChannelClosed)


def _number_at(at: int) -> Callable[[bytes, bytes, Random], bytes]:
    """Put another number in a place of the head."""

    def spoil(answer: bytes, last: bytes, random: Random) -> bytes:
        number = int.from_bytes(answer[at : at + 4], "little") + random.choice((-2, -1, 1, 2, 1000))
        return answer[:at] + (number & 0xFFFF_FFFF).to_bytes(4, "little") + answer[at + 4 :]

    return spoil


def _framed(answer: bytes, body: bytes) -> bytes:
    return answer[:4] + (HEAD + len(body)).to_bytes(4, "little") + answer[8:HEAD] + body


def _fault(codes: Sequence[int]) -> Callable[[bytes, bytes, Random], bytes]:
    def spoil(answer: bytes, last: bytes, random: Random) -> bytes:
        fault = ua.ServiceFault()
        fault.ResponseHeader.ServiceResult = ua.StatusCode(random.choice(codes))
        return _framed(answer, struct_to_binary(fault))

    return spoil


def _response(answer: bytes) -> ua.ReadResponse | ua.CallResponse:
    kind = ua.ReadResponse if _read_response(answer) else ua.CallResponse
    return struct_from_binary(kind, ua.utils.Buffer(answer[HEAD:]))


def _read_response(answer: bytes) -> bool:
    return answer[HEAD : HEAD + 4] == b"\x01\x00\x7a\x02"


def _another_count(answer: bytes, last: bytes, random: Random) -> bytes:
    response = _response(answer)
    response.Results = random.choice(([], response.Results[:-1], [*response.Results, response.Results[-1]]))
    return _framed(answer, struct_to_binary(response))


def _another_service(answer: bytes, last: bytes, random: Random) -> bytes:
    written = ua.WriteResponse()
    written.Results = [ua.StatusCode(0)] * random.choice((1, 17))
    return _framed(answer, struct_to_binary(written))


def _failed_with_results(answer: bytes, last: bytes, random: Random) -> bytes:
    response = _response(answer)
    response.ResponseHeader.ServiceResult = ua.StatusCode(random.choice(_FAULTS))
    return _framed(answer, struct_to_binary(response))


def _half(answer: bytes, last: bytes, random: Random) -> bytes:
    return answer[: random.randrange(1, len(answer))]


def _short_chunk(answer: bytes, last: bytes, random: Random) -> bytes:
    return _framed(answer, answer[HEAD : random.randrange(HEAD + 5, len(answer))])


def _flipped(answer: bytes, last: bytes, random: Random) -> bytes:
    at = random.randrange(HEAD)
    return answer[:at] + bytes((answer[at] ^ 1 << random.randrange(8),)) + answer[at + 1 :]


FRAMES: dict[str, Callable[[bytes, bytes, Random], bytes]] = {
    "another sequence number": _number_at(_SEQUENCE),
    "another request": _number_at(_REQUEST),
    "another channel": _number_at(_CHANNEL),
    "another token": _number_at(_TOKEN),
    "an earlier answer again": lambda answer, last, random: last,
    "half an answer": _half,
    "a truncated chunk": _short_chunk,
    "a flipped bit of the head": _flipped,
    "a service fault": _fault(_FAULTS),
    "the session is closed": _fault(_GONE),
    "another count of results": _another_count,
    "another service's answer": _another_service,
    "results of a service that failed": _failed_with_results,
}


def _bad_status(data: ua.DataValue, random: Random) -> ua.DataValue:
    return ua.DataValue(data.Value, ua.StatusCode(random.choice(_STATUSES)), SourceTimestamp=data.SourceTimestamp)


def _no_node(data: ua.DataValue, random: Random) -> ua.DataValue:
    return ua.DataValue(None, ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))


def _no_time(data: ua.DataValue, random: Random) -> ua.DataValue:
    return ua.DataValue(data.Value, data.StatusCode)


def _another_type(data: ua.DataValue, random: Random) -> ua.DataValue:
    return ua.DataValue(ua.Variant(99.5, ua.VariantType.Double), SourceTimestamp=data.SourceTimestamp)


def _an_array(data: ua.DataValue, random: Random) -> ua.DataValue:
    assert data.Value is not None
    many = ua.Variant([data.Value.Value] * 2, data.Value.VariantType)
    return ua.DataValue(many, SourceTimestamp=data.SourceTimestamp)


VALUES: dict[str, Callable[[ua.DataValue, Random], ua.DataValue]] = {
    "a value with a bad status": _bad_status,
    "a node that is not there": _no_node,
    "no source time": _no_time,
    "a value of another type": _another_type,
    "an array for a value": _an_array,
}
KINDS = (*FRAMES, *VALUES, STALE)


@dataclass(frozen=True, slots=True)
class Lie:
    """What was told. `tag`: the one value that was spoilt, empty for the whole answer."""

    kind: str
    tag: str = ""


class OpcUaLiar:
    """Spoils answers on one wire. `told`: how many of each kind."""

    def __init__(
        self, random: Random, share: float, tags: Sequence[str], witness: Callable[[], TagWitness | None]
    ) -> None:
        self._random, self._share, self._tags, self._witness = random, share, tags, witness
        self._last = b""
        self._whole = 0
        self.told: Counter[str] = Counter()

    def __call__(self, request: bytes, answer: bytes) -> Delivery:
        """Deliver something in place of `answer`."""
        asked, witness = request[HEAD : HEAD + 4], self._witness()
        if witness is None or asked not in (_READ, _CALL) or answer[:4] != b"MSGF":
            return [(0.0, answer)]
        whole = _read_response(answer) and len(_response(answer).Results) == len(self._tags)
        if asked == _READ and not whole:  # what is asked while a session is made
            return [(0.0, answer)]
        self._whole += whole
        last, self._last = self._last, answer
        if self._whole <= _HONEST_AT_FIRST or self._random.random() >= self._share:
            return [(0.0, answer)]
        kind = self._random.choice(KINDS if whole else tuple(FRAMES))
        lie, spoilt = self._spoilt(kind, answer, last)
        self.told[kind] += 1
        witness.spoilt.append(lie)
        return [(0.0, spoilt)]

    def _spoilt(self, kind: str, answer: bytes, last: bytes) -> tuple[Lie, bytes]:
        if kind in FRAMES:
            return Lie(kind), FRAMES[kind](answer, last, self._random)
        response = _response(answer)
        if kind == STALE:
            ago = timedelta(seconds=self._random.uniform(600, 7200))
            for data in response.Results:
                data.SourceTimestamp -= ago
            return Lie(kind), _framed(answer, struct_to_binary(response))
        at = self._random.randrange(len(self._tags))
        response.Results[at] = VALUES[kind](response.Results[at], self._random)
        return Lie(kind, self._tags[at]), _framed(answer, struct_to_binary(response))
