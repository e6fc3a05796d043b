from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devices.errors import LinkLied, SiteError
from devices.fleet import Fleet
from devices.links.memory import MemoryLink, MemoryMachine
from devices.model import Accepted, LinkState, Quality, Refused, RefusedReason, Snapshot
from devices.profile import Profile, Readiness, all_profiles
from devices.site import MachineSite, PlantClock, Site, boot_seconds
from tests.contract.words import order, place, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROFILES = all_profiles()
SPEED = 240  # polls every 0.25 s, stale after 1 s


class Watch:
    """A fleet over machines in memory, and everything it has said."""

    def __init__(self, machines: dict[str, MachineSite], profiles: dict[str, Profile] = PROFILES) -> None:
        self.peers = {name: MemoryMachine(profiles[machine.profile]) for name, machine in machines.items()}
        self.frozen: set[MemoryMachine] = set()
        self.clock = PlantClock(speed=SPEED, first=0, boot=boot_seconds())
        self.snapshots: dict[str, list[Snapshot]] = {name: [] for name in machines}
        self.links: list[tuple[str, LinkState]] = []
        self.faults: list[tuple[str, Exception]] = []
        self.on_snapshot: Callable[[Snapshot], None] = lambda said: None
        self.fleet = Fleet(
            Site("here", "Asia/Shanghai", 101.3, False, SPEED, Path(), machines),
            profiles,
            self.clock,
            on_snapshot=self._hear,
            on_link=lambda machine, state, since_s: self.links.append((machine, state)),
            on_fault=lambda machine, error: self.faults.append((machine, error)),
            links=lambda machine, profile: TickingLink(self.peers[machine.id], self.clock, self.frozen),
        )

    def _hear(self, said: Snapshot) -> None:
        self.snapshots[said.machine].append(said)
        self.on_snapshot(said)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.fleet.run())
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 5)


class TickingLink(MemoryLink):
    """Reads a machine whose source time is the plant clock, unless it is in `frozen`."""

    def __init__(self, machine: MemoryMachine, clock: PlantClock, frozen: set[MemoryMachine]) -> None:
        super().__init__(machine)
        self._clock, self._frozen = clock, frozen

    async def _answer(self) -> None:
        await super()._answer()
        if self._machine not in self._frozen:
            self._machine.at = self._clock.now()


def _pots(count: int) -> dict[str, MachineSite]:
    return {f"pot-{n:02}": place(name=f"pot-{n:02}") for n in range(count)}


async def test_every_machine_is_read_on_its_own_schedule_without_drift() -> None:
    watch = Watch(_pots(8))
    async with watch.running():
        await watch.fleet.first_reads(3)
        assert all(watch.fleet.latest(name) is not None for name in watch.peers)
        assert {watch.fleet.link_state(name)[0] for name in watch.peers} == {LinkState.FRESH}
        await asyncio.sleep(2.1)
    for name, said in watch.snapshots.items():
        times = [snapshot.received_s for snapshot in said]
        assert 7 <= len(times) <= 10, "no slot is polled twice"
        off = [(at - times[0]) % 0.25 for at in times]
        assert statistics.median(min(late, 0.25 - late) for late in off) < 0.05
        assert watch.fleet.tally(name).missed <= 1
    firsts = sorted(said[0].received_s for said in watch.snapshots.values())
    assert firsts[-1] - firsts[0] > 0.15, "the phases are spread"
    assert watch.links == [(name, LinkState.FRESH) for name, _ in watch.links]
    assert len(watch.links) == 8
    assert watch.faults == []


