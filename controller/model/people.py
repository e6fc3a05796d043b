"""People, their roles, and the stations they stand at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; a person may have several."""

    PHARMACIST = "pharmacist"
    DISPENSER = "dispenser"
    CHECKER = "checker"
    OPERATOR = "operator"
    PACKER = "packer"
    COURIER = "courier"
    WARD = "ward"
    ADMIN = "admin"


class StationKind(StrEnum):
    """What is done at a station."""

    REVIEW = "review"
    DISPENSING = "dispensing"
    VERIFICATION = "verification"
    FLOOR = "floor"
    RELEASE = "release"
    DISPATCH = "dispatch"
    COURIER = "courier"
    ANY = "any"  # a small centre's one terminal


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `badge` is a code; the PIN's hash is not here but in the store's own table."""

    badge: str
    name: str
    roles: tuple[Role, ...]
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Station:
    """One bench with a terminal and a scanner."""

    id: str
    kind: StationKind
    name_zh: str
    name_en: str
