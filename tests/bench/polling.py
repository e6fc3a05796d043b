"""What every polling child of `acquisition.300` does: say how many polls it did in some seconds and what they cost it.

`run(work)` in the child, with the event loop named on its command line (`asyncio` or `uvloop`), the port of the stand-ins and how
many there are; `work` awaits `measured` while its polls go on.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import TYPE_CHECKING, Any

import uvloop

from tests.bench.child import serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SETTLE_S = 2.0
_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def run(work: Callable[[int, int], Awaitable[None]]) -> None:
    """Run the child: `work(port, count)`."""
    loop, port, count = sys.argv[1:]

    async def main() -> None:
        await work(int(port), int(count))

    with asyncio.Runner(loop_factory=_LOOPS[loop]) as runner:
        runner.run(main())


async def nothing() -> None:
    """Put nothing away."""


async def measured(polls: Callable[[], int], put_away: Callable[[], Awaitable[None]] = nothing) -> None:
    """Answer one question; the cost of putting away what was read is counted with it."""

    async def answer(seconds: float) -> dict[str, Any]:
        before, cpu_s = polls(), _cpu_s()
        await asyncio.sleep(seconds)
        done = polls() - before
        await put_away()
        return {"polls": done, "cpu_s": _cpu_s() - cpu_s}

    await asyncio.sleep(_SETTLE_S)
    await serve(answer, {})


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
