"""How late an event loop is, and a child that has nothing else to do. `python -m tests.bench.late` on uvloop (see `child.py`).

Every 5 ms something is due; what was due while the loop was held up counts as late as it then was, each one.
"""

from __future__ import annotations

import asyncio
import time
from statistics import quantiles
from typing import Any

import uvloop

from tests.bench.child import serve

_STEP_S = 0.005


async def lateness(seconds: float) -> dict[str, Any]:
    """Watch this loop for a while; return p99 and maximum in ms."""
    late_ms: list[float] = []
    due_s = time.monotonic()
    ends_s = due_s + seconds
    while due_s < ends_s:
        await asyncio.sleep(due_s - time.monotonic())
        now_s = time.monotonic()
        while due_s <= now_s:
            late_ms.append((now_s - due_s) * 1000)
            due_s += _STEP_S
    return {"p99": quantiles(late_ms, n=100)[98], "max": max(late_ms)}


if __name__ == "__main__":
    uvloop.run(serve(lateness, {}))
