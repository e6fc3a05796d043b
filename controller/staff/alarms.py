"""A pharmacist looks at the alarms again and again and acknowledges what nobody has seen yet, in the order of the list."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NoReturn

from controller.staff.crew import PutDown, must
from controller.staff.pharmacists import RELEASE

if TYPE_CHECKING:
    from controller.staff.crew import Crew

LOOK_S: Final = 5.0
"""Wall seconds between two looks: the time to respond to an alarm counts by the wall too."""
_UNSEEN: Final = frozenset({"UNACK", "RTNUN", "LATCH"})
_LOG = logging.getLogger("controller.staff")


async def watch(crew: Crew) -> NoReturn:
    """Look after the alarms for as long as staff work."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await acknowledge_unseen(crew)
        except PutDown as why:
            _LOG.info("alarms are left: %s", why)


async def acknowledge_unseen(crew: Crew) -> None:
    """Acknowledge every alarm that nobody has seen. Raises PutDown where the controller says no."""
    person = crew.somebody("pharmacist")
    for alarm in await crew.alarms():
        if alarm["state"] in _UNSEEN:
            must(await crew.acknowledge(person, RELEASE, alarm["id"]))
