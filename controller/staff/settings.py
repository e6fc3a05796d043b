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
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
    """Read the site file. Raises SettingsError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        staff, api = raw["staff"], raw.get("api", {})
        stations: defaultdict[str, list[str]] = defaultdict(list)
        for row in raw["station"]:
            stations[row["kind"]].append(row["id"])
        base = path.resolve().parent
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
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: {type(error).__name__}: {error}") from error


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
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
