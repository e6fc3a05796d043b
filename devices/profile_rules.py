"""What a table that is well formed may still not say: a list of contradictions, each with its place.

Pure. Called by the loader; knows the tags that make up a snapshot and which of them each handshake rests on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from devices.model import Mode, OrderStatus, RefusedReason, State, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devices.profile import Command, Meaning, Profile, Tag, Verb

WORDS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "f32": 2, "text20": 10}
NODE_TYPES = frozenset({"UInt16", "Int16", "UInt32", "Int32", "UInt64", "Float", "Double", "String"})
TEXT_TYPES = frozenset({"text20", "String"})
FLOAT_TYPES = frozenset({"f32", "Float", "Double"})

SOURCE_TIME = "SourceTime"
HEARTBEAT = "Heartbeat"
ORDER = "Order"
STATUS = {
    "BootCount": "boot",
    "StateCurrent": "state",
    "UnitModeCurrent": "mode",
    "StepCurrent": "step",
    "ErrorConditions": "fault",
    "OrderStatus": "order_status",
    "Epoch": "epoch",
    ORDER: "order",
    "OrderValue": "order_value",
    "RefusedOrder": "refused_order",
    "RefusedReason": "refused_reason",
    "BatchTag": "batch",
    "BoilSeconds": "counter_s",
    "BoilBegan": "boil_began_at",
    "TimeRemaining": "remaining_s",
}
"""Tag -> field of `Snapshot`; every other tag that is read is a reading."""

ENUMS: dict[str, type[State | Mode | Step | OrderStatus | RefusedReason]] = {
    "StateCurrent": State,
    "UnitModeCurrent": Mode,
    "StepCurrent": Step,
    "OrderStatus": OrderStatus,
    "RefusedReason": RefusedReason,
}
"""Tag -> the words it may say."""

_WORDS = {
    tag: {"".join(part.capitalize() for part in member.name.split("_")): int(member) for member in enum}
    for tag, enum in ENUMS.items()
}
_TEXTS = frozenset({"BatchTag"})
_TIMES = frozenset({SOURCE_TIME, "BoilBegan", "BoilSeconds", "TimeRemaining"})
_ECHOED = ("BootCount", "OrderStatus", "Epoch", ORDER, "RefusedOrder", "RefusedReason", "BatchTag")
_FIELDS = (("epoch", "u32"), ("number", "u32"), ("verb", "u16"), ("batch", "text20"), ("step", "text20"))
_CLOSING = (("checksum", "u16"), ("commit", "u16"))
_SLOT_MAX = {"u16": 0xFFFF, "u32": 0xFFFF_FFFF}


def number_of(tag: str, meaning: Meaning) -> int | None:
    """Return our number for what a table says that `tag` means; None where the tag cannot mean that.

    Tags that speak in words are told words; 0, which is no word, is what they mean where the table says nothing.
    """
    if isinstance(meaning, str):
        return _WORDS.get(tag, {}).get(meaning)
    return None if tag in _WORDS and meaning else meaning


def contradictions(profile: Profile) -> Iterator[str]:
    """Say, place first, everything in which the table contradicts itself."""
    yield from _road(profile)
    for tag in profile.tags.values():
        yield from _tag(profile, tag)
    yield from _overlaps(profile)
    yield from _needed(profile)
    if profile.protocol == "manual":
        yield from _off_the_wire(profile)
    elif profile.handshake == "read-only":
        for place in ("command", "watchdog", "verbs"):
            if getattr(profile, place):
                yield f"{place}: a read-only machine has none"
    elif profile.command is None or not profile.verbs:
        yield f"command, verbs: handshake {profile.handshake!r} needs both"
    else:
        yield from _command(profile, profile.command)
        for verb in profile.verbs.values():
            yield from _verb(profile.command, verb)
            yield from _coarse(profile, verb)
        codes = [verb.code for verb in profile.verbs.values()]
        if len(set(codes)) < len(codes):
            yield "verbs: a code is there twice"
    if (profile.kind == "decoction") != (profile.vessel is not None and profile.boil_delta_c is not None):
        yield "vessel, boil_delta_c: needed for kind 'decoction' and for no other"


def _road(profile: Profile) -> Iterator[str]:
    for place, protocol in (("modbus", "modbus"), ("opcua", "opcua")):
        if (getattr(profile, place) is not None) != (profile.protocol == protocol):
            yield f"{place}: needed for protocol {protocol!r} and for no other"
    dog = profile.watchdog
    if dog is not None and 2 * dog.heartbeat_s + profile.period_s > dog.timeout_s:
        yield "watchdog.heartbeat_s: one lost beat would trip the watchdog"


def _off_the_wire(profile: Profile) -> Iterator[str]:
    """Look at a machine that people work and nobody reads."""
    if profile.handshake != "none":
        yield "handshake: a machine that is on no wire has 'none'"
    for place in ("tags", "command", "watchdog", "verbs", "faults"):
        if getattr(profile, place):
            yield f"{place}: a machine that is on no wire has none"
    if profile.readiness.command == "todo":
        yield "readiness.command: a machine that is on no wire has 'exempt'"


def _tag(profile: Profile, tag: Tag) -> Iterator[str]:
    place = f"tags.{tag.name}"
    if profile.protocol == "modbus" and (tag.type not in WORDS or tag.address is None or tag.node):
        yield f"{place}: a Modbus tag has an address and one of the types {', '.join(WORDS)}"
    if profile.protocol == "opcua" and (tag.type not in NODE_TYPES or not tag.node or tag.address is not None):
        yield f"{place}: an OPC UA tag has a node and one of the types {', '.join(sorted(NODE_TYPES))}"
    if tag.access == "write":
        if tag.name != HEARTBEAT or tag.reading or tag.type not in {"u16", "UInt16"}:
            yield f"{place}: the only tag we write is {HEARTBEAT}, 16 bits"
    elif tag.reading:
        if tag.name in STATUS or tag.name == SOURCE_TIME or tag.type in TEXT_TYPES:
            yield f"{place}.reading: this one is not measured"
        if not tag.low < tag.high:
            yield f"{place}.low: not below high"
        if tag.rise_per_s > tag.rate_per_s:
            yield f"{place}.rise_per_s: more than rate_per_s"
    elif tag.name == HEARTBEAT or (tag.name not in STATUS and tag.name != SOURCE_TIME):
        yield f"{place}: neither a reading nor a status word that we know"
    elif tag.type in FLOAT_TYPES or (tag.type in TEXT_TYPES) != (tag.name in _TEXTS):
        yield f"{place}.type: {tag.name} is a whole number, {', '.join(sorted(_TEXTS))} a text"
    elif tag.scale != 1 and not (tag.name in _TIMES and tag.address is not None and tag.scale.is_integer()):
        yield f"{place}.scale: only for readings and, whole and over Modbus, for {', '.join(sorted(_TIMES))}"
    yield from _language(profile, tag)


def _language(profile: Profile, tag: Tag) -> Iterator[str]:
    """Look at how the machine's numbers become ours."""
    place = f"tags.{tag.name}"
    if tag.lost is not None and (not tag.reading or tag.address is None or tag.type in FLOAT_TYPES):
        yield f"{place}.lost: only for Modbus readings that are whole numbers on the wire"
    if tag.scale <= 0:
        yield f"{place}.scale: not above 0"
    if not tag.codes and not tag.bits:
        return
    if profile.protocol != "modbus" or (tag.codes and tag.bits) or tag.scale != 1 or tag.type not in {"u16", "i16"}:
        yield f"{place}: codes or bits, not both, of one Modbus register without scale"
    said = [(f"{place}.codes.{code}", meaning) for code, meaning in tag.codes.items()]
    said += [(f"{place}.bits.{bit}", meaning) for bit, meaning in tag.bits.items()]
    wordless = [where for where, meaning in said if tag.name in ENUMS and meaning == 0]
    for where, meaning in [*said, (f"{place}.unset", tag.unset)]:
        if where in wordless or number_of(tag.name, meaning) is None:
            yield f"{where}: {meaning!r} is none of {', '.join(_WORDS.get(tag.name, ['a number']))}"
        elif tag.name == "ErrorConditions" and meaning and meaning not in profile.faults:
            yield f"{where}: [faults] has no {meaning}"


