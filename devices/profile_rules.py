"""What a table that is well formed may still not say: a list of contradictions, each with its place.

Pure. Called by the loader; knows the tags that make up a snapshot and which of them each handshake rests on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devices.profile import Command, Profile, Tag, Verb

WORDS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "f32": 2, "text20": 10}
NODE_TYPES = frozenset({"UInt16", "Int16", "UInt32", "Int32", "UInt64", "Float", "Double", "String"})
TEXT_TYPES = frozenset({"text20", "String"})
FLOAT_TYPES = frozenset({"f32", "Float", "Double"})

SOURCE_TIME = "SourceTime"
HEARTBEAT = "Heartbeat"
STATUS = {
    "BootCount": "boot",
    "StateCurrent": "state",
    "UnitModeCurrent": "mode",
    "StepCurrent": "step",
    "ErrorConditions": "fault",
    "OrderStatus": "order_status",
    "Epoch": "epoch",
    "Order": "order",
    "OrderValue": "order_value",
    "RefusedOrder": "refused_order",
    "RefusedReason": "refused_reason",
    "BatchTag": "batch",
    "BoilSeconds": "counter_s",
    "BoilBegan": "boil_began_at",
    "TimeRemaining": "remaining_s",
}
"""Tag -> field of `Snapshot`; every other tag that is read is a reading."""

_TEXTS = frozenset({"BatchTag"})
_ECHOED = ("BootCount", "OrderStatus", "Epoch", "Order", "RefusedOrder", "RefusedReason", "BatchTag")
_FIELDS = (("epoch", "u32"), ("number", "u32"), ("verb", "u16"), ("batch", "text20"), ("step", "text20"))


def contradictions(profile: Profile) -> Iterator[str]:
    """Say, place first, everything in which the table contradicts itself."""
    yield from _road(profile)
    for tag in profile.tags.values():
        yield from _tag(profile, tag)
    yield from _overlaps(profile)
    yield from _needed(profile)
    if profile.handshake == "read-only":
        for place in ("command", "watchdog", "verbs"):
            if getattr(profile, place):
                yield f"{place}: a read-only machine has none"
    elif profile.command is None or not profile.verbs:
        yield f"command, verbs: handshake {profile.handshake!r} needs both"
    else:
        yield from _command(profile, profile.command)
        for verb in profile.verbs.values():
            yield from _verb(profile.command, verb)
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
    elif tag.name == HEARTBEAT or (tag.name not in STATUS and tag.name != SOURCE_TIME):
        yield f"{place}: neither a reading nor a status word that we know"
    elif tag.type in FLOAT_TYPES or (tag.type in TEXT_TYPES) != (tag.name in _TEXTS) or tag.scale != 1:
        yield f"{place}.type: {tag.name} is a whole number without scale, {', '.join(sorted(_TEXTS))} a text"


def _overlaps(profile: Profile) -> Iterator[str]:
    if profile.modbus is None:
        return
    tags = [tag for tag in profile.scanned if tag.address is not None and tag.type in WORDS]
    for tag in tags:
        if WORDS[tag.type] > profile.modbus.max_block:
            yield f"tags.{tag.name}: wider than modbus.max_block"
    for left, right in pairwise(tags):
        if (left.address or 0) + WORDS[left.type] > (right.address or 0):
            yield f"tags.{right.name}.address: inside {left.name}"


def _needed(profile: Profile) -> Iterator[str]:
    needed = {"StateCurrent"}
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
    numbered = tuple((f"p{index + 1}", "u32") for index in range(_slots(command)))
    end = (("checksum", "u16"), ("commit", "u16")) if modbus else (("checksum", "u16"),)
    if command.fields != (*_FIELDS, *numbered, *end):
        yield "command.fields: must be epoch, number, verb, batch, step, p1.., checksum and, on Modbus, commit last"
    by_register = command.address is not None and command.commit is not None
    by_method = bool(command.method and command.object)
    if (by_register, by_method) != (modbus, not modbus):
        yield "command: Modbus needs address and commit, OPC UA method and object"
    if command.method in {tag.node for tag in profile.tags.values()} - {""}:
        yield f"command.method: {command.method!r} is the node of a tag"


def _verb(command: Command, verb: Verb) -> Iterator[str]:
    if len(verb.parameters) > _slots(command):
        yield f"verbs.{verb.name}.parameters: more than the block has room for"
    if len({parameter.name for parameter in verb.parameters}) < len(verb.parameters):
        yield f"verbs.{verb.name}.parameters: a name is there twice"
    for parameter in verb.parameters:
        if parameter.low > parameter.high:
            yield f"verbs.{verb.name}.{parameter.name}: low is above high"


def _slots(command: Command) -> int:
    return sum(name.startswith("p") and name[1:].isdigit() for name, _ in command.fields)
