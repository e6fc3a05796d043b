"""`decoction user`: people, their roles, badges and PINs, through a running controller, else in its database under its lock."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.offline import Offline
from controller.cli.options import SITE_FILE, Config
from controller.cli.plainly import plainly
from controller.cli.remote import NotRunning, Remote, RemoteError
from controller.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path

user = typer.Typer(
    help="People, their roles, badges and PINs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@user.command()
def add(
    name: str,
    role: Annotated[list[str], typer.Option(help="once for each role")],
    badge: Annotated[str, typer.Option(help="changes this person; a new badge is made where left out")] = "",
    config: Config = SITE_FILE,
) -> None:
    """Enter a person, or change one.

    Asks for the PIN (from a pipe: its first line).
    """
    body: dict[str, Any] = {"name": name, "roles": role} | ({"badge": badge} if badge else {})
    if pin := _pin():
        body["pin"] = pin
    with plainly(RemoteError, StoreError):
        _show(_enrol(config, body))


@user.command("list")
def list_(config: Config = SITE_FILE) -> None:
    """List all people."""
    with plainly(RemoteError, StoreError):
        views = _people(config)
    for view in views:
        _show(view)


@user.command()
def disable(badge: str, config: Config = SITE_FILE) -> None:
    """Let a person act no longer."""
    with plainly(RemoteError, StoreError):
        person = next((view for view in _people(config) if view["badge"] == badge), None)
        if person is None:
            raise RemoteError(f"nobody has the badge {badge}")
        _show(_enrol(config, person | {"enabled": False}))


def _show(view: dict[str, Any]) -> None:
    typer.echo(
        f"{view['badge']:20} {', '.join(view['roles']):24} {view['name']}{'' if view['enabled'] else '  (disabled)'}"
    )


def _pin() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return typer.prompt("PIN, 4-12 digits (empty: none, or as it was)", default="", show_default=False, hide_input=True)


def _people(config: Path) -> list[dict[str, Any]]:
    try:
        return Remote.of(config, "", None).get("/api/v1/people").json()
    except NotRunning:
        with Offline.open(config) as line:
            return line.people()


def _enrol(config: Path, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return Remote.of(config, "", None).post("/api/v1/people", body)
    except NotRunning:
        with Offline.open(config) as line:
            return line.enrol(body)
