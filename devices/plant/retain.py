"""What a machine still knows after a power cut: one JSON file each, replaced whole.

The file survives the death of the process, not that of the disk: a real PLC has a battery for it, and nothing of the
line's safety rests on the simulated one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from devices.errors import SiteError
from devices.plant.packml import Mode, State

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Memory:
    """The retained registers of a PLC. `at`: when they were last true, ms plant time; `contents`: by kind of machine.

    `step` is the recipe step of the last order. `value` is OrderValue.
    """

    at: int
    boot: int = 0
    mode: int = Mode.PRODUCE
    state: int = State.IDLE
    fault: int = 0
    epoch: int = 0
    order: int = 0
    status: int = 0
    value: int = 0
    refused_order: int = 0
    refused_reason: int = 0
    batch: str = ""
    step: str = ""
    contents: dict[str, float] = field(default_factory=dict[str, float])


def load_memory(path: Path) -> Memory | None:
    """Read the memory at `path`, None for a machine that never ran. Raises SiteError when it is not one."""
    try:
        return Memory(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise SiteError(f"{path}: {error}", advice="remove the file; the simulated machine starts empty") from error


def save_memory(path: Path, memory: Memory) -> None:
    """Replace the memory at `path` whole."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(memory)), encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105 - once a second for every running machine; Path.replace builds a Path each time