def _overlaps(profile: Profile) -> Iterator[str]:
    if profile.modbus is None:
        return
    tags = [tag for tag in profile.scanned if tag.address is not None and tag.type in WORDS]
    for tag in tags:
        if WORDS[tag.type] > profile.modbus.max_block:
            yield f"tags.{tag.name}: wider than modbus.max_block"
    for left, right in pairwise(tags):
        if left.table != right.table:
            continue
        if left.bits and right.bits and left.address == right.address:
            continue
        if (left.address or 0) + WORDS[left.type] > (right.address or 0):
            yield f"tags.{right.name}.address: inside {left.name}"


def _needed(profile: Profile) -> Iterator[str]:
    needed = {"StateCurrent"} if profile.handshake in {"echo", "busy"} else set[str]()
    if profile.protocol == "modbus":
        needed.add(SOURCE_TIME)
    if profile.handshake == "echo":
        needed.update(_ECHOED)
    if profile.watchdog is not None:
        needed.add(HEARTBEAT)
    for name in sorted(needed - profile.tags.keys()):
        yield f"tags.{name}: missing"
    if profile.watchdog is None and HEARTBEAT in profile.tags:
        yield f"tags.{HEARTBEAT}: there is no watchdog to feed"


def _command(profile: Profile, command: Command) -> Iterator[str]:
    modbus = profile.protocol == "modbus"
    numbered = tuple((f"p{index + 1}", kind) for index, kind in enumerate(_slots(command)))
    end = _CLOSING if modbus else _CLOSING[:1]
    if profile.handshake == "echo":
        if command.fields != (*_FIELDS, *numbered, *end):
            yield "command.fields: must be epoch, number, verb, batch, step, p1.., checksum and, on Modbus, commit last"
    else:
        names = [name for name, _ in command.fields]
        if not set(command.fields) <= {*_FIELDS, *numbered, *_CLOSING} or len(set(names)) < len(names):
            yield "command.fields: each of epoch, number, verb, batch, step, p1.., checksum, commit at most once, in its type"
        if "verb" not in names or (modbus and names[-1] != "commit"):
            yield "command.fields: must have verb and, on Modbus, commit last"
    by_register = command.address is not None and command.commit is not None
    by_method = bool(command.method and command.object)
    if (by_register, by_method) != (modbus, not modbus):
        yield "command: Modbus needs address and commit, OPC UA method and object"
    if command.method in {tag.node for tag in profile.tags.values()} - {""}:
        yield f"command.method: {command.method!r} is the node of a tag"


