"""What integrators read at /openapi.json: the bodies that we parse ourselves, the answers, the problems and the key.

`described` belongs into a route's decorator; `install` gathers it into one document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from controller.api.auth import OPEN
from controller.api.problems import MEDIA_TYPE
from controller.wire import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

_REF = "#/components/schemas/{model}"
_UNUSED = ("HTTPValidationError", "ValidationError")


def described(body: Any, answers: Mapping[int, Any]) -> dict[str, Any]:
    """Return the keywords of a route that tell what it takes (None: nothing) and what it answers, by status."""
    told: dict[str, Any] = {"responses": {status: {"model": model} for status, model in answers.items()}}
    if body is not None:
        schema = TypeAdapter(body).json_schema(ref_template=_REF)
        told["openapi_extra"] = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    return told


def install(app: FastAPI) -> None:
    """Make `app` write its document this way, once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # FastAPI's own way to change the document


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in _UNUSED:
        schemas.pop(name, None)
    problem = TypeAdapter(Problem).json_schema(ref_template=_REF)
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    failed = {"description": "problem", "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    for method, path, operation in _operations(document):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = failed
        if (method, path) not in OPEN:
            operation["security"] = [{"key": []}]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schemas |= content["schema"].pop("$defs", {})
            if title := content["schema"].get("title"):
                schemas[title] = content["schema"]
                content["schema"] = {"$ref": _REF.format(model=title)}
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation
