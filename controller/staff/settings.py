"""What simulated staff were told: their table of the site file, their keys, and who they are.

The files of keys and people appear when a controller first runs, so they are read again until they are there.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C."""

ACTS = (
    "answer", "review", "bind-pail", "draw", "weigh", "verify", "place-pail", "charge", "empty-pot", "add-main", "add-late",
    "separate",    "release", "box", "box-packet", "hand-over", "deliver", "hold", "excursion",
)  # fmt: skip
"""What takes time, by its name in [staff.minutes]."""

DESKS = ("review", "dispensing", "verification", "floor", "release", "dispatch")
"""Kinds of stations that people go to."""


class SettingsError(Exception):
    """A file that staff need is missing or not what it should be."""


@dataclass(frozen=True, slots=True)
class Person:
    """One simulated person with the badge and PIN of their account."""

    badge: str
    name: str
    roles: tuple[str, ...]
    pin: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Bearer keys by hospital code, station id and courier id."""

    hospitals: Mapping[str, str]
    stations: Mapping[str, str]
    couriers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """The site as staff know it.

    `minutes`: plant minutes of each act. `stations`: ids by kind. `script`: detours by prescription_no. `prescriptions`: what the
    prescribers wrote, for amendments, None where nobody amends. `state`: folder of keys, people and the staff's summary.
    """

    url: str
    state: Path
    minutes: Mapping[str, float]
    transit_minutes: float
    stations: Mapping[str, Sequence[str]]
    pails: Sequence[str]
    script: Mapping[str, Mapping[str, Any]]
    prescriptions: Path | None


def load_settings(path: Path) -> Settings:
    """Read the site file. Raises SettingsError with everything that staff miss in it, a line each."""
    raw = _toml(path)
    if missing := list(_missing(raw)):
        raise SettingsError("\n".join(f"{path}: 缺少 {zh} (there is no {en})" for zh, en in missing))
    try:
        return _settings(raw, path.resolve().parent)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: 内容有误，请运行 decoction check (it is wrong: run decoction check)") from error


def _settings(raw: Mapping[str, Any], base: Path) -> Settings:
    staff, api = raw["staff"], raw.get("api", {})
    stations: defaultdict[str, list[str]] = defaultdict(list)
    for row in raw["station"]:
        stations[row["kind"]].append(row["id"])
    return Settings(
        url=f"http://{api.get('host', '127.0.0.1')}:{api.get('port', 8080)}",
        state=base / raw.get("paths", {}).get("state", "var"),
        minutes={str(act): float(minutes) for act, minutes in staff["minutes"].items()},
        transit_minutes=float(staff["transit_minutes"]),
        stations=dict(stations),
        pails=tuple(raw["pails"]["codes"]),
        script=staff.get("script", {}),
        prescriptions=base / staff["prescriptions"] if "prescriptions" in staff else None,
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: 没有这个文件 (no such file)") from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error


def _missing(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what staff cannot work without, in both languages; `decoction check` looks at all the rest."""
    staff = _table(raw.get("staff"))
    if not staff:
        yield (
            "[staff] 表，模拟人员不知道各项工作要多久",
            "table [staff], which says how long the work of simulated staff takes",
        )
    else:
        minutes = _table(staff.get("minutes"))
        wanted = {f"staff.minutes.{act}": minutes.get(act) for act in ACTS}
        wanted["staff.transit_minutes"] = staff.get("transit_minutes")
        for place, value in wanted.items():
            if not isinstance(value, (int, float)) or value < 0:
                yield f"{place}，应为分钟数", f"{place}, a number of minutes"
    rows: object = raw.get("station")
    kinds = [_table(row).get("kind") for row in cast("list[object]", rows)] if isinstance(rows, list) else []
    yield from ((f"{kind} 类的 [[station]]", f"[[station]] of kind {kind}") for kind in DESKS if kind not in kinds)
    if not _table(raw.get("pails")).get("codes"):
        yield "药桶编码 pails.codes", "pails.codes"


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def load_keys(path: Path) -> Keys:
    """Read the keys. Raises SettingsError while they are not there."""
    raw = _json(path)
    try:
        return Keys(raw["hospitals"], raw["stations"], raw["couriers"])
    except (KeyError, TypeError) as error:
        raise SettingsError(f"{path}: no keys of {error}") from error


def load_people(path: Path) -> tuple[Person, ...]:
    """Read the simulated people. Raises SettingsError while they are not there."""
    raw = _json(path)
    try:
        return tuple(Person(row["badge"], row["name"], tuple(row["roles"]), row["pin"]) for row in raw["people"])
    except (KeyError, TypeError) as error:
        raise SettingsError(f"{path}: no {error}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
