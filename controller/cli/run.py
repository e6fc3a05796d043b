"""`decoction run`: this process is the controller until it ends."""

from __future__ import annotations

import typer

from controller.cli.options import SITE_FILE, Config
from controller.cli.plainly import plainly, tell
from controller.config import load_config
from controller.formulary import FormularyError
from controller.runtime.bootstrap import main
from controller.store import StoreError


def run(config: Config = SITE_FILE) -> None:
    """Run the controller: the line and its HTTP API."""
    with plainly(StoreError, FormularyError):
        site = load_config(config)
        code = main(site, ready=lambda: tell(f"ready: http://{site.host}:{site.port}"))
    raise typer.Exit(code)
