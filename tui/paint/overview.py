"""The line at a glance: where the prescriptions are, what is pressing, and every machine as a tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import figures
from tui.clocks import brief, clock, span
from tui.codes import short
from tui.ink import BAD, BRIGHT, DIM, FAINT, TILES, WARN, beside, flow, gauge, say
from tui.paint.alarms import presses
from tui.widgets.machine_map import Tile

if TYPE_CHECKING:
    from textual.style import Style

    from controller.wire import MachineView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

FLOW = (
    "received", "in_review", "returned", "approved", "dispensing", "dispensed", "verified", "soaking", "decocting",
    "packing", "quality_check", "released", "awaiting_handover", "in_transit", "held",
)  # fmt: skip
"""Open statuses in the order a prescription goes through them."""

_GAUGE = 12
_WHOLE, _THREE_DIGITS = frozenset({"scale", "packing"}), 99.95
_NARROW, _NAME = 76, 9
"""Width at which one waiver is named, and the width of another name."""


def stages(view: View, words: Words, width: int) -> list[Line]:
    """Return how many prescriptions are at each stage; empty stages are faint."""
    counts = view.line["counts"] if view.line else {}
    return flow((_stage(status, counts.get(status, 0), words) for status in FLOW), width)


def _stage(status: str, count: int, words: Words) -> Line:
    style = FAINT if not count else BAD if status == "held" else BRIGHT
    return say((words.of("status-short", status), DIM if count else FAINT), " ", (f"{count:<2}", style))


def pressing(view: View, words: Words, width: int) -> list[Line]:
    """Return what is late, at risk, alarmed, and which machines run without security."""
    line = view.line
    if line is None:
        return [say((words("overview.waiting"), DIM))]
    active = [alarm["priority"] for alarm in view.alarms if presses(alarm)]
    parts = [
        _count(words("overview.late"), line["late"], BAD),
        _count(words("overview.at-risk"), line["at_risk"], WARN),
        say((words("overview.alarms"), DIM)),
        _count(words.of("priority", "high"), active.count("high"), BAD),
        _count(words.of("priority", "medium"), active.count("medium"), WARN),
        _count(words.of("priority", "low"), active.count("low"), BRIGHT),
    ]
    if line["waivers"]:
        many = words("overview.waivers", count=len(line["waivers"]))
        parts.append(say((many, WARN), " ", (_few(line["waivers"], 1 + (width - _NARROW) // _NAME), DIM)))
    return flow(parts, width)


def _count(name: str, count: int, style: Style) -> Line:
    return say((name, DIM), " ", (str(count), style if count else FAINT))


def _few(names: list[str], room: int) -> str:
    return " ".join(names[:room]) + (".." if len(names) > room else "")


def families(view: View, words: Words, now_s: float) -> dict[str, list[Tile]]:
    """Return the tiles of all machines by the label of their family."""
    return {
        words.of("group", family): [_tile(machine, view, words, now_s) for machine in machines]
        for family, machines in figures.groups(view.machines.values()).items()
    }


def _tile(machine: MachineView, view: View, words: Words, now_s: float) -> Tile:
    state = figures.phase(machine)
    number = machine["id"].rpartition("-")[2]
    tone = figures.shown_tone(view, machine)
    if machine["kind"] == "decoction":
        word, short_word = words.of("phase", state), words.of("phase-short", state)
        return Tile(machine["id"], number, tone, word, short_word, _below(machine, view, now_s))
    figure = _one_figure(machine, state, view, words, now_s)
    return Tile(machine["id"], number, tone, figure, figure)


def _below(machine: MachineView, view: View, now_s: float) -> tuple[str, str]:
    """Return a pot's further lines: its temperature while that is known to be true and what is left of the step; its boil."""
    rest = figures.remaining_s(view, machine, now_s)
    left = brief(rest) if rest else ""
    boil = machine["boil"]
    return f"{_main(machine, view):<4} {left:>3}", gauge(figures.credited(boil), _GAUGE) if boil else ""


def _one_figure(machine: MachineView, state: str, view: View, words: Words, now_s: float) -> str:
    """Return the one thing worth knowing of a small machine."""
    if state == "soak":
        return brief(figures.remaining_s(view, machine, now_s))
    if machine["kind"] in {"scale", "storage"} and state == "idle":
        return _main(machine, view)
    return words.of("phase-short", state)


def _main(machine: MachineView, view: View) -> str:
    reading = machine["readings"].get(figures.MAIN_READING.get(machine["kind"], ""))
    if reading is None or not figures.is_live(view, machine, reading):
        return "--"
    value = reading["value"]
    digits = 0 if machine["kind"] in _WHOLE or abs(value) >= _THREE_DIGITS else 1
    return f"{round(value, digits) + 0.0:.{digits}f}"


def chosen(view: View, words: Words, machine_id: str, now_s: float, width: int) -> list[Line]:
    """Return one line about the machine under the cursor."""
    machine = view.machines.get(machine_id)
    if machine is None:
        return []
    state = figures.phase(machine)
    rest = figures.remaining_s(view, machine, now_s)
    parts = [
        say(
            (f" {machine['id']} ", BRIGHT), (f" {words.of('phase', state)} ", TILES[figures.shown_tone(view, machine)])
        ),
        say((words("machine.rest"), DIM), " ", span(rest)) if rest else say(),
        _holds(machine, words),
        say((words("machine.monitor-only"), WARN)) if machine["monitor_only"] else say(),
        say((words("machine.stale", at=clock(machine["link_since"], figures.site_zone(view))), DIM))
        if figures.tone(state) == "lost"
        else say(),
        say((words.pick(machine["fault_zh"], machine["fault_en"]), BAD)),
    ]
    line = say(*(piece for part in parts if part for piece in (part, "  ")))
    return [beside(line, say((words("overview.open"), FAINT)), width)]


def _holds(machine: MachineView, words: Words) -> Line:
    if not machine["batch"]:
        return say()
    return say((words("col.batch"), DIM), f" {short(machine['batch'])} ", (machine["prescription_no"], BRIGHT))