async def test_silent_frozen_and_lying_machines_become_stale_once_and_fresh_once() -> None:
    watch = Watch(_pots(4))
    async with watch.running():
        await watch.fleet.first_reads(3)
        watch.peers["pot-00"].silent = True
        watch.frozen.add(watch.peers["pot-01"])
        watch.peers["pot-02"].lying = True
        broke_s = time.monotonic()
        await until(lambda: len(watch.links) == 7, 3)
        assert 0.7 < time.monotonic() - broke_s < 2.0
        assert sorted(watch.links[4:]) == [(f"pot-0{n}", LinkState.STALE) for n in range(3)]
        state, since_s = watch.fleet.link_state("pot-00")
        assert state is LinkState.STALE
        assert abs(since_s - broke_s) < 0.4
        await asyncio.sleep(1.0)
        assert len(watch.links) == 7
        last = watch.fleet.latest("pot-01")
        assert last is not None
        assert {reading.quality for reading in last.readings.values()} == {Quality.STALE}
        watch.peers["pot-00"].silent = watch.peers["pot-02"].lying = False
        watch.frozen.clear()
        await until(lambda: len(watch.links) == 10, 6)
        assert sorted(watch.links[7:]) == [(f"pot-0{n}", LinkState.FRESH) for n in range(3)]
    assert [machine for machine, _ in watch.faults] == ["pot-02"], (
        "a lie is said once, silence is said by the link state"
    )
    assert isinstance(watch.faults[0][1], LinkLied)


async def test_a_machine_that_was_never_reached_stays_never_and_holds_up_nobody() -> None:
    watch = Watch(_pots(3))
    watch.peers["pot-01"].reachable = False
    async with watch.running():
        began_s = time.monotonic()
        await watch.fleet.first_reads(5)
        assert time.monotonic() - began_s < 1.0
        assert watch.fleet.latest("pot-01") is None
        assert watch.fleet.link_state("pot-01")[0] is LinkState.NEVER
        watch.peers["pot-01"].reachable = True
        await until(lambda: watch.fleet.latest("pot-01") is not None, 5)


async def test_first_reads_gives_up_at_its_deadline() -> None:
    watch = Watch(_pots(2))
    watch.peers["pot-01"].silent = True
    async with watch.running():
        began_s = time.monotonic()
        await watch.fleet.first_reads(0.5)
        assert 0.4 < time.monotonic() - began_s < 1.0
        assert watch.fleet.latest("pot-00") is not None


async def test_a_listener_that_raises_costs_no_poll_and_is_reported_once() -> None:
    watch = Watch(_pots(2))

    def stumble(said: Snapshot) -> None:
        if said.machine == "pot-00" and len(watch.snapshots["pot-00"]) < 5:
            raise RuntimeError("listener")

    watch.on_snapshot = stumble
    async with watch.running():
        await until(lambda: len(watch.snapshots["pot-00"]) >= 7, 5)
        assert [(machine, str(error)) for machine, error in watch.faults] == [("pot-00", "listener")]
        assert watch.fleet.tally("pot-00").faults == 4
        assert len(watch.snapshots["pot-01"]) >= 6


async def test_a_cancellation_that_nobody_asked_for_costs_no_machine_and_is_reported() -> None:
    watch = Watch(_pots(1))
    cancelled = [asyncio.CancelledError()]

    def cancel(said: Snapshot) -> None:
        if cancelled:
            raise cancelled.pop()

    watch.on_snapshot = cancel
    async with watch.running():
        await until(lambda: len(watch.snapshots["pot-00"]) > 2, 5)
    assert [str(error) for _, error in watch.faults] == ["cancelled by a library and by nobody else"]


async def test_words_that_make_no_sense_end_the_connection_and_a_sound_machine_comes_back() -> None:
    watch = Watch(_pots(1))
    watch.peers["pot-00"].values["StateCurrent"] = 99
    async with watch.running():
        await until(lambda: watch.fleet.tally("pot-00").faults >= 2, 5)
        assert watch.snapshots["pot-00"] == []
        watch.peers["pot-00"].values["StateCurrent"] = 4
        await until(lambda: watch.fleet.latest("pot-00") is not None, 6)
    assert [(machine, "StateCurrent" in str(error)) for machine, error in watch.faults] == [("pot-00", True)]


async def test_the_watchdog_is_fed_and_each_beat_differs_from_the_last() -> None:
    pot = PROFILES["pot-modbus"]
    assert pot.watchdog is not None
    eager = replace(pot, watchdog=replace(pot.watchdog, heartbeat_s=0.5))
    watch = Watch(
        {"pot-00": place(name="pot-00"), "scale-1": place("scale-modbus", name="scale-1")}, {**PROFILES, pot.id: eager}
    )
    async with watch.running():
        await until(lambda: len(watch.peers["pot-00"].beats) >= 3, 5)
    assert watch.peers["pot-00"].beats[:3] == [1, 2, 3]
    assert watch.peers["scale-1"].beats == []


