"""Chores on wall time, none of which the line ever waits for: they keep the store small, copied, sound and provable.

Everything here may fail. A chore that fails is an alarm, and is tried again every quarter of an hour until it is done; so is
damage that a chore finds, until it finds none.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from controller.model.alarm import Ailment
from controller.runtime.reasons import words_of
from controller.store import ReadFailed, StoreError, backup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping
    from pathlib import Path

    from controller.config import Config
    from controller.runtime.ailments import Ailments
    from controller.store import Store
    from devices.site import PlantClock

    Chore = Callable[[], Awaitable[str]]
    """Does it, and returns what damage it found, empty where none. Raises where it could not be done."""

ANCHOR_FILE: Final = "anchor.jsonl"
BACKUP_FOLDER: Final = "backup"
BACKUPS_KEPT: Final = 7
_CHECKPOINT_MINUTES: Final = 5
_AGAIN_MINUTES: Final = 15
_NIGHT_HOUR: Final = 3
_SCAN_ANSWERS_MS: Final = 30 * 24 * 3_600_000
"""Plant ms for which the answer to a scan is kept."""
_VERIFY_S: Final = 2 * 3_600.0
"""Wall seconds that a check of the whole journal may take."""
_LOWEST_PRIORITY: Final = 19
_LOG = structlog.get_logger(__name__)


@contextmanager
def housekeeping(config: Config, store: Store, clock: PlantClock, ailments: Ailments) -> Generator[None]:
    """Do the chores while the context lasts; at its end write down once more where the journal stands."""
    nightly: dict[str, Chore] = {
        "anchor": partial(_done, lambda: _anchor(config, store)),
        "integrity": lambda: asyncio.to_thread(look_through, store),
        "join-readings": partial(_done, lambda: store.join_readings("")),
        "forget-scans": partial(_done, lambda: store.forget_scans(clock.now() - _SCAN_ANSWERS_MS)),
        "backup": partial(_done, lambda: back_up(config)),
        "verify": partial(verified, config.path, config.site.state / ANCHOR_FILE),
    }
    chores = Chores({**nightly, "checkpoint": partial(_done, store.checkpoint)}, ailments)
    scheduler: Any = AsyncIOScheduler(
        timezone=config.timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600}
    )
    scheduler.add_job(chores.do, "interval", ("checkpoint",), minutes=_CHECKPOINT_MINUTES)
    scheduler.add_job(chores.do_again, "interval", minutes=_AGAIN_MINUTES)
    for place, name in enumerate(nightly):
        scheduler.add_job(chores.do, "cron", (name,), hour=_NIGHT_HOUR, minute=10 * place)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        try:
            _anchor(config, store)
        except (OSError, StoreError) as error:
            _LOG.error("chore-failed", chore="anchor", exc_info=error)


class Chores:
    """Does chores by their names and tells `ailments` how each ended. What a former process left undone is done again too."""

    def __init__(self, chores: Mapping[str, Chore], ailments: Ailments) -> None:
        self._chores = chores
        self._ailments = ailments
        self._again = {
            name
            for name in chores
            if ailments.stands(Ailment.CHORE_FAILED, name) or ailments.stands(Ailment.DATABASE_DAMAGED, name)
        }

    async def do(self, name: str) -> None:
        """Do one chore; say its failure, or what damage it found, or that there is neither."""
        try:
            damage = await self._chores[name]()
        except Exception as error:  # noqa: BLE001 - a chore may fail in any way; the line goes on
            _LOG.error("chore-failed", chore=name, exc_info=error)
            self._again.add(name)
            self._ailments.chore(name, words_of(error))
            return
        (self._again.add if damage else self._again.discard)(name)
        self._ailments.chore(name, "")
        self._ailments.damaged(name, damage)

    async def do_again(self) -> None:
        """Do again what failed, one after the other."""
        for name in sorted(self._again):
            await self.do(name)


async def _done(work: Callable[[], object]) -> str:
    await asyncio.to_thread(work)
    return ""


def _anchor(config: Config, store: Store) -> None:
    store.append_anchor(config.site.state / ANCHOR_FILE)


def look_through(store: Store) -> str:
    """Return what is damaged in the database's pages, empty where nothing is, and say it loudly."""
    try:
        wrong = store.integrity()
    except ReadFailed as error:
        wrong = [words_of(error)]
    return _damage(wrong)


async def verified(site: Path, anchor: Path) -> str:
    """Return what is wrong with the whole journal, empty where nothing is; see `store.verify`.

    Looked for by a process of its own at the lowest priority, since that takes minutes of computing. Raises StoreError where it
    could not look, TimeoutError, OSError.
    """
    command = (sys.executable, "-m", "controller", "verify", "--config", str(site))
    anchored = ("--anchor", str(anchor)) if await asyncio.to_thread(anchor.exists) else ()
    spoken = {**os.environ, "PYTHONUTF8": "1"}  # whatever the locale of this process
    process = await asyncio.create_subprocess_exec(*command, *anchored, stdout=PIPE, stderr=PIPE, env=spoken)
    try:
        with suppress(OSError):  # it may be over already
            os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST_PRIORITY)
        async with asyncio.timeout(_VERIFY_S):
            said, failed = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    found = said.decode(errors="replace").splitlines()
    if failed or not found:
        raise StoreError((failed.decode(errors="replace").splitlines() or [f"exit {process.returncode}"])[-1])
    return _damage([found[-1], *found[:-1]])


def _damage(wrong: list[str]) -> str:
    if wrong:
        _LOG.critical("database-damaged", problems=wrong[:10])
    return "; ".join(wrong[:2])


def back_up(config: Config) -> None:
    """Copy the database to a file of this moment; keep the last week's. Raises StoreError, OSError."""
    folder = config.site.state / BACKUP_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    backup(config.database, folder / f"{config.line}-{datetime.now(config.timezone):%Y%m%dT%H%M%S}.db")
    copies = sorted(folder.glob(f"{config.line}-*.db"))
    for old in copies[:-BACKUPS_KEPT]:
        old.unlink()
