"""A whole controller whose loop is watched from within: `python -m tests.bench.late_controller CONFIG`, a child."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from controller import logs
from controller.config import load_config
from controller.runtime.bootstrap import LOG_FILE, run
from tests.bench.child import serve
from tests.bench.late import lateness


async def watched(path: Path) -> None:
    """Run the controller as `decoction run` does, and answer from its loop once it is ready."""
    config = load_config(path)
    logs.set_up(config.site.state / LOG_FILE)
    ready = asyncio.Event()
    work, is_ready = asyncio.create_task(run(config, ready=ready.set)), asyncio.create_task(ready.wait())
    await asyncio.wait({work, is_ready}, return_when=asyncio.FIRST_COMPLETED)
    if is_ready.done():
        await serve(lateness, {})
        os.kill(os.getpid(), signal.SIGTERM)
    await work


if __name__ == "__main__":
    uvloop.run(watched(Path(sys.argv[1])))
