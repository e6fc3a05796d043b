"""What is kept of a posted prescription: one canonical text without the person, enough to say what another one changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import orjson

from controller.api.pointers import token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PERSONAL = {
    "/patient/id": "id",
    "/patient/name": "name",
    "/patient/birth_date": "birth_date",
    "/delivery/recipient": "recipient",
    "/delivery/phone": "phone",
    "/delivery/address": "address",
    "/diagnosis": "diagnosis",
    "/pattern": "pattern",
}
"""Where a person is in a body, and the name of that in `subjects`."""
_PLACES = [(*("", *place.split("/")[1:])[-2:], name) for place, name in PERSONAL.items()]
"""The same as (the part it is in, "" for the body itself; key; name)."""


def canonical(value: Any) -> str:
    """Return the one JSON text of a value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def person_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says of the person, as `subjects` has it."""
    return {name: form[part][key] if part else form[key] for part, key, name in _PLACES}


def without_person(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form as it may be kept: without whom it is for."""
    rest: dict[str, Any] = {**form, "patient": {**form["patient"]}, "delivery": {**form["delivery"]}}
    for part, key, _ in _PLACES:
        del (rest[part] if part else rest)[key]
    return rest


def kept_text(body: str, subject: str) -> str:
    """Return what is kept: the canonical body without the person, and the id under which `subjects` has them."""
    return f'{{"body":{body},"subject":"{subject}"}}'


def differences(kept: str, person: Mapping[str, Any] | None, form: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Compare what is kept of an older body with a new form: pointer -> [old, new]; an erased person is null."""
    old = dict(_flat(json.loads(kept)["body"], "")) | {
        place: (person or {}).get(name) for place, name in PERSONAL.items()
    }
    new = dict(_flat(json.loads(canonical(form)), ""))
    places = sorted(old.keys() | new.keys())
    return {place: [old.get(place), new.get(place)] for place in places if old.get(place) != new.get(place)}


def changed_texts(raw: Any, form: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a posted body that its form says otherwise, as they were sent, by pointer."""
    now = dict(_flat(json.loads(canonical(form)), ""))
    return {place: text for place, text in _flat(raw, "") if isinstance(text, str) and _is_other(text, now.get(place))}


def _is_other(text: str, now: Any) -> bool:
    return isinstance(now, str) and now != text


def subject_of(kept: str) -> str:
    """Return the subject of a kept body."""
    return json.loads(kept)["subject"]


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    match value:
        case dict() if value:
            for key, inner in cast("dict[str, Any]", value).items():
                yield from _flat(inner, f"{place}/{token(key)}")
        case list() if value:
            for index, inner in enumerate(cast("list[Any]", value)):
                yield from _flat(inner, f"{place}/{index}")
        case _:
            yield place, value
