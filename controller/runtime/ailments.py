"""What ails this process becomes an alarm like any other: said when it begins and when it ends, not while it lasts.

The line measures its commits and catches its own mistakes; `watch_lag` (health), `watch_disk` here, the recorder and the chores
(housekeeping) tell the rest.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Final, NoReturn

import structlog

from controller.model.alarm import Ailment
from controller.model.intents import ReportSelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from controller.model.alarm import AlarmRule
    from controller.model.floor import Floor

ERRORS_APART_S: Final = 10.0
"""Wall seconds between two internal errors that are told: a rule that fails on every report must not fill the journal."""
_LOOK_S: Final = 5.0
_LINE: Final = "line"
_LOG = structlog.get_logger(__name__)


class Ailments:
    """Compares what is measured with the limits of `rules` and posts what changed. `floor`: what a former process left behind."""

    def __init__(self, post: Callable[[ReportSelf], None], rules: Mapping[str, AlarmRule], floor: Floor) -> None:
        self._post = post
        self._rules = rules
        self._told = {key for key, alarm in floor.alarms.items() if alarm.active and not alarm.returned_at}
        self._failed_s = float("-inf")

    def late(self, lag_s: float) -> None:
        """Take in by how many wall seconds the event loop was late."""
        self._over(Ailment.LOOP_LATE, lag_s)

    def committed(self, took_s: float) -> None:
        """Take in what a commit took, wall seconds."""
        self._over(Ailment.COMMIT_SLOW, took_s)

    def disk_free(self, percent: float) -> None:
        """Take in how much of the disk with the line's state is free."""
        rule = self._rules[Ailment.DISK_LOW]
        band = rule.deadband.get("percent", 0.0) if self.stands(Ailment.DISK_LOW) else 0.0
        self._tell(Ailment.DISK_LOW, f"{percent:.1f}" if percent < rule.limit + band else "")

    def chore(self, name: str, why: str) -> None:
        """Take in that work beside the line failed, `why`; or with an empty `why` that it was done."""
        self._tell(Ailment.CHORE_FAILED, why, name)

    def damaged(self, finder: str, what: str) -> None:
        """Take in what damage one way of looking found in the database; or with an empty `what` that it found none."""
        self._tell(Ailment.DATABASE_DAMAGED, what, finder)

    def stands(self, ailment: Ailment, source: str = _LINE) -> bool:
        """Say whether the line was told of an ailment and not yet of its end."""
        return f"{ailment}:{source}" in self._told

    def failed(self, what: str) -> None:
        """Take in that deciding `what` raised: over at once, and to be seen by somebody."""
        now_s = time.monotonic()
        if now_s - self._failed_s >= ERRORS_APART_S:
            self._failed_s = now_s
            self._post(ReportSelf(Ailment.INTERNAL_ERROR, what))
            self._post(ReportSelf(Ailment.INTERNAL_ERROR, ""))

    def _over(self, ailment: Ailment, seconds: float) -> None:
        rule = self._rules[ailment]
        band = rule.deadband.get("seconds", 0.0) if self.stands(ailment) else 0.0
        self._tell(ailment, f"{seconds:.1f}" if seconds > rule.limit - band else "")

    def _tell(self, ailment: Ailment, detail: str, source: str = _LINE) -> None:
        if bool(detail) is not self.stands(ailment, source):
            (self._told.add if detail else self._told.remove)(f"{ailment}:{source}")
            self._post(ReportSelf(ailment, detail, source))


async def watch_disk(folder: Path, free: Callable[[float], None]) -> NoReturn:
    """Tell every few seconds what percentage of the disk is free on which `folder` lies."""
    while True:
        try:
            usage = await asyncio.to_thread(shutil.disk_usage, folder)
        except OSError as error:
            _LOG.error("disk-not-measured", exc_info=error)
        else:
            free(100 * usage.free / usage.total)
        await asyncio.sleep(_LOOK_S)
