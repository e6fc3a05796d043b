"""Commands that start another process of the site and become it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from controller.cli.options import SITE_FILE, Config, KeyFile, Language, Locale, Url
from controller.cli.plainly import plainly, tell
from controller.config import load_config

if TYPE_CHECKING:
    from collections.abc import Mapping


def plant(config: Config = SITE_FILE) -> None:
    """Run the simulated machines as real Modbus TCP and OPC UA servers."""
    _become("devices.plant", {"--config": config})


def staff(
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
    seed: Annotated[int, typer.Option(help="of their mistakes")] = 1,
    error_rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="mistakes per act")] = 0.02,
) -> None:
    """Send simulated prescribers and staff to work, through the API alone."""
    given = {"--config": config, "--url": url, "--key-file": key_file, "--seed": seed, "--error-rate": error_rate}
    _become("controller.staff", given)


def floor(
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
    locale: Language = Locale.CHINESE,
    station: Annotated[
        str, typer.Option(help="station or courier it stands for; asks where left out", metavar="ID")
    ] = "",
) -> None:
    """Open the floor terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        tell("车间终端须在终端里打开 (the floor terminal must be opened in a terminal)")
        raise typer.Exit(2)
    if not url or key_file is None:
        with plainly():
            site = load_config(config)
        url, key_file = url or f"http://{site.host}:{site.port}", key_file or site.site.state / "keys.json"
    _become("tui", {"--url": url, "--key-file": key_file, "--locale": locale.value, "--station": station})


def _become(module: str, options: Mapping[str, object]) -> NoReturn:
    """Turn this process into `python -m module`, so that signals reach it and nothing stands between."""
    given = [str(part) for name, value in options.items() if value not in (None, "") for part in (name, value)]
    os.execv(sys.executable, [sys.executable, "-m", module, *given])  # noqa: S606 - no shell is wanted
