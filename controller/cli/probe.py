"""`decoction probe`: one machine of the site as it really is, read over its own link and never written to."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from controller.cli.acceptance import accepted
from controller.cli.learning import learn as learnt
from controller.cli.options import SITE_FILE, Config, Language, Locale, chosen_by
from controller.cli.plainly import plainly, tell
from controller.config import read_config
from controller.render.inspection import Told
from controller.texts import load_texts
from devices.inspection import Broken, inspect
from devices.profile import load_profile
from devices.site import PlantClock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from controller.config import Config as SiteConfig
    from controller.texts import Text, Texts
    from devices.site import MachineSite

_CONTROLLER_S = 2.0
"""Wall seconds that a controller may take to say that it is there."""
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Asked:
    """One machine that somebody asks about, and how they are answered."""

    site: SiteConfig
    place: MachineSite
    clock: PlantClock
    texts: Texts
    chosen: Callable[[Text], str]

    def now(self) -> int:
        """Return plant time, ms."""
        return self.clock.now()

    def say(self, key: str, **facts: object) -> str:
        """Return a text about a machine on site."""
        return self.chosen(self.texts.say("probe", key, {name: str(fact) for name, fact in facts.items()}))


def probe(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="id in the site file")],
    config: Config = SITE_FILE,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="how long to look, on the wall")] = 10,
    learn: Annotated[  # noqa: FBT002 - it is an option of the command line
        bool, typer.Option("--learn", help="help to map a machine without a manual; writes a draft profile")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="the draft; PROFILE.toml where left out", metavar="FILE")] = None,
    addresses: Annotated[str, typer.Option(help="Modbus addresses to learn from", metavar="FROM-TO,...")] = "0-1199",
    accept: Annotated[  # noqa: FBT002 - it is an option of the command line
        bool,
        typer.Option("--accept", help="ask it all that a machine must do before it may heat for the line; heats water"),
    ] = False,
    locale: Language = Locale.CHINESE,
) -> None:
    """Look at one machine over its own link, say what it is and which promises of its profile it does not keep."""
    with plainly(), _interrupted():
        site, place = _place(config, machine)
        texts = load_texts(site.timezone)
        if accept and _controller_runs(site):
            tell(chosen_by(locale)(texts.say("probe", "held")))
            raise typer.Exit(1)
        with contextlib.closing(PlantClock.open(site.site.state, site.site.speed)) as clock:
            asked = Asked(site, place, clock, texts, chosen_by(locale))
            if learn:
                good = learnt(asked, out=out, addresses=addresses, seconds=seconds)
            else:
                good = _looked(asked, seconds) and (not accept or accepted(asked))
    raise typer.Exit(int(not good))


def _looked(asked: Asked, seconds: float) -> bool:
    """Look, tell, and say whether every promise was kept."""
    place, clock = asked.place, asked.clock
    profile = load_profile(place.profile, asked.site.site.profiles)
    found = asyncio.run(inspect(place, profile, now=clock.now, speed=clock.speed, seconds=seconds))
    if found.surveys == 0 and _controller_runs(asked.site):
        found.broken.append(Broken("held", {}))
    for line in Told(place, profile, found, asked.texts, asked.chosen).lines():
        typer.echo(line)
    return not found.broken


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
