"""Commands that start one process of a site and are that process until it ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from controller.cli.options import SITE_FILE, Config, KeyFile, Url
from controller.cli.plainly import plainly, tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(config: Config = SITE_FILE) -> None:
    """Run the controller: the line and its HTTP API."""
    with plainly():
        from controller.config import load_config
        from controller.runtime.bootstrap import main

        site = load_config(config)
        code = main(site, ready=lambda: tell(f"ready: http://{site.host}:{site.port}"))
    raise typer.Exit(code)


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
    """Send simulated prescribers, pharmacists, dispensers, checkers, operators, packers and couriers to work."""
    given = {"--config": config, "--url": url, "--key-file": key_file, "--seed": seed, "--error-rate": error_rate}
    _become("controller.staff", given)


def floor(
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
    locale: Annotated[str, typer.Option(help="zh_CN or en")] = "zh_CN",
) -> None:
    """Open the floor terminal."""
    with plainly():
        url, key_file = url or _url(config), key_file or _keys(config)
    _become("tui", {"--url": url, "--key-file": key_file, "--locale": locale})


def _url(config: Path) -> str:
    from controller.config import load_config

    site = load_config(config)
    return f"http://{site.host}:{site.port}"


def _keys(config: Path) -> Path:
    from controller.config import load_config

    return load_config(config).site.state / "keys.json"


def _become(module: str, options: Mapping[str, object]) -> NoReturn:
    """Turn this process into `python -m module`, so that signals reach it and nothing stands between."""
    given = [str(part) for name, value in options.items() if value not in (None, "") for part in (name, value)]
    os.execv(sys.executable, [sys.executable, "-m", module, *given])  # noqa: S606 - no shell is wanted
