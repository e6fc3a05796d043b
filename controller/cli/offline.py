"""Keys and people of a line whose controller does not run: the same acts, under the lock of its database.

`Offline.open(config)` raises MasteryTaken while anybody else is master. A person is entered as everywhere: an intent, a
decision, facts in the journal.
"""

from __future__ import annotations

import contextlib
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from controller.api.auth import KeyRole, digest_of, new_key
from controller.api.pins import hash_pin
from controller.cli.remote import RemoteError
from controller.config import load_config
from controller.formulary import load_formulary, load_recipes
from controller.model.codes import BADGE, is_sound, make_code
from controller.model.intents import EnrolPerson
from controller.model.people import Person, Role
from controller.model.world import World
from controller.pipeline import handle
from controller.runtime.books import make_book
from controller.runtime.recovery import restore
from controller.store import Group, Store
from devices.profile import all_profiles
from devices.site import PlantClock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from controller.config import Config
    from controller.model.floor import Floor

_SCOPED = {KeyRole.HOSPITAL, KeyRole.STATION, KeyRole.COURIER}


@dataclass(slots=True)
class Offline:
    """A line in our hands."""

    config: Config
    store: Store
    floor: Floor
    clock: PlantClock

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Generator[Self]:
        """Take the line. Raises StoreError, ConfigError, DeviceError."""
        config = load_config(path)
        with (
            contextlib.closing(Store.open(config.database, line=config.line)) as store,
            contextlib.closing(PlantClock.open(config.site.state, config.site.speed)) as clock,
        ):
            store.take_mastery()
            loaded = store.load()
            clock.not_before(loaded.last_at)
            yield cls(config, store, restore(loaded, config.site.machines), clock)

    def keys(self) -> list[dict[str, Any]]:
        """List all keys."""
        rows = self.store.keys()
        return [{"id": row.id, "role": row.role, "scope": row.scope, "revoked": bool(row.revoked_at)} for row in rows]

    def change_keys(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a key, or revoke one. Raises RemoteError for a role or scope that this site has not."""
        if "revoke" in body:
            self.store.revoke_key(body["revoke"])
            return {"id": body["revoke"]}
        role, scope = body["role"], body["scope"]
        known = {
            KeyRole.HOSPITAL: self.config.hospitals.keys(),
            KeyRole.STATION: {station.id for station in self.config.stations},
            KeyRole.COURIER: self.config.couriers.keys(),
        }
        if role not in set(KeyRole) or (scope not in known[KeyRole(role)] if role in _SCOPED else scope):
            raise RemoteError(f"no {role} {scope} in this site".replace("  ", " "))
        key, id_ = new_key(), f"{role}-{secrets.token_hex(4)}"
        self.store.add_key(id_, role, scope, digest_of(key))
        return {"id": id_, "key": key}

    def people(self) -> list[dict[str, Any]]:
        """List all people."""
        return [_view(person) for person in self.floor.people.values()]

    def enrol(self, body: dict[str, Any]) -> dict[str, Any]:
        """Enter a person, or change one. Raises RemoteError."""
        badge = body.get("badge") or make_code(BADGE, b32encode(secrets.token_bytes(10)).decode("ascii"))
        if not is_sound(badge) or not set(body["roles"]) <= set(Role):
            raise RemoteError("a badge is a code A-… with its check character; roles are: " + ", ".join(Role))
        person = Person(badge, body["name"], tuple(Role(role) for role in body["roles"]), body.get("enabled", True))
        outcome = handle(self.floor, EnrolPerson(person), self._world())
        if outcome.refusal is not None:
            raise RemoteError(outcome.refusal.rule)
        if outcome.facts:
            self.store.commit(Group(outcome.facts, outcome.floor.touched))
        if "pin" in body:
            self.store.set_pin(badge, hash_pin(body["pin"]))
        return _view(person)

    def _world(self) -> World:
        book = make_book(self.config, load_formulary(), load_recipes(), all_profiles(self.config.site.profiles))
        return World(self.clock.now(), lambda: b32encode(secrets.token_bytes(10)).decode("ascii"), book)


def _view(person: Person) -> dict[str, Any]:
    return {"badge": person.badge, "name": person.name, "roles": list(person.roles), "enabled": person.enabled}
