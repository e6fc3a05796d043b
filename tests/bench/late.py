"""Says how late an event loop is: that of a whole controller with nothing added but the measurement, or one that has nothing to do.

`python -m tests.bench.late idle` or `python -m tests.bench.late controller CONFIG`, a child (see `child.py`) on uvloop. Every
5 ms something is due; what was due while the loop was held up counts as late as it then was, each one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import uvloop

from tests.bench.child import serve

_STEP_S = 0.005


async def _answer(seconds: float) -> dict[str, Any]:
    late_ms: list[float] = []
    due_s = time.monotonic()
    ends_s = due_s + seconds
    while due_s < ends_s:
        await asyncio.sleep(due_s - time.monotonic())
        now_s = time.monotonic()
        while due_s <= now_s:
            late_ms.append((now_s - due_s) * 1000)
            due_s += _STEP_S
    return {"p99": quantiles(late_ms, n=100)[98], "max": max(late_ms), "n": len(late_ms)}


async def _idle() -> None:
    await serve(_answer, {})


async def _controller(path: Path) -> None:
    # Imported here, so that the idle loop belongs to a process that holds nothing of ours.
    from controller import logs
    from controller.config import load_config
    from controller.runtime.bootstrap import LOG_FILE, run

    config = load_config(path)
    logs.set_up(config.site.state / LOG_FILE)
    ready = asyncio.Event()
    work = asyncio.create_task(run(config, ready=ready.set))
    await asyncio.wait({work, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        await serve(_answer, {})
        os.kill(os.getpid(), signal.SIGTERM)
    await work


if __name__ == "__main__":
    uvloop.run(_idle() if sys.argv[1] == "idle" else _controller(Path(sys.argv[2])))
