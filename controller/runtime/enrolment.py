"""A new site can be used at once: the first run makes its keys and, where every machine is simulated, its people.

`keys.json` and `staff.json` hold what the database keeps only as digests, so they are written first and read again by a run
that was killed half way. Afterwards the database is the truth.
"""

from __future__ import annotations

import ipaddress
import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from controller.config import STRICT, ConfigError, check, misfits, read_toml, text_rows
from controller.model.codes import BADGE, make_code, unsound
from controller.model.people import Person, Role
from controller.runtime.private import read_private, write_private
from controller.runtime.tokens import Tokens
from devices.site import MANUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from controller.config import Config
    from controller.store import KeyRow
    from devices.site import Site

KEYS_FILE: Final = "keys.json"
STAFF_FILE: Final = "staff.json"
_HEADS: Final = {role: 1 for role in Role if role is not Role.ADMIN}
_TITLES: Final = {
    Role.PHARMACIST: "药师",
    Role.DISPENSER: "调剂员",
    Role.CHECKER: "复核员",
    Role.OPERATOR: "煎药员",
    Role.PACKER: "包装员",
    Role.COURIER: "快递员",
    Role.WARD: "病区",
    Role.ADMIN: "管理员",
}


class KeyStore(Protocol):
    """What keys and PINs need of a store."""

    def keys(self) -> list[KeyRow]: ...  # noqa: D102 - see controller.store
    def add_key(self, id_: str, role: str, scope: str, digest: str, /) -> None: ...  # noqa: D102
    def pin_hash(self, badge: str) -> str | None: ...  # noqa: D102
    def set_pin(self, badge: str, hash_: str, /) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Person:
    badge: str
    name: Annotated[str, Field(min_length=1, max_length=40)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _Simulated(_Person):
    pin: Annotated[str, Field(pattern=r"^\d{6}$")]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _PeopleFile:
    person: tuple[_Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class _StaffFile:
    people: tuple[_Simulated, ...] = ()


_PEOPLE_FILE, _STAFF_FILE = TypeAdapter(_PeopleFile), TypeAdapter(_StaffFile)
_HEAD_COUNTS = TypeAdapter(dict[Role, Annotated[int, Field(ge=0, le=200)]])


def enrol_keys(config: Config, store: KeyStore, new_key: Callable[[], str], digest_of: Callable[[str], str]) -> None:
    """Make one key for everybody in the site file, where the database has none or a run was killed while it made them."""
    rows, path = store.keys(), config.site.state / KEYS_FILE
    there = {row.id for row in rows}
    if _key_id("admin", "") in there or (there and not path.exists()):
        return
    old: Mapping[str, Any] = read_private(path) or {}

    def keys_of(group: str, scopes: Collection[str]) -> dict[str, str]:
        return {scope: old.get(group, {}).get(scope) or new_key() for scope in scopes}

    hospitals = keys_of("hospitals", config.hospitals)
    stations = keys_of("stations", [station.id for station in config.stations])
    couriers = keys_of("couriers", config.couriers)
    floor, admin = (old.get(role) or new_key() for role in ("floor", "admin"))
    write_private(
        path, {"admin": admin, "hospitals": hospitals, "stations": stations, "couriers": couriers, "floor": floor}
    )
    of = (("hospital", hospitals), ("station", stations), ("courier", couriers))
    # The administrator's comes last: while it is missing, the next run takes this up again.
    wanted = [(role, scope, key) for role, keys in of for scope, key in keys.items()]
    for role, scope, key in (*wanted, ("floor", "", floor), ("admin", "", admin)):
        if _key_id(role, scope) not in there:
            store.add_key(_key_id(role, scope), role, scope, digest_of(key))


def _key_id(role: str, scope: str) -> str:
    return f"{role}-{scope}" if scope else role


def people_to_enrol(
    config: Config, known: Collection[str], store: KeyStore, hash_pin: Callable[[str], str]
) -> tuple[Person, ...]:
    """Return whom the line must enter; their PINs are in the store already. `known`: badges the line knows.

    People of people.toml only where the line knows nobody; simulated ones, each with a PIN, where all machines are simulated.
    Raises ConfigError. A PIN takes some tens of ms.
    """
    people = () if known else load_people(config)
    if not simulated_only(config.site):
        return people
    staff = [person for person in _staff(config) if person.badge not in known]
    for person in staff:
        if store.pin_hash(person.badge) is None:
            store.set_pin(person.badge, hash_pin(person.pin))
    return (*people, *(Person(person.badge, person.name, person.roles) for person in staff))


def load_people(config: Config) -> tuple[Person, ...]:
    """Read people.toml; nobody where there is no such file. Raises ConfigError with every problem."""
    path = config.people
    if not path.exists():
        return ()
    raw = read_toml(path)
    if problems := [
        *misfits(_PEOPLE_FILE, raw, path),
        *(f"{path.name}: {problem}" for problem in _badge_problems(raw)),
    ]:
        raise ConfigError(problems)
    return tuple(Person(row.badge, row.name, row.roles) for row in check(_PEOPLE_FILE, raw, path).person)


def _badge_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Say which badges are none, whatever else is wrong with the row."""
    badges = [row.get("badge") for row in text_rows(raw, "person")]
    for index, badge in enumerate(badges):
        if badge is None:
            continue
        if wrong := unsound(badge, BADGE):
            yield f"person[{index}].badge: {wrong}"
        if badge in badges[:index]:
            yield f"person[{index}].badge: {badge!r} is person[{badges.index(badge)}]'s"


def simulated_only(site: Site) -> bool:
    """Say whether no machine on a wire is outside this computer; a site where all are worked by hand is a real one."""
    urls = [machine.url for machine in site.machines.values()]
    return all(url == MANUAL or _is_here(url) for url in urls) and (set(urls) != {MANUAL})


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "memory" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _staff(config: Config) -> tuple[_Simulated, ...]:
    path = config.site.state / STAFF_FILE
    kept = read_private(path)
    if kept is None:
        kept = {"people": list(_new_staff(config))}
        write_private(path, kept)
    return check(_STAFF_FILE, kept, path).people


def _new_staff(config: Config) -> Iterator[dict[str, Any]]:
    heads = check(_HEAD_COUNTS, config.staff.get("heads", _HEADS), config.path)
    new_token = Tokens()
    for role, count in heads.items():
        for number in range(1, count + 1):
            badge = make_code(BADGE, new_token())
            pin = f"{secrets.randbelow(1_000_000):06}"
            yield {"badge": badge, "name": f"模拟{_TITLES[role]}{number}", "roles": [role.value], "pin": pin}
