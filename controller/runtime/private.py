"""A file with secrets is readable by its owner alone from its first byte, and is there whole or not at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write_private(path: Path, thing: Any) -> None:
    """Write `thing` as JSON with mode 0600, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        json.dump(thing, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def read_private(path: Path) -> Any:
    """Return what `write_private` wrote, None where there is no file. Raises ValueError where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
