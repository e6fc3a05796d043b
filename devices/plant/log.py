"""What a machine really did: append-only, written by the plant alone, one JSON object a line.

Contract: {"at","boot","event","step","order","epoch","batch","value"}; `at` in ms plant time, `value` in mL, pieces,
seconds or degrees Celsius by the event, or null.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `step`: the recipe step the order served (`boil.1`), not the phase."""

    at: int
    boot: int
    event: str
    step: str
    order: int
    epoch: int
    batch: str
    value: float | None


class EventLog:
    """The log of one machine at `path`."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def append(self, entry: Entry) -> None:
        """Write the entry in one call, so that a kill never leaves half a line."""
        os.write(self._file, (json.dumps(asdict(entry), separators=(",", ":")) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
