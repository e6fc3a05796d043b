"""The rows of the wire: answers lost after execution, answers that are wrong, and roads that end somewhere.

Our drivers want batch after batch from some dozen machines of the simulated plant, each behind a proxy; what was started twice is
counted in the plant's own logs. `n` is what the wire did, not what was tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import uvloop

from devices.errors import CodecError, LinkError
from devices.model import LinkState
from tests.faults.floor import Floor, is_order
from tests.faults.frames import KINDS, Liar
from tests.faults.orders import Customer
from tests.faults.verdict import Row, double_starts, double_starts_of, plant_events, quietly, unsafe_heat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from devices.fleet import Fleet
    from devices.machine import ProfiledMachine
    from tests.contract.proxy import Delivery, Proxy
    from tests.faults.verdict import Tell

SOAKS, PACKERS, QUIET_POTS = 20, 6, 6
LOSSY_TIMEOUT_S = 0.3
LYING_TIMEOUT_S = 0.1
LIES, LOSSES = 0.5, 0.7
_LOST_AFTER_S = 90.0
_SETTLE_S = 1.0
_HEALED_S = 30.0
"""I11: longest time after which a road must be alive again."""
_NOTICED_S = 15.0
"""I11: longest time in which a half-open connection must have been noticed."""


def lose_replies(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Let `n` orders act whose answers are lost, or whose connection is cut instead of answering.

    Some of the machines name no orders: what those cannot tell nobody asks for again.
    """
    return uvloop.run(_lose_replies(folder, n, seed, tell))


