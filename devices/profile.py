"""A profile is a table read strictly: what it does not say is not known, and what it says wrongly is named by place.

`load_profile("pot-modbus")` reads a packaged table or one of the site's own folder, `load_profile_file(path)` any other. The
driver is built from the result; nothing about one kind of machine is written anywhere else.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import field
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from devices.errors import ProfileError
from devices.profile_rules import ORDER, contradictions

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

RegisterTable = Literal["holding", "input"]
WordOrder = Literal["big", "little"]
FieldType = Literal["u16", "u32", "text20"]
TagType = Literal[
    "u16", "i16", "u32", "i32", "u64", "f32", "text20",
    "UInt16", "Int16", "UInt32", "Int32", "UInt64", "Float", "Double", "String",
]  # fmt: skip
Ready = Literal["done", "todo", "exempt"]
Register = Annotated[int, Field(ge=0, le=0xFFFF)]
Word = Annotated[int, Field(ge=0, le=0xFFFF)]
Long = Annotated[int, Field(ge=0, le=0xFFFF_FFFF)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Bit = Annotated[int, Field(ge=0, le=15)]
DRIVEN = frozenset({"decoction", "soaking", "packing"})
"""Kinds of machine that take orders."""
Meaning = int | str
"""A number of ours, or its word in PackML's spelling: 6 or "Execute" for `StateCurrent`."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Text:
    """One text in the two languages of the line."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Fault(Text):
    """What a fault number of the machine means. `spoils`: what is in the vessel is no medicine any more.

    `word`: our name for it, whatever number the maker gave it; empty for what only this maker knows.
    """

    spoils: bool = False
    word: Literal["", "dry-boil", "sensor", "heartbeat"] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Tag:
    """One value of the machine. Modbus tags have an `address` in a `table`, OPC UA tags a `node`.

    `reading`: measured, so it is judged by `low`..`high`, by `rate_per_s` (largest honest change in one plant second; 0 = any),
    after a jump by `rise_per_s` (the fastest that the thing itself can rise for long; 0 = as `rate_per_s`)
    and by `stuck_polls` (polls after which a bit-identical value is no measurement; 0 = may rest).
    Ours = the machine's x `scale`, or by `codes` what its number means, or by `bits` what the first bit means that is set, in the
    order of the table, and `unset` where none is. `lost`: the number it shows instead of a measurement that failed.
    """

    name: str
    type: TagType
    address: Register | None = None
    table: RegisterTable = "holding"
    node: str = ""
    unit: str = ""
    scale: float = 1.0
    word_order: WordOrder = "big"
    access: Literal["read", "write"] = "read"
    reading: bool = False
    low: float = 0.0
    high: float = 0.0
    rate_per_s: Annotated[float, Field(ge=0)] = 0.0
    rise_per_s: Annotated[float, Field(ge=0)] = 0.0
    stuck_polls: Annotated[int, Field(ge=0)] = 0
    codes: dict[int, Meaning] = field(default_factory=dict[int, Meaning])
    bits: dict[Bit, Meaning] = field(default_factory=dict[int, Meaning])
    unset: Meaning = 0
    lost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Modbus:
    """How registers are reached. `table`: of all tags that name none; `max_block`: registers one request may ask for."""

    table: RegisterTable
    word_order: WordOrder
    max_block: Annotated[int, Field(ge=1, le=125)]
    min_gap_ms: Annotated[int, Field(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class OpcUa:
    """How nodes are reached: identifiers in `namespace` (a URI), numbers where they are written `i=NUMBER`, else strings."""

    namespace: str
    max_nodes_per_read: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Watchdog:
    """What the machine does when our heartbeat stops. Wall seconds at any speed."""

    policy: Literal["finish-phase", "cut-heat"]
    timeout_s: Seconds
    heartbeat_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Readiness:
    """How far the conformance suite has been passed on a real machine, by level."""

    link: Ready
    monitor: Ready
    command: Ready


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Command:
    """The one atomic block of an order: registers from `address`, or arguments of `method` at `object`.

    `accept_s`: wall seconds until the echo must be there.
    """

    fields: tuple[tuple[str, FieldType], ...]
    accept_s: Seconds
    address: Register | None = None
    commit: Word | None = None
    method: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Parameter:
    """One number of a verb, `low` to `high`, uint32. `scale`: how many of our units make one of the machine's.

    `default`: sent by an order that does not name it; without one every order must.
    """

    name: str
    unit: str
    low: Long
    high: Long
    scale: Annotated[int, Field(ge=1)] = 1
    default: Long | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Verb:
    """One thing the machine can be asked to do."""

    name: str
    code: Word
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Profile:
    """One kind of machine of one maker. `period_s`: poll period in plant seconds; `timeout_s`: wall seconds of one request.

    Protocol `manual`: it is on no wire at all, so there is nothing to poll, to read or to write.
    """

    id: str
    kind: Literal["decoction", "soaking", "packing", "scale", "storage"]
    maker: str
    title: Text
    protocol: Literal["modbus", "opcua", "manual"]
    period_s: Seconds
    timeout_s: Seconds
    handshake: Literal["echo", "busy", "none", "read-only"]
    readiness: Readiness
    tags: dict[str, Tag] = field(default_factory=dict[str, Tag])
    watchdog: Watchdog | None = None
    boil_delta_c: Annotated[float, Field(ge=0, le=5)] | None = None
    vessel: Literal["open", "pressure"] | None = None
    modbus: Modbus | None = None
    opcua: OpcUa | None = None
    command: Command | None = None
    verbs: dict[str, Verb] = field(default_factory=dict[str, Verb])
    faults: dict[int, Fault] = field(default_factory=dict[int, Fault])

    @property
    def by_hand(self) -> bool:
        """Whether people must work it: nothing that it says could tell what became of an order."""
        return self.handshake == "none"

    @property
    def monitor_only(self) -> bool:
        """Whether a machine of a kind that takes orders is only read: it takes none, or has not passed the command suite."""
        return self.kind in DRIVEN and (self.handshake == "read-only" or self.readiness.command == "todo")

    @property
    def scanned(self) -> tuple[Tag, ...]:
        """The tags one read of the machine brings, in the order of their registers or of the table.

        Of nodes the order's number is the first: where a read takes two requests, the end of one order is never that of the next.
        """
        read = [tag for tag in self.tags.values() if tag.access == "read"]
        if self.protocol == "modbus":
            return tuple(sorted(read, key=lambda tag: (tag.table, tag.address or 0)))
        return tuple(sorted(read, key=lambda tag: tag.name != ORDER))


_PROFILE = TypeAdapter(Profile)


def load_profile(profile_id: str, own: Path | None = None) -> Profile:
    """Read table `profile_id`, ours or in the site's `own` folder. Raises ProfileError naming every place that is wrong."""
    tables = profile_tables(own)
    if profile_id not in tables:
        raise ProfileError(f"there is no profile {profile_id!r}", advice=f"use one of {', '.join(tables)}")
    return load_profile_file(tables[profile_id])