def _verb(command: Command, verb: Verb) -> Iterator[str]:
    slots = _slots(command)
    if len(verb.parameters) > len(slots):
        yield f"verbs.{verb.name}.parameters: more than the block has room for"
    if len({parameter.name for parameter in verb.parameters}) < len(verb.parameters):
        yield f"verbs.{verb.name}.parameters: a name is there twice"
    for parameter, slot in zip(verb.parameters, slots, strict=False):
        place = f"verbs.{verb.name}.{parameter.name}"
        if parameter.low > parameter.high:
            yield f"{place}: low is above high"
        if parameter.default is not None and not parameter.low <= parameter.default <= parameter.high:
            yield f"{place}: default is not between low and high"
        if parameter.low % parameter.scale or parameter.high % parameter.scale:
            yield f"{place}: low and high are whole in the machine's unit"
        if parameter.high // parameter.scale > _SLOT_MAX.get(slot, 0):
            yield f"{place}: high does not fit {slot}"


def _coarse(profile: Profile, verb: Verb) -> Iterator[str]:
    """Find a temperature that is set in steps so coarse that what is rounded up may never be reached."""
    for parameter in verb.parameters:
        if parameter.unit == "cCel" and parameter.scale / 100 >= (profile.boil_delta_c or 0):
            yield f"verbs.{verb.name}.{parameter.name}.scale: not finer than boil_delta_c, so it might never boil"


def _slots(command: Command) -> list[str]:
    """Return the types of p1, p2, ..."""
    return [kind for name, kind in command.fields if name.startswith("p") and name[1:].isdigit()]
