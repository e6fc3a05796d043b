"""What ails this process becomes an alarm like any other: said when it begins and when it ends, not while it lasts.

The line measures its commits and catches its own mistakes; `watch_lag` (health) and `watch_disk` here tell the rest.
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
_LOG = structlog.get_logger(__name__)


class Ailments:
    """Compares what is measured with the limits of `rules` and posts what changed. `floor`: what a former process left behind."""

    def __init__(self, post: Callable[[ReportSelf], None], rules: Mapping[str, AlarmRule], floor: Floor) -> None:
        self._post = post
        self._rules = rules
        self._told = {ailment for ailment in Ailment if f"{ailment}:line" in floor.alarms}
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
        band = rule.deadband.get("percent", 0.0) if Ailment.DISK_LOW in self._told else 0.0
        self._tell(Ailment.DISK_LOW, percent, ails=percent < rule.limit + band)

    def failed(self, what: str) -> None:
        """Take in that deciding `what` raised: over at once, and to be seen by somebody."""
        now_s = time.monotonic()
        if now_s - self._failed_s >= ERRORS_APART_S:
            self._failed_s = now_s
            self._post(ReportSelf(Ailment.INTERNAL_ERROR, what))
            self._post(ReportSelf(Ailment.INTERNAL_ERROR, ""))

    def _over(self, ailment: Ailment, seconds: float) -> None:
        rule = self._rules[ailment]
        band = rule.deadband.get("seconds", 0.0) if ailment in self._told else 0.0
        self._tell(ailment, seconds, ails=seconds > rule.limit - band)

    def _tell(self, ailment: Ailment, value: float, *, ails: bool) -> None:
        if ails is not (ailment in self._told):
            (self._told.add if ails else self._told.remove)(ailment)
            self._post(ReportSelf(ailment, f"{value:.1f}" if ails else ""))


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
