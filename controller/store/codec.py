"""Turns facts and aggregates into canonical JSON text and back, without losing anything and without guessing.

`encode(thing)` gives one text per value: keys sorted, sets sorted, no spaces, characters as they are. `decode(kind, text)`
gives an equal value or raises. The classes stay plain dataclasses; pydantic reads their annotations once, at first use.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, SchemaSerializer, SchemaValidator, ValidationError

from controller.model.alarm import Alarm
from controller.model.batch import Batch
from controller.model.case import Case
from controller.model.equipment import Equipment
from controller.model.facts import FACTS
from controller.model.people import Person
from controller.model.recipe import ApprovedRecipe
from controller.model.stock import Lot, Zone
from controller.store.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Mapping

AGGREGATES: Final[Mapping[str, type]] = MappingProxyType(
    {
        "case": Case,
        "batch": Batch,
        "machine": Equipment,
        "lot": Lot,
        "zone": Zone,
        "person": Person,
        "alarm": Alarm,
        "recipe": ApprovedRecipe,
    }
)


class _Codec(NamedTuple):
    write: SchemaSerializer
    read: SchemaValidator
    doubtful: tuple[str, ...]


_NO_NUMBER: Final = ("NaN", "Infinity")
_NOTHING: Final = "null"


def encode(thing: object) -> str:
    """Return the canonical JSON of a fact or an aggregate; ValueError where a field does not hold what its class says."""
    codec = _codec(type(thing))
    try:
        text = codec.write.to_json(thing, warnings="error").decode()
        # The writer lets not-a-number and None pass anywhere: a text that may hold one is read back, which refuses it.
        if any(word in text for word in codec.doubtful):
            codec.read.validate_json(text)
    except (PydanticSerializationError, ValidationError) as error:
        raise ValueError(f"{type(thing).__name__} cannot be stored: {error}") from error
    return text


def decode(kind: str, text: str) -> Any:
    """Return the fact or aggregate that `encode` was given; Corrupt where the text is no such thing."""
    of = FACTS.get(kind) or AGGREGATES.get(kind)
    if of is None:
        raise Corrupt(f"nothing of the kind {kind!r} is known")
    try:
        return _codec(of).read.validate_json(text)
    except ValidationError as error:
        raise Corrupt(f"a stored {kind} cannot be read: {error}") from error


@cache
def _codec(of: type) -> _Codec:
    adapter = TypeAdapter[Any](of)
    schema = _exact(adapter.core_schema)
    # Facts are for ever and small; an aggregate is made of them, and large.
    doubtful = (*_NO_NUMBER, _NOTHING) if of.__name__ in FACTS else _NO_NUMBER
    return _Codec(SchemaSerializer(schema), SchemaValidator(schema), doubtful)


def _exact(node: Any) -> Any:
    """Return pydantic's schema with every freedom taken away: no unknown key, no other type, one order."""
    if isinstance(node, (list, tuple)):
        return type(node)(_exact(part) for part in node)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] a schema is untyped data
    if not isinstance(node, dict):
        return node
    exact: dict[str, Any] = {key: _exact(value) for key, value in node.items()}  # pyright: ignore[reportUnknownVariableType] as above
    match exact.get("type"):
        case "dataclass":
            exact["fields"] = sorted(exact["fields"])
            exact["config"] = {**exact.get("config", {}), "ser_json_inf_nan": "constants"}
        case "dataclass-args":
            exact["fields"] = sorted(exact["fields"], key=lambda one: one["name"])
            exact["extra_behavior"] = "forbid"
        case "frozenset":
            exact["serialization"] = _plain(sorted, {"type": "list", "items_schema": exact["items_schema"]})
        case "dict":
            exact["serialization"] = _plain(_by_key, {"type": "dict"})
        case "float":
            exact |= {"strict": True, "allow_inf_nan": False}
        case "int" | "str" | "bool":
            exact["strict"] = True
        case _:
            return exact
    return exact


def _plain(function: Any, gives: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function-plain", "function": function, "return_schema": gives}


def _by_key(mapping: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(mapping.items()))
