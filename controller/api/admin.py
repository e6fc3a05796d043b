"""People and keys, for the administrator: a key is shown once, a PIN never."""

import asyncio
import secrets
from base64 import b32encode
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Request, Response
from pydantic import Field, Strict, TypeAdapter, with_config
from typing_extensions import TypedDict

from controller.api.acts import Pin
from controller.api.auth import KeyRole, digest_of, new_key
from controller.api.body import STRICT
from controller.api.desk import Call, Here, answer_json
from controller.api.openapi import described
from controller.api.problems import Problematic
from controller.api.strict import check, read_json
from controller.model.codes import BADGE, is_sound, make_code
from controller.model.intents import EnrolPerson
from controller.model.people import Person, Role
from controller.store import Duplicate, NotThere
from controller.texts.inert import clean

router = APIRouter(prefix="/api/v1", tags=["administration"])

_SCOPED = frozenset({KeyRole.HOSPITAL, KeyRole.STATION, KeyRole.COURIER})
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


@with_config(STRICT)
class PersonBody(TypedDict):
    """A person as they are to be. Without a `badge` a new one is made; without a `pin` it stays as it is."""

    badge: NotRequired[_Id]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    roles: Annotated[list[Annotated[Role, Strict(strict=False)]], Field(min_length=1, max_length=len(Role))]
    enabled: NotRequired[bool]
    pin: NotRequired[Pin]


@with_config(STRICT)
class KeyBody(TypedDict):
    """A new key. `scope`: hospital code, station id or courier id; none for the others."""

    role: Annotated[KeyRole, Strict(strict=False)]
    scope: NotRequired[Annotated[str, Field(max_length=64)]]


@with_config(STRICT)
class RevokeBody(TypedDict):
    """The id of a key that is good no longer."""

    revoke: _Id


_PERSON, _KEY, _REVOKE = TypeAdapter(PersonBody), TypeAdapter(KeyBody), TypeAdapter(RevokeBody)


class PersonView(TypedDict):
    """One person."""

    badge: str
    name: str
    roles: list[str]
    enabled: bool


class KeyView(TypedDict):
    """One key; the key itself is in `key` only in the answer that made it."""

    id: str
    role: str
    scope: str
    revoked: bool
    key: NotRequired[str]


@router.get("/people", **described(None, {200: list[PersonView]}))
async def people(here: Here) -> Response:
    """List all people."""
    return answer_json([_person_view(person) for person in here.context.line.floor.people.values()])


@router.post("/people", **described(PersonBody, {200: PersonView}))
async def enrol(request: Request, here: Here) -> Response:
    """Enter a person, or change one."""
    body = check(await read_json(request), _PERSON)
    badge = body.get("badge") or make_code(BADGE, b32encode(secrets.token_bytes(10)).decode("ascii"))
    name = clean(body["name"])
    if not name or not is_sound(badge):
        place = "/badge" if name else "/name"
        raise Problematic(422, "body-invalid", errors=[{"pointer": place, "message": "this says nothing we can use"}])
    person = Person(badge, name, tuple(dict.fromkeys(body["roles"])), body.get("enabled", True))
    await here.desk.accepted(EnrolPerson(person))
    if "pin" in body:
        await here.desk.pins.set(badge, body["pin"])
    return answer_json(_person_view(person))


def _person_view(person: Person) -> PersonView:
    return {"badge": person.badge, "name": person.name, "roles": list(person.roles), "enabled": person.enabled}


@router.get("/keys", **described(None, {200: list[KeyView]}))
async def keys(here: Here) -> Response:
    """List all keys, without the keys themselves."""
    rows = await asyncio.to_thread(here.context.store.keys)
    views: list[KeyView] = [
        {"id": row.id, "role": row.role, "scope": row.scope, "revoked": bool(row.revoked_at)} for row in rows
    ]
    return answer_json(views)


@router.post("/keys", **described(KeyBody | RevokeBody, {200: KeyView}))
async def change_keys(request: Request, here: Here) -> Response:
    """Make a key, or revoke one."""
    body: Any = await read_json(request)
    if isinstance(body, dict) and "revoke" in body:
        view = await _revoke(here, check(body, _REVOKE)["revoke"])
    else:
        wanted = check(body, _KEY)
        view = await _add(here, wanted["role"], wanted.get("scope", ""))
    here.desk.keyring.renew()
    return answer_json(view)


async def _add(here: Call, role: KeyRole, scope: str) -> KeyView:
    book = here.context.line.book
    known = book.hospitals if role is KeyRole.HOSPITAL else book.stations.keys()
    if (scope not in known) if role in _SCOPED else scope:
        raise Problematic(422, "body-invalid", errors=[{"pointer": "/scope", "message": f"no {role} of this site"}])
    key, id_ = new_key(), f"{role}-{secrets.token_hex(4)}"
    try:
        await asyncio.to_thread(here.context.store.add_key, id_, role.value, scope, digest_of(key))
    except Duplicate as error:
        raise Problematic(409, "already-done", {"code": id_}) from error
    return {"id": id_, "role": role, "scope": scope, "revoked": False, "key": key}


async def _revoke(here: Call, id_: str) -> KeyView:
    if id_ == here.caller.key:
        raise Problematic(409, "key-in-use", {"id": id_})
    try:
        await asyncio.to_thread(here.context.store.revoke_key, id_)
    except NotThere as error:
        raise Problematic(404, "not-found", {"id": id_}) from error
    rows = await asyncio.to_thread(here.context.store.keys)
    row = next(row for row in rows if row.id == id_)
    return {"id": row.id, "role": row.role, "scope": row.scope, "revoked": True}
