"""With the project's own samples the cooling of one zone fails for a few minutes, so that a demo has an excursion to assess.

Asked of the plant over its control socket, as a test would: the controller learns of it by its sensor alone.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from controller.config import Config
    from devices.site import PlantClock

_ZONE: Final = "cool"
_TOO_WARM_K: Final = 4.0
_COMES_AFTER_MS: Final = 12 * 60_000
_LASTS_MS: Final = 8 * 60_000
_ANSWER_S: Final = 5.0


class PlantDeaf(Exception):
    """The plant did not do what it was asked."""


async def warm_spell(config: Config, clock: PlantClock) -> None:
    """Let the zone get too warm, and cool again. Raises PlantDeaf."""
    zone = next(zone for zone in config.zones if zone.id == _ZONE)
    await asyncio.sleep(clock.wall_seconds(_COMES_AFTER_MS))
    await _ask(config.site.state, {"machine": zone.sensor, "fault": "warm", "value": zone.celsius[1] + _TOO_WARM_K})
    await asyncio.sleep(clock.wall_seconds(_LASTS_MS))
    await _ask(config.site.state, {"machine": zone.sensor, "fault": "clear"})


async def _ask(state: Path, request: dict[str, str | float]) -> None:
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
