"""Small stand-ins for what the runtime needs: a journal that obeys the test, rules of three lines, a clock set by hand."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from controller.model.facts import PrescriptionCancelled
from controller.model.floor import Floor
from controller.model.intents import CancelPrescription, ReportLink, ReportSelf, Tick
from controller.model.refusal import Refusal
from controller.pipeline import Outcome
from controller.runtime.line import Durable, Line
from controller.store import StoreFailed
from devices.model import Order
from tests import pure_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping

    from controller.model.world import World
    from controller.store import Group

NOW = pure_line.START


@dataclass
class HandClock:
    """Plant time that moves when a test says so."""

    at: int = NOW
    speed: int = 1

    def now(self) -> int:
        return self.at

    def wall_seconds(self, plant_ms: float) -> float:
        return plant_ms / 1000 / self.speed


@dataclass
class ObedientJournal:
    """Commits when `gate` is open; fails with `failure` where one is set. `began` counts commits that were begun."""

    gate: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    groups: list[Group] = field(default_factory=list)
    seq: int = 0
    began: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def commit(self, group: Group) -> int:
        self.began += 1
        assert self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        self.groups.append(group)
        self.seq += len(group.facts)
        return self.seq

    @property
    def facts(self) -> list[Any]:
        return [fact for group in self.groups for fact in group.facts]


def simple_rules(floor: Floor, intent: Any, world: World) -> Outcome:
    """A cancellation is a fact; its reason says more: `refuse`, `order`, `bug`. Machines and ticks are facts too."""
    match intent:
        case CancelPrescription(case=case, reason="refuse"):
            return Outcome(floor, refusal=Refusal("too-late", {"case": case}))
        case CancelPrescription(reason="bug"):
            raise KeyError("测试患者001")
        case CancelPrescription(case=case, reason=reason):
            fact = PrescriptionCancelled(world.now, case, reason)
        case ReportLink(machine=case):
            fact = PrescriptionCancelled(world.now, case, "link")
        case ReportSelf():
            return Outcome(floor)
        case Tick():
            case = "tick"
            fact = PrescriptionCancelled(world.now, case, "tick")
        case _:
            raise AssertionError(intent)
    orders = (an_order(int(case)),) if getattr(intent, "reason", "") == "order" else ()
    touched = floor.touched.set(("case", case), fact)
    return Outcome(floor._replace(at=world.now, touched=touched), (fact,), orders)


def cancel(case: str, reason: str = "") -> CancelPrescription:
    return CancelPrescription(case, reason)


def an_order(number: int, machine: str = "pot-01", **changes: Any) -> Order:
    order = Order(number, machine, "decoct", "B-1", "boil.1", {"hold_s": 60}, NOW + 600_000)
    return replace(order, **changes)


@dataclass
class RunningLine:
    """A line at work and everything that has left it."""

    line: Line
    journal: ObedientJournal
    left: list[Durable]
    task: asyncio.Task[None]
    logs: list[MutableMapping[str, Any]]


@asynccontextmanager
async def running_line(
    journal: ObedientJournal | None = None,
    *,
    handle: Callable[[Floor, Any, World], Outcome] = simple_rules,
    floor: Floor | None = None,
    **more: Any,
) -> AsyncIterator[RunningLine]:
    """Run a line for the length of a test."""
    journal = journal or ObedientJournal()
    left: list[Durable] = []
    line = Line(
        floor=floor or Floor(),
        seq=journal.seq,
        epoch=1,
        book=pure_line.book(),
        clock=HandClock(),
        store=journal,
        leave=left.append,
        handle=handle,
        **more,
    )
    with structlog.testing.capture_logs() as logs:  # the console's tracebacks would take longer than the tests
        task = asyncio.create_task(line.run())
        try:
            yield RunningLine(line, journal, left, task, logs)
        finally:
            journal.gate.set()
            line.stop()
            await asyncio.gather(task, return_exceptions=True)


async def until(done: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not done():  # noqa: ASYNC110 - what a test waits for has no event
            await asyncio.sleep(0.002)


FAILURE = StoreFailed("no space left")
