"""The one door to the machines: everything that polls, and everything that is asked of them, goes through a Fleet.

`async with TaskGroup() as group: group.create_task(fleet.run())`, then `await fleet.first_reads(5)`, `await fleet.order(...)`.
The callbacks are synchronous, run on the loop and must be quick.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING

from devices.errors import SiteError
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import LinkState, Refused, RefusedReason
from devices.poller import Poller
from devices.site import MANUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devices.model import Order, Receipt, Snapshot
    from devices.poller import OnFault, OnLink, OnSnapshot, Tally
    from devices.profile import Profile
    from devices.protocol import Link
    from devices.site import MachineSite, PlantClock, Site


class Fleet:
    """Every machine of a site that is on a wire, each in sight of a task of its own.

    `on_snapshot(snapshot)` after every poll; `on_link(machine, state, since_s)` once a change; `on_fault(machine, error)` once a
    fault. `links` makes the road to a machine. Raises SiteError where a machine and its profile do not fit.
    """

    def __init__(
        self,
        site: Site,
        profiles: Mapping[str, Profile],
        clock: PlantClock,
        *,
        on_snapshot: OnSnapshot,
        on_link: OnLink,
        on_fault: OnFault,
        links: Callable[[MachineSite, Profile], Link] = open_link,
    ) -> None:
        self._clock = clock
        machines = {
            machine.id: _machine(machine, profiles, links)
            for machine in site.machines.values()
            if machine.url != MANUAL
        }
        self.machines: Mapping[str, ProfiledMachine] = MappingProxyType(machines)
        self._untried = set(machines)
        self._all_tried = asyncio.Event()
        self._pollers = {
            machine.id: Poller(
                machine,
                speed=clock.speed,
                phase=place / len(machines),
                on_snapshot=on_snapshot,
                on_link=on_link,
                on_fault=on_fault,
                on_tried=self._tried,
            )
            for place, machine in enumerate(machines.values())
        }

    async def run(self) -> None:
        """Keep every machine in sight until cancelled; then let go of all of them."""
        async with asyncio.TaskGroup() as group:
            for machine, poller in self._pollers.items():
                group.create_task(poller.run(), name=f"poll {machine}")

    async def first_reads(self, timeout_s: float) -> None:
        """Wait until each machine was read once or proved out of reach, at most `timeout_s` wall seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if self._untried:
                    await self._all_tried.wait()

    def latest(self, machine: str) -> Snapshot | None:
        """Return the last snapshot of `machine`, whatever its age; None also of one that is on no wire."""
        poller = self._pollers.get(machine)
        return None if poller is None else poller.latest

    def link_state(self, machine: str) -> tuple[LinkState, float]:
        """Return what we know of the road to `machine`, and since when, in monotonic wall seconds; NEVER where there is none."""
        poller = self._pollers.get(machine)
        return (LinkState.NEVER, 0.0) if poller is None else poller.link

    def tally(self, machine: str) -> Tally:
        """Return what the poller of `machine` has done so far."""
        return self._pollers[machine].tally

    async def order(self, order: Order, epoch: int) -> Receipt:
        """Carry one order to its machine and say what became of it; see `ProfiledMachine.order`.

        A machine that is monitor only is not even asked: whatever went wrong before, nothing of ours reaches it.
        """
        machine = self.machines[order.machine]
        if machine.profile.monitor_only:
            return Refused(order.number, RefusedReason.VERB)
        return await machine.order(order, epoch, self._clock.now)

    async def settle(self, order: Order, since: int, *, taken: bool = False) -> Receipt | None:
        """Ask the machine what became of an order that may have left until `since`, ms; see `ProfiledMachine.settle`."""
        return await self.machines[order.machine].settle(order, since, taken=taken)

    def _tried(self, machine: str) -> None:
        self._untried.discard(machine)
        if not self._untried:
            self._all_tried.set()


def _machine(
    machine: MachineSite, profiles: Mapping[str, Profile], links: Callable[[MachineSite, Profile], Link]
) -> ProfiledMachine:
    profile = profiles.get(machine.profile)
    if profile is None:
        raise SiteError(
            f"there is no profile {machine.profile!r}", machine=machine.id, advice=f"one of {', '.join(profiles)}"
        )
    if profile.kind != machine.kind:
        raise SiteError(
            f"is a {machine.kind}, but profile {profile.id!r} describes a {profile.kind}", machine=machine.id
        )
    return ProfiledMachine(machine, profile, links(machine, profile))
