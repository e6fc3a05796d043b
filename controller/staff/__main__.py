"""Sends simulated staff to work until SIGINT or SIGTERM: `python -m controller.staff --config config.toml`.

In any order with the controller: staff wait for its files and for its answers. Exit: 0 when sent home, 2 for a wrong file.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controller.staff.board import LOG, Board
from controller.staff.crew import Crew
from controller.staff.door import Door
from controller.staff.mistakes import Mistakes
from controller.staff.plant_time import PlantTime
from controller.staff.script import Script
from controller.staff.settings import Settings, SettingsError, load_keys, load_people, load_settings
from controller.staff.shift import work

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_LOOK_AGAIN_S = 0.5


def main() -> int:
    """Run the program; return its exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        return asyncio.run(_run(arguments))
    except SettingsError as error:
        LOG.error("%s", error)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m controller.staff", description="Simulated staff of a decoction centre."
    )
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="site file (default: %(default)s)")
    parser.add_argument("--url", help="controller, where it is not the site file's")
    parser.add_argument("--key-file", type=Path, help="keys, where they are not in the state folder")
    parser.add_argument("--people-file", type=Path, help="people with PINs, where they are not in the state folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--error-rate", type=float, default=0.02, help="mistakes per act (default: %(default)s)")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> int:
    loop, home = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, home.set)
    settings = load_settings(arguments.config)
    shift = asyncio.ensure_future(_shift(settings, arguments))
    sent_home = asyncio.ensure_future(home.wait())
    await asyncio.wait({shift, sent_home}, return_when=asyncio.FIRST_COMPLETED)
    sent_home.cancel()
    shift.cancel()
    try:
        await shift
    except asyncio.CancelledError:
        return 0
    return 1


async def _shift(settings: Settings, arguments: argparse.Namespace) -> None:
    keys = await _once_there(load_keys, arguments.key_file or settings.state / "keys.json")
    people = await _once_there(load_people, arguments.people_file or settings.state / "staff.json")
    time, script = PlantTime(), Script(settings.script)
    async with Door(arguments.url or settings.url) as door:
        board = Board(door, next(iter(keys.stations.values())), time, script, {person.badge for person in people})
        crew = Crew(settings, keys, people, door, time, board, Mistakes(arguments.seed, arguments.error_rate), script)
        await work(crew, settings.state / "staff-summary.json")


async def _once_there(load: Callable[[Path], T], path: Path) -> T:
    told = False
    while True:
        try:
            return load(path)
        except SettingsError as error:
            if not told:
                LOG.info("waiting for %s", error)
                told = True
        await asyncio.sleep(_LOOK_AGAIN_S)


if __name__ == "__main__":
    sys.exit(main())
