"""A table against the words that the maker's manual gives: mistakes of word order, scale and code show here, not on a patient.

`disagreements(profile, golden)` says each in one line; `golden` is the parsed `golden/ID.json` beside the table. Pure.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from devices import codec
from devices.errors import CodecError
from devices.model import Order
from devices.profile_rules import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devices.profile import Profile, Tag
    from devices.protocol import Value


def disagreements(profile: Profile, golden: Mapping[str, Any]) -> Iterator[str]:
    """Yield, place first, everything that the table makes of the manual's words and the manual does not."""
    try:
        yield from _of_the_words(profile, golden)
        if profile.command is not None:
            yield from _of_the_order(profile, golden["command"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield f"not as docs/how-to/add-a-machine.md says: {type(error).__name__} {error}"


def _of_the_words(profile: Profile, golden: Mapping[str, Any]) -> Iterator[str]:
    meant = partial(_of_registers, _registers(golden)) if profile.modbus else partial(_of_node, golden["nodes"])
    for tag in profile.scanned:
        wanted = golden["values"].get(tag.name)
        try:
            value = meant(tag)
        except KeyError as missing:
            yield f"{tag.name}: the manual's words have no {missing}"
        except CodecError as error:
            yield f"{tag.name}: {error}"
        else:
            if value != wanted:
                yield f"{tag.name}: the table says {value!r}, the manual {wanted!r}"


def _registers(golden: Mapping[str, Any]) -> dict[int, int]:
    return {int(first) + at: word for first, words in golden["registers"].items() for at, word in enumerate(words)}


def _of_registers(image: Mapping[int, int], tag: Tag) -> Value | None:
    first = tag.address or 0
    return codec.value_of(tag, b"".join(image[first + at].to_bytes(2, "big") for at in range(WORDS[tag.type])))


def _of_node(nodes: Mapping[str, tuple[str, Any]], tag: Tag) -> Value | None:
    kind, value = nodes[tag.node]
    if kind != tag.type:
        raise CodecError(f"is {kind} there, {tag.type} in the table", tag=tag.name)
    return value if tag.scale == 1 else value * tag.scale


def _of_the_order(profile: Profile, golden: Mapping[str, Any]) -> Iterator[str]:
    assert profile.command is not None
    order = Order(machine="", not_after=0, **golden["order"])
    values = codec.command_values(profile, order, golden["epoch"])
    if profile.modbus is None:
        said: Any = (profile.command.object, profile.command.method, list(values))
        wanted: Any = (golden["object"], golden["method"], [value for _, value in golden["arguments"]])
    else:
        types = [kind for _, kind in profile.command.fields]
        said = (profile.command.address, codec.words(types, values, profile.modbus.word_order))
        wanted = (golden["address"], golden["registers"])
    if said != wanted:
        yield f"command: the table makes {said}, the manual {wanted}"
