"""`decoction probe`: one machine of the site as it really is, read over its own link and never written to."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from controller.cli.options import SITE_FILE, Config, Language, Locale, chosen_by
from controller.cli.plainly import plainly, tell
from controller.config import read_config
from controller.render.inspection import Told
from controller.texts import load_texts
from devices.inspection import Broken, inspect
from devices.profile import load_profile
from devices.site import PlantClock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from controller.config import Config as SiteConfig
    from devices.site import MachineSite

_CONTROLLER_S = 2.0
"""Wall seconds that a controller may take to say that it is there."""
_INTERRUPTED = 130


def probe(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="id in the site file")],
    config: Config = SITE_FILE,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="how long to look, on the wall")] = 10,
    locale: Language = Locale.CHINESE,
) -> None:
    """Look at one machine over its own link, say what it is and which promises of its profile it does not keep."""
    with plainly(), _interrupted():
        site, place = _place(config, machine)
        profile = load_profile(place.profile)
        texts = load_texts(site.timezone)
        with contextlib.closing(PlantClock.open(site.site.state, site.site.speed)) as clock:
            found = asyncio.run(inspect(place, profile, now=clock.now, speed=clock.speed, seconds=seconds))
        if found.surveys == 0 and _controller_runs(site):
            found.broken.append(Broken("held", {}))
        for line in Told(place, profile, found, texts, chosen_by(locale)).lines():
            typer.echo(line)
    raise typer.Exit(int(bool(found.broken)))


def _place(config: Path, machine: str) -> tuple[SiteConfig, MachineSite]:
    """Find the machine, whatever else is wrong in the site file."""
    site, problems = read_config(config)
    if machine in site.site.machines:
        return site, site.site.machines[machine]
    for problem in problems:
        tell(problem)
    known = ", ".join(site.site.machines)
    raise typer.BadParameter(f"{site.path.name} 中没有可用的设备 {machine} (no such machine; there are {known})")


def _controller_runs(site: SiteConfig) -> bool:
    """Ask whether the controller of this site is alive: it holds a connection to every machine."""
    try:
        return httpx.get(f"http://{site.host}:{site.port}/healthz", timeout=_CONTROLLER_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def _interrupted() -> Generator[None]:
    """End on Ctrl-C as every command does."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise typer.Exit(_INTERRUPTED) from stop
