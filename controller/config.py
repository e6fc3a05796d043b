"""The controller's part of config.toml, read strictly: everything that is wrong is named at once, each by its place.

`load_config(path)` gives one frozen `Config`; machines, clock and state folder are read by `devices.site`, which the plant
shares. Relative paths, that of an SQLite database included, start from the folder of the file.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections import Counter
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from controller.model.codes import PAIL, VESSEL, is_sound
from controller.model.people import Station, StationKind
from controller.model.stock import Zone
from devices.errors import SiteError
from devices.site import Site, site_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from devices.site import MachineSite

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
SQLITE = "sqlite:///"
VESSELS = frozenset({"decoction", "soaking"})
"""Kinds of machine whose vessel a person scans."""

_T = TypeVar("_T")
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
_Words = Annotated[str, Field(min_length=1, max_length=60)]


class ConfigError(Exception):
    """A file of the site is not one that the controller can run with. `problems`: every one, its place first."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything the controller was told about its site.

    `database`: SQLAlchemy URL. `stock`, `people`: files that seed the database. `recipes`: the site's own recipe table, None
    for ours. `requests_per_minute`: per hospital, 0 without limit. `staff`: the table of simulated staff as it stands, which
    they read themselves.
    """

    path: Path
    site: Site
    line: str
    host: str
    port: int
    requests_per_minute: int
    database: str
    stock: Path
    people: Path
    recipes: Path | None
    hospitals: Mapping[str, str]
    couriers: Mapping[str, str]
    stations: tuple[Station, ...]
    zones: tuple[Zone, ...]
    pails: frozenset[str]
    staff: Mapping[str, Any]

    @property
    def timezone(self) -> ZoneInfo:
        """The site's."""
        return ZoneInfo(self.site.timezone)

    @property
    def sqlite(self) -> Path | None:
        """The database file, None where the database is a server."""
        return self.path.parent / self.database.removeprefix(SQLITE) if self.database.startswith(SQLITE) else None


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Line:
    id: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}$")] = "A"
    stock: str = "stock.toml"
    people: str = "people.toml"
    recipes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Api:
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    requests_per_minute: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Database:
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Hospital:
    code: _Id
    name: _Words


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Courier:
    id: _Id
    name: _Words


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Station:
    id: _Id
    kind: StationKind
    name_zh: _Words
    name_en: _Words


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Zone:
    id: _Id
    name_zh: _Words
    name_en: _Words
    celsius: tuple[float, float]
    humidity: tuple[float, float]
    sensor: str


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Pails:
    codes: tuple[str, ...] = ()


_Table = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _File:
    """The whole file. `site`, `clock`, `paths` and `machine` are the ground's to read."""

    site: _Table = field(default_factory=_Table)
    clock: _Table = field(default_factory=_Table)
    paths: _Table = field(default_factory=_Table)
    machine: list[_Table] = field(default_factory=list[_Table])
    line: _Line = field(default_factory=_Line)
    api: _Api = field(default_factory=_Api)
    database: _Database = field(default_factory=_Database)
    hospital: tuple[_Hospital, ...] = ()
    courier: tuple[_Courier, ...] = ()
    station: tuple[_Station, ...] = ()
    zone: tuple[_Zone, ...] = ()
    pails: _Pails = field(default_factory=_Pails)
    staff: _Table = field(default_factory=_Table)


_FILE = TypeAdapter(_File)


def load_config(path: Path) -> Config:
    """Read the site's configuration. Raises ConfigError with every problem."""
    raw = read_toml(path)
    problems: list[str] = []
    site = file = None
    try:
        site = site_from(raw, base=path.resolve().parent)
    except SiteError as error:
        problems.append(f"{path.name}: {error}")
    try:
        file = check(_FILE, raw, path)
    except ConfigError as error:
        problems += error.problems
    if site is not None:
        problems += (f"{path.name}: {problem}" for problem in _about_site(site))
        if file is not None:
            problems += (f"{path.name}: {problem}" for problem in _contradictions(site, file))
            if not problems:
                return _config(path, site, file)
    raise ConfigError(problems)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from error


