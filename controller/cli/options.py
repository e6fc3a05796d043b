"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SITE_FILE = Path("config.toml")
Config = Annotated[Path, typer.Option("--config", help="site file", metavar="FILE")]
Url = Annotated[str, typer.Option("--url", help="controller; the site file's where left out", metavar="URL")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="keys; keys.json of the state folder where left out", metavar="FILE")
]
Database = Annotated[str, typer.Option("--db", help="database; the site file's where left out", metavar="URL")]
