"""Registers are values and values are registers; what fits neither is an error, never a guess. Pure.

`blocks` plans the reads of a Modbus profile, `Block.unpack` turns the answer's bytes into values, `Decoder.snapshot`
turns a scan into a Snapshot, `command_values` and `words` turn an order into its block. All formats are compiled once.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Final

from devices.errors import CodecError
from devices.model import Quality, Reading, Snapshot
from devices.profile_rules import ENUMS, SOURCE_TIME, STATUS, TEXT_TYPES, WORDS, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devices.model import Order
    from devices.profile import Command, Profile, Tag
    from devices.protocol import Scan, Value

TEXT_BYTES: Final = 20
_FORMATS: Final = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "f32": "f", "text20": "20s"}


class Block:
    """One run of registers without a gap, and how its bytes become the values of tags `first`, `first` + 1, ...

    Tags of the bits of one register share it.
    """

    def __init__(self, tags: Sequence[Tag], first: int) -> None:
        self.tags = tags
        self.first = first
        pieces = {tag.address: tag for tag in tags}
        places = {address: place for place, address in enumerate(pieces)}
        self.table = tags[0].table
        self.address = tags[0].address or 0
        self.count = sum(WORDS[tag.type] for tag in pieces.values())
        self._format = struct.Struct(">" + "".join(_piece(tag) for tag in pieces.values()))
        self._shared = [places[tag.address] for tag in tags] if len(pieces) < len(tags) else None
        self._repairs = [(index, repair) for index, tag in enumerate(tags) if (repair := _repair(tag)) is not None]

    def unpack(self, data: bytes, values: list[Value | None]) -> None:
        """Put the values of this block's `data`, 2 x `count` bytes, into `values`. Raises CodecError."""
        if len(data) != 2 * self.count:
            raise CodecError(f"{len(data)} bytes for {self.count} registers", tag=self.tags[0].name)
        found: list[Any] = list(self._format.unpack(data))
        if self._shared is not None:
            found = [found[place] for place in self._shared]
        for index, repair in self._repairs:
            found[index] = repair(found[index])
        values[self.first : self.first + len(found)] = found

    def split(self, data: bytes) -> dict[str, bytes]:
        """Return the bytes of each tag in this block's `data`."""
        starts = {tag.name: 2 * ((tag.address or 0) - self.address) for tag in self.tags}
        return {tag.name: data[starts[tag.name] : starts[tag.name] + 2 * WORDS[tag.type]] for tag in self.tags}

    def halves(self) -> tuple[Block, ...]:
        """Cut this block in two, to find the tag that the machine refuses; nothing where there is one tag only."""
        middle = len(self.tags) // 2
        if not middle:
            return ()
        return Block(self.tags[:middle], self.first), Block(self.tags[middle:], self.first + middle)


def blocks(tags: Sequence[Tag], max_block: int) -> tuple[Block, ...]:
    """Plan the fewest reads of `tags`, sorted by table and address, that ask for no register without a name."""
    runs: list[list[Tag]] = []
    end = size = -1
    for tag in tags:
        width = WORDS[tag.type]
        neighbour = bool(runs) and tag.table == runs[-1][-1].table
        if neighbour and tag.address == runs[-1][-1].address:
            runs[-1].append(tag)
        elif neighbour and tag.address == end and size + width <= max_block:
            runs[-1].append(tag)
            size += width
        else:
            runs.append([tag])
            size = width
        end = (tag.address or 0) + width
    starts = [sum(map(len, runs[:index])) for index in range(len(runs))]
    return tuple(Block(run, first) for run, first in zip(runs, starts, strict=True))


def value_of(tag: Tag, data: bytes) -> Value | None:
    """Return what the registers of one tag mean. Raises CodecError."""
    values: list[Value | None] = [None]
    Block([tag], 0).unpack(data, values)
    return values[0]


def _piece(tag: Tag) -> str:
    return f"{2 * WORDS[tag.type]}s" if _swapped(tag) else _FORMATS[tag.type]


def _swapped(tag: Tag) -> bool:
    return tag.word_order == "little" and tag.type != "text20" and WORDS[tag.type] > 1


def _repair(tag: Tag) -> Callable[[Any], Value] | None:
    """Say what `struct` alone cannot do for this tag; None for most."""
    if tag.type == "text20":
        return lambda raw: _text(raw, tag.name)
    means = _meaning(tag)
    if not _swapped(tag):
        return means
    plain = struct.Struct(">" + _FORMATS[tag.type])
    if means is None:
        return lambda raw: plain.unpack(_reversed_words(raw))[0]
    return lambda raw: means(plain.unpack(_reversed_words(raw))[0])


def _meaning(tag: Tag) -> Callable[[Any], Value] | None:
    """Say how the machine's number becomes ours; None where it is ours."""
    if tag.bits:
        masks = [(1 << bit, number_of(tag.name, meaning) or 0) for bit, meaning in tag.bits.items()]
        unset = number_of(tag.name, tag.unset) or 0
        return lambda raw: next((meaning for mask, meaning in masks if raw & mask), unset)
    if tag.codes:
        codes = {code: number_of(tag.name, meaning) or 0 for code, meaning in tag.codes.items()}
        return lambda raw: _decoded(codes, raw, tag.name)
    scaled, lost = _scaled(tag), tag.lost
    if lost is None:
        return scaled
    if scaled is None:
        return lambda raw: math.nan if raw == lost else raw
    return lambda raw: math.nan if raw == lost else scaled(raw)


