"""What can be expected to go wrong is told in plain lines on standard error with exit code 1; a bug keeps its traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def plainly() -> Generator[None]:
    """Tell an expected failure and leave with 1."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        tell(*str(error).splitlines(), *filter(None, [str(getattr(error, "advice", ""))]))
        raise typer.Exit(1) from error


def tell(*lines: str) -> None:
    """Write lines for the person at the keyboard."""
    for line in lines:
        typer.echo(line, err=True)


def _expected() -> tuple[type[Exception], ...]:
    from controller.config import ConfigError
    from controller.cli.remote import RemoteError
    from controller.demo.folder import FolderError
    from controller.demo.workload import WorkloadError
    from controller.formulary import FormularyError
    from controller.store import StoreError
    from devices.errors import DeviceError

    return OSError, ConfigError, RemoteError, FolderError, WorkloadError, FormularyError, StoreError, DeviceError
