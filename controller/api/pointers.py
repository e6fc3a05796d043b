"""Where in a body something is wrong, as JSON pointers of RFC 6901."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.wire import FieldError

MAX_ERRORS = 100


def pointer(place: Iterable[str | int]) -> str:
    """Return the pointer of a path of keys and indexes."""
    return "".join(f"/{token(part)}" for part in place)


def token(part: str | int) -> str:
    """Return one key or index as it stands in a pointer; a key comes from outside, so it is made inert."""
    return clean(str(part)).replace("~", "~0").replace("/", "~1")


def located(lines: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Turn the first hundred errors of pydantic into errors with a place."""
    errors: list[FieldError] = []
    for line in lines:
        if len(errors) == MAX_ERRORS:
            break
        errors.append({"pointer": pointer(line["loc"]), "message": clean(line["msg"])})
    return errors
