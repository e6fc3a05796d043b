"""A body is bounded before it is parsed, parsed once, and answered with every error and its place.

`check(await read_json(request), shape)` gives the body as `shape` wants it, or raises the problem that the client gets: 413 too
large, 415 compressed or not JSON by its own word, 408 too slow, 400 not JSON, 422 with a pointer for all that does not fit.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from controller.api.pointers import located, token
from controller.api.problems import Problematic
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

    from controller.wire import FieldError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_VALUES = 4_000
BODY_SECONDS = 10.0
_LENGTH_DIGITS = 9

_T = TypeVar("_T")
# It always matches where a string begins, also one that never ends: a pattern that could fail would try again at every quote.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


async def read_json(request: Request, *, needed: bool = True) -> Any:
    """Read, bound and parse the body of a request; where none is `needed`, no body is an empty object. Raises Problematic."""
    headers = request.headers
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problematic(415, "body-compressed")
    declared = headers.get("content-length", "0")
    if len(declared) > _LENGTH_DIGITS or not declared.isdecimal() or int(declared) > MAX_BYTES:
        raise Problematic(413, "body-too-large", {"limit": MAX_BYTES})
    body = await _body(request)
    if not body and not needed:
        return {}
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problematic(415, "body-not-json")
    return parse(body)


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise Problematic(413, "body-too-large", {"limit": MAX_BYTES})
                chunks.append(chunk)
    except TimeoutError as error:
        raise Problematic(408, "body-too-slow") from error
    return b"".join(chunks)


def parse(body: bytes) -> Any:
    """Parse JSON after a linear look at its size and depth. Raises Problematic."""
    _bound(body)
    try:
        text = body.decode()
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except _DuplicateKeyError as error:
        raise Problematic(422, "body-invalid", errors=list(_duplicates(body.decode()))) from error
    except (ValueError, RecursionError) as error:
        raise Problematic(400, "not-json", {"why": clean(str(error))}) from error
    # Half a surrogate pair is legal in JSON but no text: it could be neither stored nor sent.
    if "\\u" in text and _has_surrogate(value):
        raise Problematic(400, "not-json", {"why": "half a surrogate pair"})
    return value


def _bound(body: bytes) -> None:
    bare = _STRING.sub(b"", body)
    if bare.count(b",") > MAX_VALUES:
        raise Problematic(422, "body-too-many", {"limit": MAX_VALUES})
    brackets = bare.translate(_ONE_BRACKET, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):  # each round takes the innermost level away
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Problematic(400, "body-too-deep", {"limit": MAX_DEPTH})


class _DuplicateKeyError(Exception):
    """A key is twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON as it stands, to find what is in it twice."""


def _duplicates(text: str) -> Iterator[FieldError]:
    tree: Any = json.loads(text, object_pairs_hook=_Pairs)
    yield from _twice(tree, "")


def _twice(value: Any, where: str) -> Iterator[FieldError]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, inner in value:
            place = f"{where}/{token(key)}"
            if key in seen:
                yield {"pointer": place, "message": "this key is there twice"}
            seen.add(key)
            yield from _twice(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _twice(inner, f"{where}/{index}")


def _has_surrogate(value: Any) -> bool:
    match value:
        case str():
            return _SURROGATE.search(value) is not None
        case list():
            return any(map(_has_surrogate, cast("list[Any]", value)))
        case dict():
            found = cast("dict[str, Any]", value)
            return any(map(_has_surrogate, found)) or any(map(_has_surrogate, found.values()))
        case _:
            return False


def check(value: Any, shape: TypeAdapter[_T], context: Any = None) -> _T:
    """Check a parsed body against its shape. Raises Problematic 422 with every error."""
    try:
        return shape.validate_python(value, context=context)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_context=False, include_input=False)
        raise Problematic(422, "body-invalid", errors=located(lines)) from error
