"""The controller's part of config.toml, read strictly: everything that is wrong is named at once, each by its place.

`load_config(path)` gives one frozen `Config`, or every problem; `read_config(path)` gives both, for whoever looks for problems
in further files. Machines, clock and state folder are read by `devices.site`, which the plant shares. Relative paths, that of
an SQLite database included, start from the folder of the file.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from controller.config.contradictions import VESSELS, contradictions, text_rows
from controller.model.people import Station, StationKind
from controller.model.stock import Zone
from devices.site import Site, read_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "SQLITE",
    "STRICT",
    "VESSELS",
    "Config",
    "ConfigError",
    "check",
    "load_config",
    "misfits",
    "read_config",
    "read_toml",
    "text_rows",
]

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
SQLITE = "sqlite:///"

_T = TypeVar("_T")
_OUR_RULE = "Value error, "
"""How pydantic introduces what a rule of ours said."""


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] >= limits[1]:
        raise ValueError("low is not below high")
    return limits


_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
_Limits = Annotated[tuple[float, float], AfterValidator(_rising)]
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
    celsius: _Limits
    humidity: _Limits
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
    config, problems = read_config(path)
    if problems:
        raise ConfigError(problems)
    return config


def read_config(path: Path) -> tuple[Config, tuple[str, ...]]:
    """Read what can be read, and say everything that is wrong; a table that is wrong is as if it were not there.

    Of wrong zones the names stay: a stock that lies in them is not blamed. Raises ConfigError where the file is no TOML.
    """
    raw, problems = read_toml(path), list[str]()
    site = _site(raw, path, problems)
    file = _file(raw, path, problems)
    problems += (f"{path.name}: {problem}" for problem in contradictions(raw))
    config = _config(path, site, file)
    if problems and not config.zones:
        named = [row["id"] for row in text_rows(raw, "zone") if "id" in row]
        config = dataclasses.replace(config, zones=tuple(Zone(id_, id_, id_, (0, 0), (0, 0), "") for id_ in named))
    return config, tuple(dict.fromkeys(problems))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError([f"{path}: 没有这个文件 (no such file)"]) from error
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from error


def check(shape: TypeAdapter[_T], raw: Mapping[str, Any], path: Path) -> _T:
    """Turn a parsed file into its shape. Raises ConfigError with the place of everything that does not fit."""
    try:
        # As JSON, because only there does strict mean what a TOML file can say: lists for tuples, dates and words for enums.
        return shape.validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        raise ConfigError(
            f"{path.name}: {_place(line['loc'])}: {line['msg'].removeprefix(_OUR_RULE)}" for line in error.errors()
        ) from error


def misfits(shape: TypeAdapter[Any], raw: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """Return everything of a parsed file that does not fit its shape, each with its place."""
    try:
        check(shape, raw, path)
    except ConfigError as error:
        return error.problems
    return ()


def _place(loc: Iterable[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _site(raw: Mapping[str, Any], path: Path, problems: list[str]) -> Site:
    site, wrong = read_site(raw, base=path.resolve().parent)
    problems += (f"{path.name}: {problem}" for problem in wrong)
    try:
        ZoneInfo(site.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"{path.name}: site.timezone: there is no time zone {site.timezone!r}")
        return dataclasses.replace(site, timezone="UTC")
    return site


def _file(raw: Mapping[str, Any], path: Path, problems: list[str]) -> _File:
    try:
        return check(_FILE, raw, path)
    except ConfigError as error:
        problems += error.problems
        return check(_FILE, {key: table for key, table in raw.items() if not misfits(_FILE, {key: table}, path)}, path)


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
