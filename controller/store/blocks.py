"""The form of a packed block of readings: what goes in comes out, instant by instant, to the third decimal.

A block is zlib over: format, gap_ms, first time, first value, the usual step of time, runs of equal quality; then the steps
of time (ms beyond the usual) and of value (1/1000) as zigzag numbers, all lowest bytes first, then all second ones, and so on.
Values keep three decimals and reach from -1,000,000 to 1,000,000; whatever is no such number keeps its place as `bad`.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import sub
from struct import Struct, pack, unpack
from typing import TYPE_CHECKING, Final, Self

from controller.store.errors import Corrupt
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Point = tuple[int, float, str]

FORMAT: Final = 2
LARGEST: Final = 1_000_000.0

_HEADER: Final = Struct("<BIqiqH")
_RUN: Final = Struct("<BI")
_AT_BYTES, _VALUE_BYTES = 8, 4
_CODES: Final[Mapping[str, int]] = {Quality.GOOD: 0, Quality.BAD: 1, Quality.STALE: 2}
_QUALITIES: Final = {code: str(quality) for quality, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class Strip:
    """What a block holds, in order of time: instants, ms; values, thousandths; one byte of quality a sample."""

    ats: list[int]
    values: list[int]
    codes: bytes
    gap_ms: int

    @classmethod
    def joined(cls, strips: Sequence[Self]) -> Self:
        """Return strips that follow one another, all with one `gap_ms`, as one."""
        return cls(
            [at for strip in strips for at in strip.ats],
            [value for strip in strips for value in strip.values],
            b"".join(strip.codes for strip in strips),
            strips[0].gap_ms,
        )


def squeeze(points: Sequence[Point], gap_ms: int) -> bytes:
    """Pack at least one point; ValueError where time does not rise or a quality is unknown."""
    ats = [at for at, _, _ in points]
    if ats != sorted(ats):
        raise ValueError("the points of a block come in order of time")
    try:
        codes = bytearray([_CODES[quality] for _, _, quality in points])
    except KeyError as error:
        raise ValueError(f"{error} is no quality") from error
    values: list[int] = []
    for index, (_, value, _) in enumerate(points):
        if -LARGEST <= value <= LARGEST:
            values.append(round(value * 1000))
        else:
            values.append(values[-1] if values else 0)
            codes[index] = codes[index] or _CODES[Quality.BAD]
    return packed(Strip(ats, values, bytes(codes), gap_ms))


def expand(block: bytes) -> tuple[list[Point], int]:
    """Return the points of a block and its gap_ms; Corrupt where it is none."""
    strip = unpacked(block)
    named = zip(strip.ats, strip.values, strip.codes, strict=True)
    return [(at, value / 1000, _QUALITIES[code]) for at, value, code in named], strip.gap_ms


def packed(strip: Strip) -> bytes:
    """Return the block of a strip of at least one sample."""
    steps = list(map(sub, strip.ats[1:], strip.ats))
    usual = sorted(steps)[(len(steps) - 1) // 2] if steps else 0
    runs = [_RUN.pack(code, len(list(run))) for code, run in groupby(strip.codes)]
    head = _HEADER.pack(FORMAT, strip.gap_ms, strip.ats[0], strip.values[0], usual, len(runs))
    times = _planes([step - usual for step in steps], "Q", _AT_BYTES)
    rises = _planes(list(map(sub, strip.values[1:], strip.values)), "I", _VALUE_BYTES)
    # Noise has no repeats to look for, and its lowest byte follows a law of its own: each part gets a code for itself.
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    parts = (b"".join((head, *runs, times)), rises[: len(steps)], rises[len(steps) :])
    return b"".join(packer.compress(part) + packer.flush(zlib.Z_BLOCK) for part in parts) + packer.flush()


def unpacked(block: bytes) -> Strip:
    """Return what a block holds; Corrupt where it is none."""
    try:
        raw = zlib.decompress(block)
        if raw[0] != FORMAT:
            raise Corrupt(f"a block of readings has form {raw[0]}, this program reads {FORMAT}")
        _, gap_ms, first_at, first, usual, runs = _HEADER.unpack_from(raw)
        start = _HEADER.size + runs * _RUN.size
        runs_of = _RUN.iter_unpack(raw[_HEADER.size : start])
        codes = b"".join(_CODES[_QUALITIES[code]].to_bytes() * many for code, many in runs_of)
        middle = start + _AT_BYTES * (len(codes) - 1)
        steps = (step + usual for step in _numbers(raw[start:middle], "Q", _AT_BYTES))
        ats = list(accumulate(steps, initial=first_at))
        values = list(accumulate(_numbers(raw[middle:], "I", _VALUE_BYTES), initial=first))
    except (zlib.error, struct.error, ValueError, LookupError) as error:
        raise Corrupt("a block of readings cannot be read") from error
    if not len(ats) == len(values) == len(codes):
        raise Corrupt("a block of readings is not whole")
    return Strip(ats, values, codes, gap_ms)


def _planes(numbers: Sequence[int], letter: str, width: int) -> bytes:
    """Return signed numbers, small ones with few bits set, as all their lowest bytes, all their second bytes, and so on."""
    if not any(numbers):  # a machine that is read every second, or that stands still
        return bytes(width * len(numbers))
    zigzag = [number << 1 if number >= 0 else ~(number << 1) for number in numbers]
    woven = pack(f"<{len(zigzag)}{letter}", *zigzag)
    return b"".join(woven[place::width] for place in range(width))


def _numbers(planes: bytes, letter: str, width: int) -> list[int]:
    many = len(planes) // width
    woven = bytearray(many * width)
    for place in range(width):
        woven[place::width] = planes[place * many : (place + 1) * many]
    return [zigzag >> 1 ^ -(zigzag & 1) for zigzag in unpack(f"<{many}{letter}", woven)]
