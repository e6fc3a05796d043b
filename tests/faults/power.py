"""Machines that lose power while the whole centre works: one PLC in the middle of a phase, or all of them at once.

Judged as every run of the centre, and beyond that: a machine that woke in the middle of a boil must not boil that batch again
before a person has said so. Recovery is counted from the boot to the hold, both in plant time as machine and journal wrote it.
"""

from __future__ import annotations

import math
import time
from random import Random
from typing import TYPE_CHECKING, Any

from controller.model.facts import HoldEnded, HoldPlaced, MachineObserved
from controller.store import Store
from tests.faults.kills import SPEED, work
from tests.faults.scene import Scene
from tests.faults.verdict import Row, journal, judge, plant_events, quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from controller.store import StoredFact
    from tests.faults.verdict import Tell

_WARM_UP_S = 12.0
_BETWEEN_S = (0.3, 1.2)
_DARK_S = (0.2, 4.0)
_AWAKE_S = (2.0, 5.0)
_AFTERWARDS_S = 4.0
_ENDS = frozenset({"end", "fault", "stop", "panel", "boot"})


def reboot(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Reboot `n` machines in the middle of a phase, one at a time."""

    def one(scene: Scene) -> None:
        work(scene, scene.random.uniform(*_BETWEEN_S))
        while not (busy := scene.at_work()):
            work(scene, 0.2)
        scene.inflict(scene.random.choice(busy), "reboot")

    return _run(Row("PLC reboot mid-phase", n, seed), folder, one, "heat_without_a_person", tell)


def cut_power(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Take the power from the whole plant `n` times."""

    def one(scene: Scene) -> None:
        work(scene, scene.random.uniform(*_AWAKE_S))
        scene.cut_power()
        time.sleep(scene.random.uniform(*_DARK_S))
        scene.start_plant()

    return _run(Row("power cut of the plant", n, seed), folder, one, "heat_without_a_person", tell)


def _run(row: Row, folder: Path, one: Callable[[Scene], None], promise: str, tell: Tell) -> Row:
    with Scene(folder, speed=SPEED, random=Random(row.seed)) as scene:
        scene.start_plant()
        scene.start()
        scene.wait_ready()
        scene.start_staff()
        work(scene, _WARM_UP_S)
        for done in range(row.n):
            tell(done)
            one(scene)
        work(scene, _AFTERWARDS_S)
        scene.kill()
        store = Store.open_readonly(scene.database)
        try:
            judge(row, folder, store, scene.accepted)
            facts = journal(store)
        finally:
            store.close()
    events = plant_events(folder)
    boots = [boot for log in events.values() for boot in _mid_phase(log)]
    row.also[promise] = sum(_boils_by_itself(boot, events, facts) for boot in boots)
    noticed = [seconds for boot in boots if (seconds := _noticed_s(boot, facts)) is not None]
    held = [seconds for boot in boots if (seconds := _held_s(boot, facts)) is not None]
    row.recoveries = held or noticed
    row.seen |= {"interrupted": len(boots), "boots_noticed": len(noticed), "batches_held_for_it": len(held)}
    return row


def _mid_phase(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the boots that broke off a phase: each with machine, batch and step of what it broke, and when it booted `next`."""
    boots: list[dict[str, Any]] = []
    running = False
    for event in log:
        if event["event"] == "boot":
            if boots:
                boots[-1].setdefault("next", event["at"])
            if running:
                boots.append(event)
        if event["event"] == "start":
            running = True
        elif event["event"] in _ENDS:
            running = False
    return boots


def _boils_by_itself(boot: dict[str, Any], events: Mapping[str, list[dict[str, Any]]], facts: list[StoredFact]) -> bool:
    """Say whether the boil that was broken off began again without a person having ended a hold of the batch meanwhile."""
    step, batch = ".".join(boot["step"].split(".")[:2]), boot["batch"]
    if not step.startswith("boil"):
        return False
    again = [
        event["at"]
        for log in events.values()
        for event in log
        if event["event"] == "start" and event["at"] > boot["at"] and event["batch"] == batch
        and event["step"].startswith(step)
    ]  # fmt: skip
    signed = [s.fact.at for s in facts if isinstance(s.fact, HoldEnded) and s.fact.batch == batch and s.fact.by]
    return bool(again) and not any(boot["at"] <= at <= min(again) for at in signed)


def _held_s(boot: dict[str, Any], facts: list[StoredFact]) -> float | None:
    """Return the wall seconds from a boot to the hold of its batch, before the next boot; None where it is held already."""
    ats = [
        s.fact.at
        for s in facts
        if isinstance(s.fact, HoldPlaced) and s.fact.batch == boot["batch"] and s.fact.hold.reason in ("boot", "fault")
    ]
    until = boot.get("next", math.inf)
    return next(((at - boot["at"]) / 1000 / SPEED for at in ats if boot["at"] <= at <= until), None)


def _noticed_s(boot: dict[str, Any], facts: list[StoredFact]) -> float | None:
    """Return the wall seconds from a boot to the journal's word that the machine counts it."""
    ats = [s.fact.at for s in facts if isinstance(s.fact, MachineObserved) and s.fact.boot >= boot["boot"]
           and s.fact.machine == boot["machine"]]  # fmt: skip
    return next(((at - boot["at"]) / 1000 / SPEED for at in ats if at >= boot["at"]), None)