def check(shape: TypeAdapter[_T], raw: Mapping[str, Any], path: Path) -> _T:
    """Turn a parsed file into its shape. Raises ConfigError with the place of everything that does not fit."""
    try:
        # As JSON, because only there does strict mean what a TOML file can say: lists for tuples, dates and words for enums.
        return shape.validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {_place(line['loc'])}: {line['msg']}" for line in error.errors()) from error


def _place(loc: Iterable[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _about_site(site: Site) -> Iterator[str]:
    try:
        ZoneInfo(site.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"site.timezone: there is no time zone {site.timezone!r}"


def _contradictions(site: Site, file: _File) -> Iterator[str]:
    yield from _twice("hospital", (row.code for row in file.hospital))
    yield from _twice("station, courier", (row.id for row in (*file.station, *file.courier)))
    yield from _twice("zone", (row.id for row in file.zone))
    vessels = [machine.code for machine in site.machines.values() if machine.kind in VESSELS]
    yield from _twice("machine.code, pails.codes", (*vessels, *file.pails.codes))
    yield from (f"pails.codes: {problem}" for code in file.pails.codes for problem in _label(code, PAIL))
    stations, zones = {row.id for row in file.station}, {row.id for row in file.zone}
    for machine in site.machines.values():
        yield from (f"machine {machine.id}{problem}" for problem in _machine(machine, stations, zones))
    for index, zone in enumerate(file.zone):
        yield from (f"zone[{index}]{problem}" for problem in _zone(zone, site.machines.get(zone.sensor)))


def _machine(machine: MachineSite, stations: set[str], zones: set[str]) -> Iterator[str]:
    if machine.kind in VESSELS:
        yield from (f".code: {problem}" for problem in _label(machine.code, VESSEL))
    if machine.station and machine.station not in stations:
        yield f".station: there is no station {machine.station!r}"
    if machine.zone and machine.zone not in zones:
        yield f".zone: there is no zone {machine.zone!r}"


def _zone(zone: _Zone, sensor: MachineSite | None) -> Iterator[str]:
    if sensor is None or sensor.kind != "storage":
        yield f".sensor: {zone.sensor!r} is not a storage sensor of this site"
    elif sensor.zone not in {"", zone.id}:
        yield f".sensor: {zone.sensor!r} stands in zone {sensor.zone!r}"
    for name, (low, high) in (("celsius", zone.celsius), ("humidity", zone.humidity)):
        if low >= high:
            yield f".{name}: low is not below high"


def _twice(place: str, names: Iterable[str]) -> Iterator[str]:
    yield from (f"{place}: {name!r} is there twice" for name, count in Counter(names).items() if count > 1)


def _label(code: str, prefix: str) -> Iterator[str]:
    if not (code.startswith(f"{prefix}-") and is_sound(code)):
        yield f"{code!r} is not a code {prefix}-… with its check character"


def _config(path: Path, site: Site, file: _File) -> Config:
    base = path.resolve().parent
    return Config(
        path=path.resolve(),
        site=site,
        line=file.line.id,
        host=file.api.host,
        port=file.api.port,
        requests_per_minute=file.api.requests_per_minute,
        database=_database(file.database.url or f"{SQLITE}{site.state / 'line.db'}", base),
        stock=base / file.line.stock,
        people=base / file.line.people,
        recipes=base / file.line.recipes if file.line.recipes else None,
        hospitals=MappingProxyType({row.code: row.name for row in file.hospital}),
        couriers=MappingProxyType({row.id: row.name for row in file.courier}),
        stations=tuple(Station(row.id, row.kind, row.name_zh, row.name_en) for row in file.station),
        zones=tuple(Zone(row.id, row.name_zh, row.name_en, row.celsius, row.humidity, row.sensor) for row in file.zone),
        pails=frozenset(file.pails.codes),
        staff=MappingProxyType(file.staff),
    )


def _database(url: str, base: Path) -> str:
    return f"{SQLITE}{base / url.removeprefix(SQLITE)}" if url.startswith(SQLITE) else url
