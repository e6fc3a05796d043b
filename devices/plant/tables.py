"""A profile table, read as the maker of the simulated machine reads it.

Only what the machine needs is read: tags, command block, verbs, watchdog. The drivers read the same tables with code of
their own, so that a mistake of theirs meets an independent opinion here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.errors import ProfileError
from devices.plant.packml import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILES = Path(__file__).parents[1] / "profiles"

SIMULATED = (("modbus", "table", ("holding", "input")), ("opcua", "security", ("none",)))


@dataclass(frozen=True, slots=True)
class Tag:
    """One value on the wire. `address`: first register (Modbus); `node`: string identifier (OPC UA).

    What the machine shows instead of our value: value / `scale`; one of `codes` or the bits of `bits`, by our number; `lost`
    where there is no signal. `unset` is the number that no bit stands for.
    """

    name: str
    type: str
    address: int
    node: str
    writable: bool
    word_order: str = "big"
    scale: float = 1.0
    codes: Mapping[int, int] | None = None
    bits: Mapping[int, int] | None = None
    unset: int = 0
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A parameter of a verb and the values the machine takes, in our units; `scale` of them are one of the machine's."""

    name: str
    low: int
    high: int
    scale: int


@dataclass(frozen=True, slots=True)
class Verb:
    """What an order can ask for; its parameters stand in p1, p2, ... in this order."""

    name: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Where orders come in. `fields`: (name, type) in the order of the wire; `commit`: the value that makes it act."""

    fields: tuple[tuple[str, str], ...]
    address: int
    commit: int
    object: str
    method: str

    @property
    def is_numbered(self) -> bool:
        """Orders have numbers, so the machine can know one that it took before."""
        return any(name == "number" for name, _ in self.fields)


@dataclass(frozen=True, slots=True)
class Watchdog:
    """What the machine does when the heartbeat stands still for `timeout_s` wall seconds."""

    timeout_s: float
    cuts_heat: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of machine of one maker. `verbs` by their code on the wire; `faults`: the maker's numbers by our words.

    `is_sealed`: a pot that cooks under pressure.
    """

    id: str
    kind: str
    protocol: str
    word_order: str
    namespace: str
    tags: Mapping[str, Tag]
    verbs: Mapping[int, Verb]
    faults: Mapping[str, int]
    is_sealed: bool
    block: Block | None
    watchdog: Watchdog | None


def load_table(profile: str, own: Path | None = None) -> Table:
    """Read the table called `profile`, one of the site's `own` or of ours. Raises ProfileError naming the file."""
    path = PROFILES / f"{profile}.toml"
    if own is not None and not path.exists():
        path = own / path.name
    try:
        return table_from(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProfileError(f"{path.name}: {type(error).__name__} {error}") from error


def table_from(raw: Mapping[str, Any]) -> Table:
    """Take what the machine needs from the parsed table.

    Raises LookupError or TypeError where it is not a table, ValueError where it is one of a machine that is not simulated.
    """
    for section, key, simulated in SIMULATED:
        asked = raw.get(section, {}).get(key, simulated[0])
        if asked not in simulated:
            raise ValueError(f"{key} = {asked!r}: only {', '.join(simulated)} is simulated")
    command, watchdog = raw.get("command"), raw.get("watchdog")
    word_order = raw.get("modbus", {}).get("word_order", "big")
    return Table(
        id=raw["id"],
        kind=raw["kind"],
        protocol=raw["protocol"],
        word_order=word_order,
        namespace=raw.get("opcua", {}).get("namespace", ""),
        tags={name: _tag(name, tag, word_order) for name, tag in raw["tags"].items()},
        verbs={verb["code"]: _verb(name, verb) for name, verb in raw.get("verbs", {}).items()},
        faults={fault["word"]: int(code) for code, fault in raw.get("faults", {}).items() if "word" in fault},
        is_sealed=raw.get("vessel") == "pressure",
        block=None if command is None else _block(command),
        watchdog=None
        if watchdog is None
        else Watchdog(timeout_s=float(watchdog["timeout_s"]), cuts_heat=watchdog["policy"] == "cut-heat"),
    )


def _tag(name: str, raw: Mapping[str, Any], word_order: str) -> Tag:
    return Tag(
        name=name,
        type=raw["type"],
        word_order=raw.get("word_order", word_order),
        address=raw.get("address", -1),
        node=raw.get("node", ""),
        writable=raw.get("access") == "write",
        scale=raw.get("scale", 1.0),
        codes=_shown(name, raw, "codes"),
        bits=_shown(name, raw, "bits"),
        unset=_number(name, raw.get("unset", 0)),
        lost=raw.get("lost"),
    )


def _shown(name: str, raw: Mapping[str, Any], key: str) -> Mapping[int, int] | None:
    """Turn what the maker's numbers mean round: the first that means ours is shown for it."""
    shown: dict[int, int] = {}
    for code, meaning in raw.get(key, {}).items():
        shown.setdefault(_number(name, meaning), int(code))
    return shown or None


def _number(name: str, meaning: int | str) -> int:
    return meaning if isinstance(meaning, int) else WORDS[name][meaning]


def _verb(name: str, raw: Mapping[str, Any]) -> Verb:
    limits = (Limit(each["name"], each["low"], each["high"], each.get("scale", 1)) for each in raw["parameters"])
    return Verb(name, tuple(limits))


def _block(raw: Mapping[str, Any]) -> Block:
    return Block(
        fields=tuple((name, kind) for name, kind in raw["fields"]),
        address=raw.get("address", -1),
        commit=raw.get("commit", 0),
        object=raw.get("object", ""),
        method=raw.get("method", ""),
    )
