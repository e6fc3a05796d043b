"""Values as big-endian words of 16 bits, made with `struct` alone.

Our drivers have a codec of their own: were it shared, a word in the wrong place would cancel itself.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from devices.plant.tables import Block, Table, Tag

_CODES = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}

Value = int | float | str


def code_of(kind: str) -> str:
    """Return the struct code of a type of the tables; `text20` is 20 bytes. Raises ValueError for an unknown type."""
    if kind.startswith("text"):
        return f"{int(kind[4:])}s"
    try:
        return _CODES[kind]
    except KeyError:
        raise ValueError(f"type {kind!r} is unknown") from None


def pack(kind: str, value: Value) -> bytes:
    """Return `value` as big-endian bytes. Texts are padded with NUL. Raises ValueError where it does not fit."""
    code = code_of(kind)
    if isinstance(value, str):
        raw = value.encode("latin-1")
        if len(raw) > struct.calcsize(code):
            raise ValueError(f"{value!r} is too long for {kind}")
        return struct.pack(f">{code}", raw)
    try:
        return struct.pack(f">{code}", value)
    except struct.error as error:
        raise ValueError(f"{value!r} does not fit {kind}: {error}") from error


def width(kind: str) -> int:
    """Return how many words a value of this type takes."""
    return struct.calcsize(code_of(kind)) // 2


def to_words(kind: str, value: Value, word_order: str) -> list[int]:
    """Return `value` as words; `little` puts the low word of a number first."""
    raw = pack(kind, value)
    words = list(struct.unpack(f">{len(raw) // 2}H", raw))
    return words[::-1] if word_order == "little" and not isinstance(value, str) else words


def from_words(kind: str, words: Sequence[int], word_order: str) -> Value:
    """Return the value that `words` make; a text loses the NULs at its end."""
    text = kind.startswith("text")
    ordered = words[::-1] if word_order == "little" and not text else words
    value = struct.unpack(f">{code_of(kind)}", struct.pack(f">{len(ordered)}H", *ordered))[0]
    return value.rstrip(b"\0").decode("latin-1") if text else value


def crc16(data: bytes) -> int:
    """Return CRC-16/MODBUS: reflected polynomial 0xA001, start 0xFFFF (Modbus over Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def checksum(block: Block, fields: Mapping[str, Value]) -> int:
    """Return the checksum over all fields before `checksum`. Raises ValueError where a field does not fit its type."""
    data = bytearray()
    for name, kind in block.fields:
        if name == "checksum":
            break
        data += pack(kind, fields[name])
    return crc16(bytes(data))


def raw_of(tag: Tag, value: Value) -> Value:
    """Return what the machine shows for our `value`. Raises ValueError where its maker foresaw none."""
    if isinstance(value, str):
        return value
    if tag.codes is not None:
        return _known(tag, tag.codes, value)
    if tag.lost is not None and math.isnan(value):
        return tag.lost
    if tag.type.startswith("f"):
        return value / tag.scale
    if tag.scale == 1 and isinstance(value, int):
        return value
    # A whole number that is counted in bigger steps has not reached the next one yet; a measurement is rounded.
    return int(value // tag.scale) if isinstance(value, int) else round(value / tag.scale)


def _flag(tag: Tag, value: Value) -> int:
    assert tag.bits is not None
    if value == tag.unset or (tag.name == "StepCurrent" and value not in tag.bits):
        return 0
    return 1 << _known(tag, tag.bits, value)


def _known(tag: Tag, meanings: Mapping[int, int], value: Value) -> int:
    if tag.name == "StepCurrent" and value not in meanings:
        value = 0  # makers show the phases that they have lamps for
    try:
        return meanings[int(value)]
    except KeyError:
        raise ValueError(f"{tag.name}: this maker has nothing for {value!r}") from None


class RegisterMap:
    """Where a table puts its values, as (address, words)."""

    def __init__(self, table: Table) -> None:
        shown = [tag for tag in table.tags.values() if not tag.writable]
        self._tags = [tag for tag in shown if tag.bits is None]
        self._flags = [tag for tag in shown if tag.bits is not None]
        self._word_order = table.word_order
        self.readable = sorted({(tag.address, width(tag.type)) for tag in shown})
        self.writable = {tag.name: tag.address for tag in table.tags.values() if tag.writable}
        self.block = table.block
        self.block_size = 0 if table.block is None else sum(width(kind) for _, kind in table.block.fields)

    def words(self, values: Mapping[str, Value]) -> Iterable[tuple[int, list[int]]]:
        """Yield (address, words) of each value that the machine shows. Raises ValueError for one that it has no word for."""
        for tag in self._tags:
            yield tag.address, to_words(tag.type, raw_of(tag, values[tag.name]), tag.word_order)
        flags: dict[int, int] = {}
        for tag in self._flags:
            flags[tag.address] = flags.get(tag.address, 0) | _flag(tag, values[tag.name])
        for address, word in flags.items():
            yield address, [word]

    def fields(self, words: Sequence[int]) -> dict[str, Value]:
        """Return the fields of the command block from its words."""
        assert self.block is not None
        found: dict[str, Value] = {}
        at = 0
        for name, kind in self.block.fields:
            size = width(kind)
            found[name] = from_words(kind, words[at : at + size], self._word_order)
            at += size
        return found
