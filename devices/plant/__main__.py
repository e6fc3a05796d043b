"""Starts the simulated plant: `python -m devices.plant --config config.toml [--speed N]`.

Writes {"event":"ready",...} to stdout once every machine listens, and JSON lines to stderr. Ctrl-C ends it with 130,
SIGTERM with 0, a site that cannot be simulated with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.plant.assembly import Plant
from devices.site import MAX_SPEED, PlantClock, load_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.site import Site

INTERRUPTED = 130


class _JsonLines(logging.Formatter):
    """One event a line, as everything of ours logs."""

    def format(self, record: logging.LogRecord) -> str:
        event = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the plant; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m devices.plant", description="the simulated machines of a site")
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="the site file")
    parser.add_argument(
        "--speed", type=int, choices=range(1, MAX_SPEED + 1), metavar="N", help="plant time per wall time"
    )
    given = parser.parse_args(arguments)
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what a client does wrong is answered on the wire
    try:
        return asyncio.run(_run(load_site(given.config), given.speed))
    except DeviceError as error:
        _say(sys.stderr, event="failed", error=str(error), advice=error.advice)
        return 1


async def _run(site: Site, speed: int | None) -> int:
    clock = PlantClock.open(site.state, speed or site.speed)
    stop, code = asyncio.Event(), 0

    def leave(signum: int) -> None:
        nonlocal code
        code = INTERRUPTED if signum == signal.SIGINT else 0
        stop.set()

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, leave, signum)
    try:
        plant = Plant(site, clock)
        links = Counter(machine.table.protocol for machine in plant.machines.values())
        said = {"modbus": links["modbus"], "opcua": links["opcua"], "speed": clock.speed, "pid": os.getpid()}
        await plant.run(stop, lambda: _say(sys.stdout, event="ready", **said))
    finally:
        clock.close()
    return code


def _say(stream: object, **event: object) -> None:
    print(json.dumps(event, ensure_ascii=False), file=stream, flush=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
