"""The demo's folder is fresh every time: its own site file with free ports, and nothing of yesterday."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.demo.layout import HOSPITALS, Counts, Ports, layout
from controller.demo.ports import free_ports
from controller.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOME = Path(__file__).resolve().parents[2]
"""The folder of the project: its stock, its samples and their script."""

SAMPLES = HOME / "samples" / "prescriptions.jsonl"
_SCRIPT = HOME / "samples" / "script.toml"
_SQLITE = "sqlite:///"


class FolderError(Exception):
    """The demo's folder or database is in use, or a file cannot be written where it was asked for."""


def make_folder(
    folder: Path,
    *,
    hospitals: Sequence[str],
    prescriptions: Path,
    speed: int,
    database: str = "",
    counts: Counts | None = None,
) -> Path:
    """Clear the folder, write config.toml into it and return its path. Raises FolderError where somebody lives there.

    `database`: URL, empty for SQLite in the folder. The project's script of detours goes with its own samples alone.
    """
    folder, counts, database = folder.resolve(), counts or Counts(), _unused(database)
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if database.startswith(_SQLITE):
        make_room(Path(database.removeprefix(_SQLITE)))
    config = folder / "config.toml"
    text = layout(
        counts=counts,
        ports=_ports(counts),
        speed=speed,
        state=".",
        database=database,
        stock=str(HOME / "stock.toml"),
        people="people.toml",
        hospitals={code: HOSPITALS.get(code, code) for code in hospitals},
        prescriptions=str(prescriptions.resolve()),
        script=_script() if prescriptions.resolve() == SAMPLES else {},
    )
    config.write_text(text, encoding="utf-8")
    return config


def make_room(file: Path) -> None:
    """Make the folder that `file` goes to. Raises FolderError where it could not be written."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    if not file.parent.is_dir() or file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise FolderError(f"{file}: 不能写入 (cannot be written)")


def _ports(counts: Counts) -> Ports:
    api, *machines = free_ports(1 + counts.modbus + counts.opcua)
    return Ports(machines[: counts.modbus], machines[counts.modbus :], api)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left. Its processes hold the clock's lock as long as they live."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "config.toml").exists():
        raise FolderError(f"{folder} is not the folder of a demo; it is left alone")
    lock = folder / "clock.lock"
    if lock.exists():
        descriptor = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderError(f"another demo runs in {folder}") from error
        finally:
            os.close(descriptor)
    shutil.rmtree(folder)


def _unused(database: str) -> str:
    """Return the URL, its file from where we stand. Raises FolderError where something is in it."""
    if not database:
        return ""
    if database.startswith(_SQLITE):
        file = Path(database.removeprefix(_SQLITE)).resolve()
        database = f"{_SQLITE}{file}"
        if not file.exists():
            return database
    try:
        store = Store.open(database)
        try:
            empty = store.is_empty()
        finally:
            store.close()
    except StoreError as error:
        raise FolderError(f"{database}: {error}") from error
    if not empty:
        raise FolderError(f"{database} is not empty")
    return database


def _script() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_SCRIPT.read_text(encoding="utf-8"))["staff"]["script"]