async def test_a_machine_that_is_monitor_only_is_read_and_never_written_to() -> None:
    pot = PROFILES["pot-modbus"]
    assert pot.watchdog is not None
    untried = replace(
        pot,
        readiness=Readiness(link="done", monitor="done", command="todo"),
        watchdog=replace(pot.watchdog, heartbeat_s=0.25),
    )
    watch = Watch(_pots(1), {**PROFILES, pot.id: untried})
    async with watch.running():
        assert await watch.fleet.order(order(1, machine="pot-00"), 1) == Refused(1, RefusedReason.VERB)
        assert await watch.fleet.order(replace(order(2, machine="pot-00"), verb="stop"), 1) == Refused(
            2, RefusedReason.VERB
        )
        await until(lambda: len(watch.snapshots["pot-00"]) >= 4, 5)
        assert await watch.fleet.settle(order(1, machine="pot-00"), 0) is None, "what it does may be asked"
    assert (watch.peers["pot-00"].effects, watch.peers["pot-00"].beats) == ([], [])


async def test_half_of_the_machines_silent_delays_none_of_the_others() -> None:
    watch = Watch(_pots(60))
    async with watch.running():
        await watch.fleet.first_reads(3)
        await asyncio.sleep(0.5)
        for n in range(0, 60, 2):
            watch.peers[f"pot-{n:02}"].silent = True
        healthy = [f"pot-{n:02}" for n in range(1, 60, 2)]
        late: list[float] = []
        watch.on_snapshot = lambda said: late.append(watch.fleet.tally(said.machine).late_s)
        await asyncio.sleep(3)
        assert sum(watch.fleet.tally(name).missed for name in healthy) <= 0.05 * len(late)
    assert len(late) > 300
    assert statistics.median(late) < 0.05


async def test_orders_go_through_the_fleet_and_are_stamped_with_the_plant_clock() -> None:
    watch = Watch(_pots(2))
    async with watch.running():
        now = watch.clock.now()
        receipt = await watch.fleet.order(order(5, machine="pot-01", not_after=now + 10_000_000), 3)
        assert receipt == Accepted(5)
        assert await watch.fleet.settle(order(5, machine="pot-01"), 0) == Accepted(5)
        await until(lambda: any(said.order == 5 for said in watch.snapshots["pot-01"]), 5)
    assert [number for number, _, _ in watch.peers["pot-01"].effects] == [5]
    assert watch.peers["pot-00"].effects == []


async def test_an_order_during_a_reconnect_is_not_cut_off_by_the_poller() -> None:
    watch = Watch(_pots(1))
    peer = watch.peers["pot-00"]
    async with watch.running():
        await watch.fleet.first_reads(3)
        for number in range(1, 6):
            peer.reachable = False
            await asyncio.sleep(0.3)
            peer.reachable = True
            assert await watch.fleet.order(order(number, machine="pot-00"), 1) == Accepted(number)
            peer.finish(0)
    assert [number for number, _, _ in peer.effects] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (replace(place(), profile="pot-nobody"), "no profile 'pot-nobody'"),
        (replace(place(), kind="scale"), "is a scale"),
        (replace(place(), url="opc.tcp://127.0.0.1:4840"), "starts with 'opc.tcp'"),
        (replace(place(), url="modbus://127.0.0.1:15003"), "not modbus://host:port/unit"),
        (replace(place(), url="modbus://127.0.0.1:x/1"), "not modbus://host:port/unit"),
        (replace(place(), url="modbus://127.0.0.1:502/256"), "not modbus://host:port/unit"),
        (place("pot-opcua", "opc.tcp://127.0.0.1:4840", waiver=""), "without signature and encryption"),
    ],
)
def test_a_machine_that_does_not_fit_its_profile_is_refused_by_name(machine: MachineSite, message: str) -> None:
    site = Site("here", "Asia/Shanghai", 101.3, False, 1, Path(), {machine.id: machine})
    with pytest.raises(SiteError, match=message) as error:
        Fleet(
            site,
            PROFILES,
            PlantClock(speed=1, first=0, boot=0),
            on_snapshot=lambda said: None,
            on_link=lambda machine, state, since_s: None,
            on_fault=lambda machine, error: None,
        )
    assert "pot-03" in str(error.value)
