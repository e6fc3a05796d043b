"""With the project's own samples the cooling of one zone fails for a few minutes, so that a demo has an excursion to assess.

The controller learns of it by its sensor alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from controller.demo.plant_control import ask_plant

if TYPE_CHECKING:
    from controller.config import Config
    from devices.site import PlantClock

_ZONE: Final = "cool"
_TOO_WARM_K: Final = 4.0
_COMES_AFTER_MS: Final = 12 * 60_000
_LASTS_MS: Final = 8 * 60_000


async def warm_spell(config: Config, clock: PlantClock) -> None:
    """Let the zone get too warm, and cool again. Raises PlantDeaf."""
    zone = next(zone for zone in config.zones if zone.id == _ZONE)
    await asyncio.sleep(clock.wall_seconds(_COMES_AFTER_MS))
    await ask_plant(
        config.site.state, {"machine": zone.sensor, "fault": "warm", "value": zone.celsius[1] + _TOO_WARM_K}
    )
    await asyncio.sleep(clock.wall_seconds(_LASTS_MS))
    await ask_plant(config.site.state, {"machine": zone.sensor, "fault": "clear"})
