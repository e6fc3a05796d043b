"""A day of simulated staff, from the files they wait for to the signal that sends them home.

`spend(...)` returns the exit code: 0 after SIGTERM, 130 after Ctrl-C. Staff may come before the controller: they wait for the
files of keys and people that its first run makes, and for its answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from controller.staff.board import LOG, Board
from controller.staff.crew import Crew
from controller.staff.door import Door
from controller.staff.mistakes import Mistakes
from controller.staff.plant_time import PlantTime
from controller.staff.script import Script
from controller.staff.settings import INTERRUPTED, SettingsError, load_keys, load_people
from controller.staff.shift import earlier_mistakes, work

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path
    from typing import NoReturn, TypeVar

    from controller.staff.settings import Settings

    T = TypeVar("T")

_EXIT_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: 0}
_LOOK_AGAIN_S = 0.5


async def spend(settings: Settings, arguments: argparse.Namespace) -> int:
    """Work until a signal. `arguments`: those of `python -m controller.staff`."""
    loop = asyncio.get_running_loop()
    home: asyncio.Future[int] = loop.create_future()
    for number, code in _EXIT_CODES.items():
        loop.add_signal_handler(number, _send, home, code)
    shift = asyncio.ensure_future(_shift(settings, arguments))
    await asyncio.wait({shift, home}, return_when=asyncio.FIRST_COMPLETED)
    shift.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await shift
    return home.result()


def _send(home: asyncio.Future[int], code: int) -> None:
    """Send everybody home; the first signal counts."""
    if not home.done():
        home.set_result(code)


async def _shift(settings: Settings, arguments: argparse.Namespace) -> NoReturn:
    keys = await _once_there(load_keys, arguments.key_file or settings.state / "keys.json")
    people = await _once_there(load_people, arguments.people_file or settings.state / "staff.json")
    time, script = PlantTime(), Script(settings.script)
    async with Door(arguments.url or settings.url) as door:
        board = Board(door, next(iter(keys.stations.values())), time, script, {person.badge for person in people})
        kept = settings.state / "staff-summary.json"
        mistakes = Mistakes(arguments.seed, arguments.error_rate, earlier_mistakes(kept))
        await work(Crew(settings, keys, people, door, time, board, mistakes, script), kept)


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
