"""pymodbus alone: one client per machine, one task each, the answers thrown away.

`python -m tests.bench.polling_bare LOOP PORT COUNT`, a child (see `polling.py`).
"""

from __future__ import annotations

import asyncio
import time

from pymodbus.client import AsyncModbusTcpClient

from tests.bench.polling import measured, run
from tests.bench.stand_ins import REGISTERS


async def poll_all(port: int, count: int) -> None:
    """Poll every machine at 1 Hz, phases spread."""
    polls = 0

    async def poll(phase_s: float) -> None:
        nonlocal polls
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=2.0, retries=0)
        await client.connect()
        due_s = time.monotonic() + phase_s
        while True:
            await asyncio.sleep(due_s - time.monotonic())
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
            polls += not answer.isError()
            due_s += 1.0

    tasks = [asyncio.create_task(poll(place / count)) for place in range(count)]
    await measured(lambda: polls)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    run(poll_all)
