"""Nobody may do anything that the table does not allow: which kind of key may call what, and whose objects it sees.

A key is looked up by its sha256; the table `ACCESS` is read by method and path, and a route that is not in it answers 403 to
every key. Whether a person may do an act is not asked here but decided by the line, from role, person and station.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from controller.api.problems import Problematic
from controller.model.case import ENDS, Case, Status
from controller.model.people import Station, StationKind
from controller.model.prescription import DeliveryMethod

if TYPE_CHECKING:
    from controller.api.context import Context


class KeyRole(StrEnum):
    """Kinds of keys. The scope of a hospital's or courier's key is its code, of a station's its id."""

    ADMIN = "admin"
    HOSPITAL = "hospital"
    STATION = "station"
    COURIER = "courier"
    FLOOR = "floor"


_ADMIN, _HOSPITAL, _STATION, _COURIER, _FLOOR = KeyRole
_EVERYBODY = frozenset(KeyRole)
_HOUSE = frozenset({_ADMIN, _STATION, _FLOOR})
_V1 = "/api/v1"

OPEN = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/openapi.json")})
ACCESS: dict[tuple[str, str], frozenset[KeyRole]] = {
    ("POST", f"{_V1}/prescriptions"): frozenset({_HOSPITAL}),
    ("POST", f"{_V1}/prescriptions/{{case}}/answer"): frozenset({_HOSPITAL}),
    ("POST", f"{_V1}/prescriptions/{{case}}/cancel"): frozenset({_HOSPITAL}),
    ("GET", f"{_V1}/prescriptions"): _EVERYBODY,
    ("GET", f"{_V1}/prescriptions/{{case}}"): _EVERYBODY,
    ("GET", f"{_V1}/prescriptions/{{case}}/record"): _HOUSE | {_HOSPITAL},
    ("POST", f"{_V1}/intents"): frozenset({_STATION, _COURIER}),
    ("POST", f"{_V1}/scans"): frozenset({_STATION, _COURIER}),
    ("GET", f"{_V1}/machines"): _HOUSE,
    ("GET", f"{_V1}/machines/{{machine}}"): _HOUSE,
    ("GET", f"{_V1}/batches/{{batch}}/curve"): _HOUSE | {_HOSPITAL},
    ("GET", f"{_V1}/outage"): _HOUSE,
    ("GET", f"{_V1}/recipe"): _HOUSE,
    ("GET", f"{_V1}/alarms"): _HOUSE,
    ("GET", f"{_V1}/alarms/kpi"): _HOUSE,
    ("POST", f"{_V1}/alarms/{{alarm}}/acknowledge"): frozenset({_STATION}),
    ("GET", f"{_V1}/stream"): _EVERYBODY,
    ("GET", f"{_V1}/line"): _HOUSE | {_COURIER},
    ("GET", f"{_V1}/tasks"): _HOUSE | {_COURIER},
    ("GET", f"{_V1}/whoami"): _EVERYBODY,
    ("GET", f"{_V1}/people"): frozenset({_ADMIN}),
    ("POST", f"{_V1}/people"): frozenset({_ADMIN}),
    ("GET", f"{_V1}/keys"): frozenset({_ADMIN}),
    ("POST", f"{_V1}/keys"): frozenset({_ADMIN}),
    ("GET", "/metrics"): frozenset({_ADMIN, _FLOOR}),
}

_NAMED_AT = frozenset({StationKind.REVIEW, StationKind.RELEASE, StationKind.DISPATCH})
_COURIERS_STATUS = frozenset({Status.AWAITING_HANDOVER, Status.IN_TRANSIT})
_COURIERS_FACTS = frozenset({"BatchBoxed", "ParcelHandedOver", "DeliveryConfirmed"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: one key. `station`: where it stands, None for keys that act nowhere."""

    key: str
    role: KeyRole
    scope: str
    station: Station | None = None

    @property
    def in_house(self) -> bool:
        """Whether the key is of the centre itself, which sees the whole line."""
        return self.role in _HOUSE

    @property
    def sees_names(self) -> bool:
        """Whether patients' names are shown whole: where somebody signs, or hands medicine over, or it is the own hospital."""
        return self.role is KeyRole.HOSPITAL or (self.station is not None and self.station.kind in _NAMED_AT)

    @property
    def sees_diagnosis(self) -> bool:
        """Whether the diagnosis is shown: to the reviewer and to the own hospital."""
        at_review = self.station is not None and self.station.kind is StationKind.REVIEW
        return self.role is KeyRole.HOSPITAL or at_review

    @property
    def sees_medicine(self) -> bool:
        """Whether it is shown what is in the parcel."""
        return self.role is not KeyRole.COURIER

    def sees(self, case: Case) -> bool:
        """Say whether this prescription exists for the caller: for a hospital its own, for a courier those on the road."""
        match self.role:
            case KeyRole.HOSPITAL:
                return case.prescription.hospital == self.scope
            case KeyRole.COURIER:
                on_the_road = case.status in _COURIERS_STATUS or (case.status in ENDS and case.parcel is not None)
                return on_the_road and case.prescription.delivery is DeliveryMethod.COURIER
            case _:
                return True

    def sees_fact(self, kind: str) -> bool:
        """Say whether a fact of this kind is shown, where its prescription is."""
        return self.role is not KeyRole.COURIER or kind in _COURIERS_FACTS


class Keyring:
    """All good keys in memory, read again when an administrator changes them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._callers: dict[str, Caller] = {}
        self.renew()

    def renew(self) -> None:
        """Read the keys again."""
        stations = self._context.line.book.stations
        self._callers = {
            row.digest: Caller(row.id, KeyRole(row.role), row.scope, stations.get(row.scope))
            for row in self._context.store.keys()  # noqa: SIM118 - a store is no dict
            if not row.revoked_at
        }

    def good(self, caller: Caller) -> bool:
        """Say whether a caller's key is still good."""
        return caller in self._callers.values()

    def caller(self, authorization: str) -> Caller:
        """Return who calls by the header's value. Raises Problematic 401."""
        scheme, _, key = authorization.partition(" ")
        caller = self._callers.get(digest_of(key.strip())) if scheme.lower() == "bearer" else None
        if caller is None:
            raise Problematic(401, "key-unknown" if authorization else "key-missing")
        return caller


def allow(caller: Caller, method: str, path: str) -> None:
    """Let the caller through to this route, by its template. Raises Problematic 403."""
    if caller.role not in ACCESS.get((method, path), frozenset()):
        raise Problematic(403, "key-not-allowed", {"role": caller.role})


def new_key() -> str:
    """Return a fresh key: 256 random bits, so that its plain sha256 tells nothing."""
    return secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """Return what is stored of a key: its sha256, hex."""
    return hashlib.sha256(key.encode()).hexdigest()
