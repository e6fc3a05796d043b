"""The key file the controller writes (`var/keys.json`): the floor key reads, a station's or courier's key acts.

It may not be there yet when the terminal starts, and a new database brings new keys: so it is read again before every connection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class KeysMissing(Exception):
    """There is no readable key file (yet)."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys a terminal may use. Stations and couriers by id."""

    floor: str = ""
    stations: Mapping[str, str] = field(default_factory=dict[str, str])
    couriers: Mapping[str, str] = field(default_factory=dict[str, str])

    def places(self) -> tuple[str, ...]:
        """Return every station and courier that this terminal can be."""
        return (*self.stations, *self.couriers)

    def acting(self, place: str) -> str:
        """Return the key of a station or courier, empty where there is none."""
        return self.stations.get(place) or self.couriers.get(place, "")

    def reading(self, place: str) -> str:
        """Return the key to read with: the floor's, else the place's own."""
        return self.floor or self.acting(place)


def read_keys(path: Path) -> Keys:
    """Read the key file. Raise `KeysMissing` with the reason where that cannot be done."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise KeysMissing(str(path)) from error
    except OSError as error:
        raise KeysMissing(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise KeysMissing(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise KeysMissing(f"{path}: not an object")
    body = cast("dict[str, object]", raw)
    return Keys(
        floor=str(body.get("floor", "")), stations=_table(body.get("stations")), couriers=_table(body.get("couriers"))
    )


def _table(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): str(key) for name, key in cast("dict[object, object]", value).items()}
