"""A table file either has exactly its shape or is refused with every problem and its place."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.resources.abc import Traversable

Shape = TypeVar("Shape")


class FormularyError(Exception):
    """The tables are wrong. `problems`: one line each, beginning with file and place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_table(file: Traversable, shape: type[Shape]) -> Shape:
    """Read a TOML file into `shape`, a dataclass: no unknown key, no missing one, no wrong type. Raises FormularyError."""
    return shaped(read_raw(file), shape, lambda _: file.name)


def read_raw(file: Traversable) -> dict[str, Any]:
    """Read a TOML file as it stands. Raises FormularyError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormularyError([f"{file.name}: 没有这个文件 (no such file)"]) from error
    except OSError as error:
        raise FormularyError([f"{file.name}: {error.strerror}"]) from error
    except ValueError as error:  # TOML and Unicode errors
        raise FormularyError([f"{file.name}: {error}"]) from error


def shaped(raw: Mapping[str, Any], shape: type[Shape], file_of: Callable[[str], str]) -> Shape:
    """Turn what was read into `shape`. `file_of`: name of the file that a place stands in. Raises FormularyError."""
    try:
        # By way of JSON, strict reading still takes words for enumerations and lists for pairs; nan and inf are refused.
        return _adapter(shape).validate_json(json.dumps(raw, allow_nan=False, default=str), strict=True, extra="forbid")
    except ValidationError as error:
        places = ((_place(row["loc"]), row["msg"]) for row in error.errors())
        problems = [f"{file_of(place)}: {place}: {message}" for place, message in places]
    except ValueError as error:
        problems = [f"{file_of('')}: {error}"]
    raise FormularyError(problems)


@cache
def _adapter(shape: type[Shape]) -> TypeAdapter[Shape]:
    """Build the reader of a shape, which costs more than the reading; `check` reads the tables several times."""
    return TypeAdapter(shape)


def _place(steps: Sequence[str | int]) -> str:
    return ".".join(str(step) for step in steps)
