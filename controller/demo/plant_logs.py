"""What the machines really did, counted from the plant's own logs and from nothing else."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from devices.site import Site


def count_machines(site: Site) -> dict[str, int]:
    """Return the `machines` of the summary.

    `duplicate_starts`: effective starts beyond one per (batch, step), whatever the order number; what a machine did that is told
    of no batch, its log cannot say.
    """
    events: Counter[str] = Counter()
    starts: Counter[tuple[str, str]] = Counter()
    for path in sorted((site.state / "plant").glob("*.jsonl")):
        _count(path, events, starts)
    schemes = Counter(machine.url.partition(":")[0] for machine in site.machines.values())
    return {
        "modbus": schemes["modbus"],
        "opcua": schemes["opc.tcp"],
        "starts": events["start"],
        "duplicate_starts": sum(count - 1 for count in starts.values()),
        "refused_duplicates": events["refused-duplicate"],
    }


def _count(path: Path, events: Counter[str], starts: Counter[tuple[str, str]]) -> None:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            events[entry["event"]] += 1
            if entry["event"] == "start" and entry["batch"]:
                starts[entry["batch"], entry["step"]] += 1