async def _lose_replies(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("reply lost after execution", n, seed)
    async with Floor(folder, soaks=SOAKS, packers=PACKERS, quiet_pots=QUIET_POTS, timeout_s=LOSSY_TIMEOUT_S) as floor:
        losses = {name: Losses(wire, Random(f"{seed} {name}")) for name, wire in floor.proxies.items()}
        machines = [floor.machine(name) for name in floor.names]
        customers = [Customer(machine, floor.clock.now) for machine in machines]
        async with working(*(customer.run() for customer in customers)):
            await reached(lambda: sum(loss.lost for loss in losses.values()), n, _LOST_AFTER_S + n / 5, tell)
            for wire in floor.proxies.values():
                wire.spoil = None
            await asyncio.sleep(_SETTLE_S)
        row.n = sum(loss.lost for loss in losses.values())
        row.recoveries = [doubt for customer in customers for doubt in customer.doubts_s]
    quiet = {m.id: c for m, c in zip(machines, customers, strict=True) if m.profile.handshake != "echo"}
    judged(
        row,
        folder,
        batches=sum(customer.batches for customer in customers),
        lost_without_numbers=sum(losses[name].lost for name in quiet),
        left_to_a_person=sum(customer.given_up for customer in quiet.values()),
    )
    events = plant_events(folder)
    row.double_start += sum(double_starts_of(events[name], customer.began) for name, customer in quiet.items())
    return row


class Losses:
    """Loses the answers of orders on one wire. `lost`: how many."""

    def __init__(self, wire: Proxy, random: Random) -> None:
        self._wire, self._random = wire, random
        self._cutting: set[asyncio.Task[None]] = set()
        self.lost = 0
        wire.spoil = self._spoil

    def _spoil(self, request: bytes, answer: bytes) -> Delivery:
        if not is_order(request) or self._random.random() >= LOSSES:
            return [(0.0, answer)]
        self.lost += 1
        if self._random.random() < 0.5:
            self._cutting.add(cutting := asyncio.create_task(self._wire.cut()))
            cutting.add_done_callback(self._cutting.discard)
        return []


def lie(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Deliver `n` wrong frames of ten kinds, between right ones, to readers and to orders."""
    return uvloop.run(_lie(folder, n, seed, tell))


async def _lie(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("wrong frames of 10 kinds", n, seed)
    async with Floor(folder, soaks=SOAKS, timeout_s=LYING_TIMEOUT_S) as floor:
        machines = [floor.machine(name) for name in floor.names]
        liars = [_liar(floor, name, seed) for name in floor.names]
        customers = [Customer(machine, floor.clock.now) for machine in machines]
        heals: list[float] = []
        work = [customer.run() for customer in customers] + [_read(machine, heals) for machine in machines]
        async with working(*work):
            await reached(lambda: sum(liar.told.total() for liar in liars), n, _LOST_AFTER_S + n / 20, tell)
        row.n = sum(liar.told.total() for liar in liars)
        believed = Counter(kind for witness in floor.witnesses.values() for kind in witness.believed)
        row.also = {"accepted_as_good": 0, **{f"accepted_as_good: {kind}": count for kind, count in believed.items()}}
        row.recoveries = heals
    kinds = {kind: sum(liar.told[kind] for liar in liars) for kind in KINDS}
    return judged(row, folder, batches=sum(customer.batches for customer in customers), **kinds)


def _liar(floor: Floor, name: str, seed: int) -> Liar:
    made = Liar(Random(f"{seed} {name}"), LIES, lambda: floor.witnesses.get(name))
    floor.proxies[name].spoil = made
    return made


async def _read(machine: ProfiledMachine, heals: list[float]) -> None:
    """Read without a pause; note how long it takes from a failure to the next good answer."""
    failed_s = 0.0
    while True:
        try:
            await machine.connect()
            await machine.read()
        except (LinkError, CodecError):
            failed_s = failed_s or time.monotonic()
        else:
            if failed_s:
                heals.append(time.monotonic() - failed_s)
            failed_s = 0.0
        await asyncio.sleep(0)


def break_roads(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Blackhole, forget, cut, silence and slow `n` roads while polls and orders go on."""
    return uvloop.run(_break_roads(folder, n, seed, tell))


async def _break_roads(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("blackhole, half-open, flap", n, seed)
    async with Floor(folder, soaks=SOAKS, packers=PACKERS) as floor:
        fleet = floor.fleet()
        customers = [Customer(fleet.machines[name], floor.clock.now) for name in floor.names]
        weather = _Weather(fleet, floor, Random(seed), n, tell)
        async with working(fleet.run(), *(customer.run() for customer in customers)):
            await fleet.first_reads(_HEALED_S)
            async with asyncio.timeout(_LOST_AFTER_S + n), asyncio.TaskGroup() as group:
                for name in floor.names:
                    group.create_task(weather.over(name))
        row.recoveries = weather.healed_s
        row.n = sum(weather.seen.values())
        row.also = {"not_healed": weather.not_healed}
    return judged(row, folder, batches=sum(customer.batches for customer in customers), **weather.seen)


class _Weather:
    """Breaks one road after the other until `n` were broken in all, and waits until each is alive again."""

    def __init__(self, fleet: Fleet, floor: Floor, random: Random, n: int, tell: Tell) -> None:
        self._fleet, self._floor, self._random, self._left, self._tell = fleet, floor, random, n, tell
        self.seen = dict.fromkeys(("blackhole", "half-open", "flap", "silent", "slow"), 0)
        self.healed_s: list[float] = []
        self.not_healed = 0

    async def over(self, name: str) -> None:
        """Break the road to one machine again and again."""
        while self._left > 0:
            self._left -= 1
            kind = self._random.choice(list(self.seen))
            self.seen[kind] += 1
            wire, lasts_s = self._floor.proxies[name], self._random.uniform(0.3, 6.0)
            await self._break(wire, kind, lasts_s)
            await wire.clear()
            within_s = _NOTICED_S if kind == "half-open" else _HEALED_S
            began_s, polls = time.monotonic(), self._fleet.tally(name).polls
            while self._fleet.tally(name).polls < polls + 2 or self._fleet.link_state(name)[0] is not LinkState.FRESH:
                if time.monotonic() - began_s > within_s:
                    self.not_healed += 1
                    break
                await asyncio.sleep(0.01)
            self._tell(len(self.healed_s))
            self.healed_s.append(time.monotonic() - began_s)
            await asyncio.sleep(self._random.uniform(0.1, 1.0))

    async def _break(self, wire: Proxy, kind: str, lasts_s: float) -> None:
        match kind:
            case "blackhole":
                await wire.blackhole()
                await asyncio.sleep(lasts_s)
            case "half-open":
                wire.half_open()
            case "flap":
                for _ in range(self._random.randrange(1, 6)):
                    await wire.switch_off()
                    await asyncio.sleep(lasts_s / 10)
                    await wire.switch_on()
                    await asyncio.sleep(lasts_s / 10)
            case "silent":
                wire.silent = True
                await asyncio.sleep(lasts_s)
            case _:
                wire.bytes_per_s = self._random.choice([20, 200, 2000])
                await asyncio.sleep(lasts_s)


@contextlib.asynccontextmanager
async def working(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Let this work go on meanwhile; what fails there fails here."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        # Again and again: a cancellation is lost where it meets an answer (asyncio.wait_for before 3.12).
        while not all(task.done() for task in tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1.0)


async def reached(count: Callable[[], int], n: int, within_s: float, tell: Tell) -> None:
    """Wait until `count` has come to `n`. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while (done := count()) < n:  # the wire counts and tells nobody
            tell(done)
            await asyncio.sleep(0.05)


def judged(row: Row, folder: Path, **seen: float) -> Row:
    events = plant_events(folder)
    row.double_start, row.unsafe_heat = double_starts(events), unsafe_heat(events)
    starts = sum(1 for log in events.values() for event in log if event["event"] == "start")
    row.seen = {"starts": starts, **seen}
    return row