def _scaled(tag: Tag) -> Callable[[Any], Value] | None:
    scale = int(tag.scale) if tag.scale.is_integer() else tag.scale
    parts = round(1 / scale) if 0 < scale < 1 else 0
    if parts and math.isclose(parts * scale, 1):
        return lambda raw: raw / parts  # a tenth is no binary number, a division by ten is exact to the last digit
    return None if scale == 1 else lambda raw: raw * scale


def _decoded(codes: Mapping[int, int], raw: int, tag: str) -> int:
    try:
        return codes[raw]
    except KeyError as error:
        raise CodecError(f"says {raw}, which its table does not know", tag=tag) from error


def _reversed_words(raw: bytes) -> bytes:
    return b"".join(raw[at : at + 2] for at in range(len(raw) - 2, -1, -2))


def _text(raw: bytes, tag: str) -> str:
    text = raw.rstrip(b"\0")
    try:
        return checked_text(text.decode("ascii"), tag)
    except UnicodeDecodeError as error:
        raise CodecError("not ASCII", tag=tag) from error


def checked_text(text: str, tag: str) -> str:
    """Return `text` if a machine may say it: at most 20 printable ASCII characters. Raises CodecError."""
    if len(text) > TEXT_BYTES or not (text.isascii() and text.isprintable()):
        raise CodecError("not up to 20 printable ASCII characters", tag=tag)
    return text


class Decoder:
    """Turns the scans of one machine into snapshots. A status word must be whole; a reading may be bad by itself."""

    def __init__(self, profile: Profile, machine: str) -> None:
        self._machine = machine
        self._names = [tag.name for tag in profile.scanned]
        indexed = list(enumerate(profile.scanned))
        self._time = next((index for index, tag in indexed if tag.name == SOURCE_TIME), None)
        self._words = [(STATUS[tag.name], index, ENUMS.get(tag.name)) for index, tag in indexed if tag.name in STATUS]
        self._readings = [(tag.name, index) for index, tag in indexed if tag.reading]
        self._measured = frozenset(name for name, _ in self._readings)

    def snapshot(self, scan: Scan, received_s: float) -> Snapshot:
        """Say what the scan means. `received_s`: monotonic wall seconds. Raises CodecError where a status word is missing."""
        values = scan.values
        for tag, flaw in scan.flaws.items():
            if tag not in self._measured:
                raise CodecError(f"no usable status word: {flaw}", machine=self._machine, tag=tag)
        words: dict[str, Any] = {}
        for field, index, enum in self._words:
            value: Any = values[index]
            if enum is not None:
                try:
                    value = enum(value)
                except ValueError as error:
                    raise CodecError(str(error), machine=self._machine, tag=self._names[index]) from error
            words[field] = value
        at: Any = max(scan.times) if self._time is None else values[self._time]
        return Snapshot(machine=self._machine, at=at, received_s=received_s, readings=self._judged(scan, at), **words)

    def _judged(self, scan: Scan, at: int) -> dict[str, Reading]:
        values, times, flaws = scan.values, scan.times, scan.flaws
        if not flaws and not times:
            good: Sequence[Any] = values
            return {name: Reading(float(good[index]), Quality.GOOD, at) for name, index in self._readings}
        readings: dict[str, Reading] = {}
        for name, index in self._readings:
            value: Any = values[index]
            flaw = flaws.get(name, "")
            readings[name] = Reading(
                math.nan if value is None else float(value),
                Quality.BAD if flaw else Quality.GOOD,
                times[index] if times else at,
                flaw,
            )
        return readings


def command_values(profile: Profile, order: Order, epoch: int) -> tuple[int | str, ...]:
    """Fill the block of `order`: every field of the profile's command, checksum and commit word included.

    The order must be one to which `handshake.objection` has none. What is no whole number in the machine's unit is rounded up:
    never shorter, cooler or less than asked. Raises CodecError.
    """
    command, verb = profile.command, profile.verbs[order.verb]
    if command is None:
        raise CodecError("takes no orders", machine=order.machine)
    known: dict[str, int | str] = {
        "epoch": epoch,
        "number": order.number,
        "verb": verb.code,
        "batch": order.batch,
        "step": order.step,
        "commit": command.commit or 0,
    }
    for index, parameter in enumerate(verb.parameters, 1):
        asked = order.parameters.get(parameter.name, parameter.default or 0)
        known[f"p{index}"] = -(-asked // parameter.scale)
    filled: list[int | str] = []
    for name, kind in command.fields:
        if name == "checksum":
            filled.append(checksum(command, filled))
        else:
            filled.append(known.get(name, "" if kind in TEXT_TYPES else 0))
    return tuple(filled)


def checksum(command: Command, values: Sequence[int | str]) -> int:
    """Return the checksum over `values`, the fields of the block before it."""
    return crc16(_packed([kind for _, kind in command.fields[: len(values)]], values))


def words(types: Sequence[str], values: Sequence[int | str], word_order: str) -> list[int]:
    """Turn values into registers. Raises CodecError where one does not fit its type."""
    registers: list[int] = []
    for kind, value in zip(types, values, strict=True):
        data = _packed([kind], [value])
        if word_order == "little" and kind != "text20":
            data = _reversed_words(data)
        registers += struct.unpack(f">{len(data) // 2}H", data)
    return registers


def _packed(types: Sequence[str], values: Sequence[int | str]) -> bytes:
    """Lay values out as big-endian words, texts padded with NUL: the bytes that the checksum is over."""
    raw = [checked_text(value, "command").encode() if isinstance(value, str) else value for value in values]
    try:
        return struct.pack(">" + "".join(_FORMATS[kind] for kind in types), *raw)
    except struct.error as error:
        raise CodecError(f"{values!r} does not fit {', '.join(types)}: {error}") from error


def crc16(data: bytes) -> int:
    """Return the CRC-16/MODBUS of `data`."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
