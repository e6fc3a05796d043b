"""`decoction demo`: the whole centre at once, in a fresh folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.plainly import plainly
from controller.demo.folder import SAMPLES, FolderError
from controller.demo.run import Options, run_demo
from controller.demo.workload import WorkloadError
from controller.store import StoreError

_HEADLESS_SPEED, _TERMINAL_SPEED = 240, 60
_COUNT_WITHOUT_TERMINAL = 24


def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="no floor terminal; end when nothing is open")] = False,
    speed: Annotated[
        int | None, typer.Option(min=1, max=240, help="240 headless, 60 in a terminal", show_default=False)
    ] = None,
    prescriptions: Annotated[
        Path | None, typer.Option(help="JSON Lines, each posted at its issued_at; the project's samples where left out")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="lines of the file; all where left out")] = None,
    seed: Annotated[int, typer.Option(help="of the mistakes of staff")] = 1,
    error_rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="mistakes per act of staff")] = 0.02,
    db: Annotated[
        str, typer.Option(help="an empty database; SQLite in the demo's folder where left out", metavar="URL")
    ] = "",
    summary: Annotated[Path | None, typer.Option(help="write the summary here", metavar="FILE")] = None,
) -> None:
    """Run plant, controller and staff on sample prescriptions, in var/demo.

    With a terminal: the floor terminal, and prescriptions keep arriving until you quit. Without one: headless, 24 prescriptions.
    """
    alone = not (sys.stdin.isatty() and sys.stdout.isatty())
    if alone and not headless and prescriptions is None:
        count = count or _COUNT_WITHOUT_TERMINAL
    headless = headless or alone
    options = Options(
        headless=headless,
        speed=speed or (_HEADLESS_SPEED if headless else _TERMINAL_SPEED),
        prescriptions=prescriptions or SAMPLES,
        count=count,
        seed=seed,
        error_rate=error_rate,
        database=db,
        summary=summary,
        folder=Path("var") / "demo",
    )
    with plainly(FolderError, WorkloadError, StoreError):
        code = asyncio.run(run_demo(options))
    raise typer.Exit(code)
