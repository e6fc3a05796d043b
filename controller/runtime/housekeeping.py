"""Chores on wall time, none of which the line ever waits for: they keep the store small, copied, sound and provable.

Everything here may fail: it is logged and done again at its next time.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from controller.store import StoreError, backup

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from controller.config import Config
    from controller.store import Store
    from devices.site import PlantClock

ANCHOR_FILE: Final = "anchor.jsonl"
BACKUP_FOLDER: Final = "backup"
BACKUPS_KEPT: Final = 7
_CHECKPOINT_MINUTES: Final = 5
_NIGHT_HOUR: Final = 3
_SCAN_ANSWERS_MS: Final = 30 * 24 * 3_600_000
"""Plant ms for which the answer to a scan is kept."""
_LOG = structlog.get_logger(__name__)


@contextmanager
def housekeeping(config: Config, store: Store, clock: PlantClock) -> Generator[None]:
    """Do the chores while the context lasts; at its end write down once more where the journal stands."""
    nightly: dict[str, Callable[[], object]] = {
        "anchor": lambda: _anchor(config, store),
        "integrity": lambda: look_through(store),
        "join-readings": lambda: store.join_readings(""),
        "forget-scans": lambda: store.forget_scans(clock.now() - _SCAN_ANSWERS_MS),
        "backup": lambda: back_up(config),
    }
    scheduler: Any = AsyncIOScheduler(
        timezone=config.timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600}
    )
    scheduler.add_job(do, "interval", ("checkpoint", store.checkpoint), minutes=_CHECKPOINT_MINUTES)
    for place, (name, work) in enumerate(nightly.items()):
        scheduler.add_job(do, "cron", (name, work), hour=_NIGHT_HOUR, minute=10 * place)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        try:
            _anchor(config, store)
        except (OSError, StoreError) as error:
            _LOG.error("chore-failed", chore="anchor", exc_info=error)


async def do(name: str, work: Callable[[], object]) -> None:
    """Do one chore in a thread; log its failure."""
    try:
        await asyncio.to_thread(work)
    except Exception as error:  # noqa: BLE001 - a chore may fail in any way; the line goes on
        _LOG.error("chore-failed", chore=name, exc_info=error)


def _anchor(config: Config, store: Store) -> None:
    store.append_anchor(config.site.state / ANCHOR_FILE)


def look_through(store: Store) -> None:
    """Say loudly what is damaged in the database."""
    wrong = store.integrity()
    if wrong:
        _LOG.critical("database-damaged", problems=wrong[:10])


def back_up(config: Config) -> None:
    """Copy the database to a file of this moment; keep the last week's. Raises StoreError."""
    folder = config.site.state / BACKUP_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    backup(config.database, folder / f"{config.line}-{datetime.now(config.timezone):%Y%m%dT%H%M%S}.db")
    copies = sorted(folder.glob(f"{config.line}-*.db"))
    for old in copies[:-BACKUPS_KEPT]:
        old.unlink()
