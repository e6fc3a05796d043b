"""Chores on wall time, none of which the line ever waits for: they keep the store small, sound and provable.

Everything here may fail: it is logged and done again at its next time.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from controller.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from controller.config import Config
    from controller.store import Store
    from devices.site import PlantClock

ANCHOR_FILE: Final = "anchor.jsonl"
_CHECKPOINT_MINUTES: Final = 5
_SCAN_ANSWERS_MS: Final = 30 * 24 * 3_600_000
"""Plant ms for which the answer to a scan is kept."""
_LOG = structlog.get_logger(__name__)


@contextmanager
def housekeeping(config: Config, store: Store, clock: PlantClock) -> Generator[None]:
    """Do the chores while the context lasts; at its end write down once more where the journal stands."""
    anchor = config.site.state / ANCHOR_FILE
    nightly: dict[str, Callable[[], object]] = {
        "anchor": lambda: store.append_anchor(anchor),
        "integrity": lambda: _look_through(store),
        "forget-scans": lambda: store.forget_scans(clock.now() - _SCAN_ANSWERS_MS),
    }
    scheduler: Any = AsyncIOScheduler(
        timezone=config.site.timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600}
    )
    scheduler.add_job(_do, "interval", ("checkpoint", store.checkpoint), minutes=_CHECKPOINT_MINUTES)
    for minute, (name, work) in enumerate(nightly.items()):
        scheduler.add_job(_do, "cron", (name, work), hour=3, minute=10 * minute)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        try:
            store.append_anchor(anchor)
        except (OSError, StoreError) as error:
            _LOG.error("chore-failed", chore="anchor", exc_info=error)


async def _do(name: str, work: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(work)
    except Exception as error:  # noqa: BLE001 - a chore may fail in any way; the line goes on
        _LOG.error("chore-failed", chore=name, exc_info=error)


def _look_through(store: Store) -> None:
    wrong = store.integrity()
    if wrong:
        _LOG.critical("database-damaged", problems=wrong[:10])