def load_profile_file(path: Path | Traversable) -> Profile:
    """Read the table at `path`, whose name without ending is its id. Raises ProfileError naming every place that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    try:
        # As JSON, because only there does strict mean what a table can say: lists for tuples, text for the number of a fault.
        profile = _PROFILE.validate_json(json.dumps(_named(raw), default=str))
    except ValidationError as error:
        places = (f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in error.errors())
        raise ProfileError("; ".join(f"{path.name}: {place}" for place in places)) from error
    problems = list(contradictions(profile))
    if f"{profile.id}.toml" != path.name:
        problems.append(f"id: {profile.id!r} is not the name of the file")
    if problems:
        raise ProfileError("; ".join(f"{path.name}: {problem}" for problem in problems))
    return profile


def all_profiles(own: Path | None = None) -> dict[str, Profile]:
    """Read every table, ours and those of the site's `own` folder, by id. Raises ProfileError."""
    return {name: load_profile_file(table) for name, table in profile_tables(own).items()}


def profile_tables(own: Path | None = None) -> dict[str, Traversable]:
    """Find every table by its id. Raises ProfileError where `own` cannot be read or has one called like ours."""
    ours = _in_folder(resources.files("devices.profiles"))
    if own is None:
        return ours
    try:
        theirs = _in_folder(own)
    except OSError as error:
        raise ProfileError(f"{own}: {error.strerror}", advice="[paths] profiles is a folder of tables") from error
    if twice := sorted(ours.keys() & theirs.keys()):
        raise ProfileError(f"{own}: {', '.join(twice)}: we have a table of this name", advice="give yours another name")
    return ours | theirs


def _in_folder(folder: Traversable) -> dict[str, Traversable]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name.removesuffix(".toml"): folder / name for name in names}


def _named(raw: dict[str, Any]) -> dict[str, Any]:
    """Give each tag and verb the name it is listed under, and each tag what [modbus] says for all."""
    said = raw.get("modbus")
    everywhere = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    defaults = {key: everywhere[key] for key in ("word_order", "table") if key in everywhere}
    return {**raw, "tags": _rows(raw.get("tags", {}), defaults), "verbs": _rows(raw.get("verbs", {}), {})}


def _rows(table: Any, defaults: dict[str, Any]) -> Any:
    if not isinstance(table, dict):
        return table
    rows = cast("dict[str, Any]", table)
    return {name: _row(name, row, defaults) for name, row in rows.items()}


def _row(name: str, row: Any, defaults: dict[str, Any]) -> Any:
    return {**defaults, "name": name, **cast("dict[str, Any]", row)} if isinstance(row, dict) else row
