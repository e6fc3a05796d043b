"""What goes wrong with the simulated machines is asked of the plant over its control socket, as a test would; see its faults."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER_S: Final = 5.0


class PlantDeaf(Exception):
    """The plant did not do what it was asked."""


async def ask_plant(state: Path, request: dict[str, str | float]) -> None:
    """Ask for one fault, or for the end of all of a machine. `state`: the site's folder. Raises PlantDeaf."""
    # Through the folder: a Unix address holds 107 bytes, a path may be longer.
    folder = os.open(state / "plant", os.O_RDONLY | os.O_DIRECTORY)
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/control.sock")
            writer.write(json.dumps(request).encode() + b"\n")
            answer = json.loads(await reader.readline() or "{}")
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError, ValueError) as error:
        raise PlantDeaf(f"the plant does not answer: {error}") from error
    finally:
        os.close(folder)
    if not answer.get("ok"):
        raise PlantDeaf(f"the plant refused {request}: {answer.get('error')}")
