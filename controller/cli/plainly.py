"""What can be expected to go wrong is told in plain lines on standard error with exit code 1; a bug keeps its traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from controller.config import ConfigError
from devices.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def plainly(*expected: type[Exception]) -> Generator[None]:
    """Tell an expected failure and leave with 1. The files of the site may always be wrong, and the system may refuse."""
    try:
        yield
    except (OSError, ConfigError, DeviceError, *expected) as error:
        tell(_words(error), getattr(error, "advice", ""))
        raise typer.Exit(1) from error


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def tell(*lines: str) -> None:
    """Write lines for the person at the keyboard; an empty one is left out."""
    for line in filter(None, lines):
        typer.echo(line, err=True)
