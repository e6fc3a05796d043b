"""The numbers a screen shows that are not in an answer as they stand: present plant time, ages, rests, phases; pure.

Whatever the controller has said grows older here by the wall clock, so that a lost road can never look like a live one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.clocks import CHINA, zone_of
from tui.state import Link

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from controller.wire import BoilView, MachineView, ReadingView, TaskView
    from tui.state import View

MAIN_READING = {
    "decoction": "ActualTemperature",
    "soaking": "ActualTemperature",
    "packing": "Count",
    "scale": "CurrentWeight",
    "storage": "Temperature",
}
"""The reading that stands for a machine of that kind."""

_PHASE_OF_STEP = {
    "charge": "charge",
    "addwater": "water",
    "heattoboil": "heat",
    "holdboil": "boil",
    "drain": "drain",
    "rinse": "rinse",
    "soak": "soak",
    "pack": "pack",
    "flush": "flush",
}
_PHASE_OF_ORDER = {"first": "boil", "boil": "boil", "soak": "soak", "rinse": "rinse"}
"""What people who work a machine by hand have begun, by the first word of its step."""

_TONE_OF_PHASE = {
    "unseen": "lost",
    "manual": "held",
    "charge": "flow",
    "water": "flow",
    "drain": "flow",
    "rinse": "flow",
    "pack": "flow",
    "flush": "flow",
}
_BY_HAND = frozenset({"manual", "maintenance"})
_CLEANED = frozenset({"decoction", "packing"})


def site_zone(view: View) -> tzinfo:
    """Return the site's time zone."""
    return zone_of(view.line["timezone"]) if view.line else CHINA


def speed(view: View) -> int:
    """Return plant seconds per wall second."""
    return view.line["speed"] if view.line else 1


def plant_now(view: View, now_s: float) -> int:
    """Return the present plant time in ms, carried on from the last answer; 0 before the first."""
    if view.line is None:
        return 0
    return view.line["now"] + round((now_s - view.line_s) * 1000 * speed(view))


def phase(machine: MachineView) -> str:
    """Return what the machine is doing as one word: what needs a person wins over what it works at."""
    if machine["out_by"] and not machine["batch"]:
        return "out"
    if machine["link"] == "manual":
        return "held" if machine["held"] else _worked(machine)
    if machine["link"] != "fresh":
        return "unseen" if machine["link"] == "never" else "lost"
    if machine["fault"]:
        return "fault"
    if machine["held"]:
        return "held"
    if machine["monitor_only"]:
        return "watched"
    if machine["mode"].lower() in _BY_HAND:
        return "manual"
    step = _PHASE_OF_STEP.get("".join(filter(str.isalpha, machine["step"])).lower(), "")
    return step or _resting(machine)


def _worked(machine: MachineView) -> str:
    """Return what people do at a machine that is on no wire, as far as they said."""
    if not machine["order_step"]:
        return _resting(machine)
    if not machine["begun_at"]:
        return "manual"
    return _PHASE_OF_ORDER.get(machine["order_step"].partition(".")[0], "manual")


def _resting(machine: MachineView) -> str:
    if machine["batch"]:
        return "wait"
    if machine["next_batch"]:
        return "next"
    if machine["kind"] in _CLEANED and not machine["clean"]:
        return "dirty"
    return "idle"


def tone(word: str) -> str:
    """Return the colour class of a phase (`tui.ink.TILES`)."""
    return _TONE_OF_PHASE.get(word, word)


def shown_tone(view: View, machine: MachineView) -> str:
    """Return the tone of a machine's tile; all grey where the controller itself is out of reach."""
    return "lost" if view.link is Link.OFFLINE else tone(phase(machine))


def age_s(view: View, machine: MachineView, now_s: float) -> float:
    """Return wall seconds since the machine was last read, as far as we know."""
    return machine["age_s"] + _since(view, machine, now_s)


def reading_age_s(view: View, machine: MachineView, reading: ReadingView, now_s: float) -> float:
    """Return wall seconds since the controller received this value, as far as we know."""
    return reading["age_s"] + _since(view, machine, now_s)


def is_live(view: View, machine: MachineView, reading: ReadingView) -> bool:
    """Say whether a value may be shown as the present one."""
    return view.link is Link.ONLINE and machine["link"] == "fresh" and reading["quality"] == "good"


def remaining_s(view: View, machine: MachineView, now_s: float) -> float:
    """Return the plant seconds the machine still needs for its step."""
    return max(0.0, machine["remaining_s"] - _since(view, machine, now_s) * speed(view))


def _since(view: View, machine: MachineView, now_s: float) -> float:
    return max(0.0, now_s - view.machine_s.get(machine["id"], now_s))


@dataclass(frozen=True, slots=True)
class Window:
    """An interval in which an act may be done. `state`: none, early, open, closed; `rest_s`: plant seconds to the next change."""

    state: str
    rest_s: float = 0.0


def window(opens_at: int, closes_at: int, now: int) -> Window:
    """Return where `now` lies in the window; 0 and 0 is no window."""
    if not opens_at and not closes_at:
        return Window("none")
    if now < opens_at:
        return Window("early", (opens_at - now) / 1000)
    if not closes_at or now < closes_at:
        return Window("open", (closes_at - now) / 1000 if closes_at else 0.0)
    return Window("closed", (now - closes_at) / 1000)


def task_window(task: TaskView, now: int) -> Window:
    """Return the window of a task."""
    return window(task["opens_at"], task["closes_at"], now)


def credited(boil: BoilView) -> float:
    """Return how much of the required boil is credited, 0 to 1."""
    return min(1.0, boil["credit_s"] / boil["required_s"]) if boil["required_s"] else 1.0


def groups(machines: Iterable[MachineView]) -> dict[str, list[MachineView]]:
    """Return machines in families by the first part of their id, in the order of kinds on the line, each sorted."""
    order = list(MAIN_READING)
    found: dict[str, list[MachineView]] = {}
    ranked = sorted(
        machines, key=lambda one: (_place(order, one["kind"]), one["id"].rpartition("-")[0], natural(one["id"]))
    )
    for machine in ranked:
        found.setdefault(machine["id"].rpartition("-")[0] or machine["id"], []).append(machine)
    return found


def natural(name: str) -> tuple[str, int, str]:
    """Return a sort key under which `pot-9` comes before `pot-10`."""
    head, _, tail = name.rpartition("-")
    return (head, int(tail), "") if tail.isdecimal() else (head, 0, tail)


def _place(order: list[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)
