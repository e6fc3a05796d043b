"""Starts the simulated plant: `python -m devices.plant --config config.toml [--speed N]`.

Says to stdout that every machine listens, as {"event":"ready",...} or, on a terminal, in words. Its log goes to stderr as JSON
lines; what keeps it from starting is told there in words, for the person who started it. Ctrl-C ends it with 130, SIGTERM with
0, a site that cannot be simulated with 1.
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
from typing import TYPE_CHECKING, TextIO

from devices.errors import DeviceError
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
    except (DeviceError, OSError) as error:
        _tell(sys.stderr, _words(error), getattr(error, "advice", ""))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


async def _run(site: Site, speed: int | None) -> int:
    from devices.plant.assembly import Plant  # noqa: PLC0415 - takes a while, in which Ctrl-C must be heard already

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
        await plant.run(stop, lambda: _say_ready(links["modbus"], links["opcua"], clock.speed))
    finally:
        clock.close()
    return code


def _say_ready(modbus: int, opcua: int, speed: int) -> None:
    if sys.stdout.isatty():
        _tell(sys.stdout, f"模拟设备就绪 (machines ready): Modbus {modbus}, OPC UA {opcua}, x{speed}")
        return
    event = {"event": "ready", "modbus": modbus, "opcua": opcua, "speed": speed, "pid": os.getpid()}
    _tell(sys.stdout, json.dumps(event))


def _words(error: DeviceError | OSError) -> str:
    """Return what went wrong; of a file that cannot be opened, its name once."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, FileNotFoundError):
        return f"{cause.filename}: 没有这个文件 (no such file)"
    return f"{cause.filename}: {cause.strerror}" if isinstance(cause, OSError) and cause.filename else str(error)


def _tell(stream: TextIO, *lines: str) -> None:
    print(*filter(None, lines), sep="\n", file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
