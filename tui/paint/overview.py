"""The line at a glance: where the prescriptions are, what is pressing, and every machine as a tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import figures
from tui.clocks import brief, clock, span
from tui.ink import BAD, BRIGHT, DIM, FAINT, PLAIN, TILES, WARN, flow, say
from tui.paint.alarms import headline
from tui.paint.facts import told
from tui.paint.prescriptions import slack
from tui.widgets.machine_map import Tile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.wire import MachineView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

FLOW = (
    "received", "in_review", "returned", "approved", "dispensing", "dispensed", "verified", "soaking", "decocting",
    "packing", "quality_check", "released", "awaiting_handover", "in_transit", "held",
)  # fmt: skip
"""Open statuses in the order a prescription goes through them."""

_PERCENT_BUSY = frozenset({"heat", "boil"})


def stages(view: View, words: Words, width: int) -> list[Line]:
    """Return how many prescriptions are at each stage; empty stages are faint."""
    counts = view.line["counts"] if view.line else {}
    return flow((_stage(words.of("status", status), counts.get(status, 0), status) for status in FLOW), width, "  ")


def _stage(name: str, count: int, status: str) -> Line:
    style = FAINT if not count else BAD if status == "held" else BRIGHT
    return say((name, DIM if count else FAINT), " ", (f"{count:<3}", style))


def pressing(view: View, words: Words, width: int) -> list[Line]:
    """Return what is late, at risk, alarmed, and which machines run without security."""
    line = view.line
    if line is None:
        return [say((words("overview.waiting"), DIM))]
    alarms = line["alarms"]
    parts = [
        _count(words("overview.late"), line["late"], BAD),
        _count(words("overview.at-risk"), line["at_risk"], WARN),
        *(_count(words.of("priority", name), alarms.get(name, 0), BAD) for name in ("high", "medium", "low")),
    ]
    if line["waivers"]:
        parts.append(say((words("overview.waivers"), WARN), " ", (_short_list(line["waivers"]), DIM)))
    return flow(parts, width, "   ")


def _count(name: str, count: int, style: object) -> Line:
    del style
    return say((name, DIM), " ", (str(count), BAD if count else FAINT))


def _short_list(names: list[str]) -> str:
    shown = names[:4]
    return " ".join(shown) + (f" +{len(names) - len(shown)}" if len(names) > len(shown) else "")
