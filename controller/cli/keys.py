"""`decoction key`: keys of the HTTP API, through a running controller, else in its database under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.offline import Offline
from controller.cli.options import SITE_FILE, Config
from controller.cli.plainly import plainly
from controller.cli.remote import NotRunning, Remote, RemoteError
from controller.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path

key = typer.Typer(
    help="Keys of the HTTP API.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@key.command()
def add(
    role: Annotated[str, typer.Argument(help="admin, hospital, station, courier or floor")],
    scope: Annotated[str, typer.Argument(help="hospital code, station id or courier id")] = "",
    config: Config = SITE_FILE,
) -> None:
    """Make a key and show it, this once."""
    with plainly(RemoteError, StoreError):
        view = _either(config, "POST", {"role": role, "scope": scope})
    typer.echo(f"{view['id']}\n{view['key']}")


@key.command("list")
def list_(config: Config = SITE_FILE) -> None:
    """List all keys, without the keys themselves."""
    with plainly(RemoteError, StoreError):
        views = _either(config, "GET", {})
    for view in views:
        typer.echo(
            f"{view['id']:32} {view['role']:9} {view['scope']:16} {'revoked' if view['revoked'] else ''}".rstrip()
        )


@key.command()
def revoke(id_: Annotated[str, typer.Argument(metavar="ID")], config: Config = SITE_FILE) -> None:
    """Make a key good no longer."""
    with plainly(RemoteError, StoreError):
        view = _either(config, "POST", {"revoke": id_})
    typer.echo(f"{view['id']} revoked")


def _either(config: Path, method: str, body: dict[str, Any]) -> Any:
    try:
        remote = Remote.of(config, "", None)
        return remote.get("/api/v1/keys").json() if method == "GET" else remote.post("/api/v1/keys", body)
    except NotRunning:
        with Offline.open(config) as line:
            return line.keys() if method == "GET" else line.change_keys(body)
