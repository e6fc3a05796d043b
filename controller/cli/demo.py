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

_HEADLESS_SPEED, _TERMINAL_SPEED, _CHAOS_SPEED = 240, 60, 60
_COUNT_WITHOUT_TERMINAL, _COUNT_IN_CHAOS = 24, 8


def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="no floor terminal; end when nothing is open")] = False,
    speed: Annotated[
        int | None, typer.Option(min=1, max=240, help="240 headless, 60 in a terminal and in chaos", show_default=False)
    ] = None,
    prescriptions: Annotated[
        Path | None, typer.Option(help="JSON Lines, each posted at its issued_at; the project's samples where left out")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="lines of the file; all where left out")] = None,
    seed: Annotated[int, typer.Option(help="of the mistakes of staff, and of what chaos inflicts")] = 1,
    error_rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="mistakes per act of staff")] = 0.02,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="kill and freeze processes, cut links and power meanwhile")
    ] = False,
    db: Annotated[
        str, typer.Option(help="an empty database; SQLite in the demo's folder where left out", metavar="URL")
    ] = "",
    summary: Annotated[Path | None, typer.Option(help="write the summary here", metavar="FILE")] = None,
) -> None:
    """Run plant, controller and staff on sample prescriptions, in var/demo.

    With a terminal: the floor terminal, and prescriptions keep arriving until you quit. Without one: headless, 24 prescriptions.
    In chaos 8 of them: controller and staff are killed, links and power are cut, and yet every one must come to an honest end.
    """
    alone = not (sys.stdin.isatty() and sys.stdout.isatty())
    is_short = headless or alone if chaos else alone and not headless
    if is_short and prescriptions is None:
        count = count or (_COUNT_IN_CHAOS if chaos else _COUNT_WITHOUT_TERMINAL)
    headless = headless or alone
    options = Options(
        headless=headless,
        speed=speed or (_CHAOS_SPEED if chaos else _HEADLESS_SPEED if headless else _TERMINAL_SPEED),
        prescriptions=prescriptions or SAMPLES,
        count=count,
        seed=seed,
        error_rate=error_rate,
        chaos=chaos,
        database=db,
        summary=summary,
        folder=Path("var") / "demo",
    )
    with plainly(FolderError, WorkloadError, StoreError):
        code = asyncio.run(run_demo(options))
    raise typer.Exit(code)
