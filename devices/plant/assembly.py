"""Every machine of the site, wired, clocked and served.

`Plant(site, clock)` makes the machines; `run` opens their servers and keeps them going until it is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol
from urllib.parse import SplitResult, urlsplit

from devices.errors import SiteError
from devices.plant.faults import open_control
from devices.plant.instruments import Scale, Storage
from devices.plant.machine import Machine
from devices.plant.modbus_server import ModbusPort
from devices.plant.opcua_server import OpcuaServer, standard_nodes
from devices.plant.packing import Packing
from devices.plant.papers import Papers
from devices.plant.pot import Pot
from devices.plant.soaking import Soaking
from devices.plant.tables import load_table
from devices.site import MANUAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devices.plant.process import Process
    from devices.site import MachineSite, PlantClock, Site

TICK_S = 0.1  # wall seconds between two pulses of the running machines
PUBLISH_S = 0.2  # wall seconds between two publications to OPC UA subscribers
CLOSE_S = 1.0  # wall seconds that open connections may take to close
PROTOCOLS = {"modbus": "modbus", "opc.tcp": "opcua"}


class Wire(Protocol):
    """A server of one or more machines."""

    async def open(self) -> None:
        """Start to listen."""
        ...

    async def close(self) -> None:
        """Stop to listen."""
        ...


class Plant:
    """The simulated machines of a site. Raises DeviceError where site and tables do not describe one.

    Machines with a `memory:` address are not of this process and those on no wire are nobody's; both are left out.
    """

    def __init__(self, site: Site, clock: PlantClock) -> None:
        self._clock = clock
        self._folder = site.state / "plant"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self._folder / "plant.lock")
        self._places = [
            (place, urlsplit(place.url))
            for place in site.machines.values()
            if place.url != MANUAL and not place.url.startswith("memory")
        ]
        processes = _processes(site, [place for place, _ in self._places])
        self.machines = {
            place.id: self._machine(place, address, processes[place.id], site.profiles)
            for place, address in self._places
        }

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set. `ready` is called once everything listens."""
        wires = await self._wires()
        opened: list[Wire] = []
        try:
            for wire in wires:
                await wire.open()
                opened.append(wire)
            control = await open_control(self._folder / "control.sock", self.machines, self._clock.now)
            ready()
            async with asyncio.TaskGroup() as tasks:
                pulses = [
                    tasks.create_task(self._tick()),
                    tasks.create_task(_publish([wire for wire in wires if isinstance(wire, OpcuaServer)])),
                ]
                await stop.wait()
                control.close()
                for pulse in pulses:
                    pulse.cancel()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.gather(*(wire.close() for wire in opened))
            for machine in self.machines.values():
                machine.close(self._clock.now())
            os.close(self._lock)

    def _machine(self, place: MachineSite, address: SplitResult, process: Process, own: Path | None) -> Machine:
        table = load_table(place.profile, own)
        if table.kind != place.kind or table.protocol != PROTOCOLS[address.scheme]:
            raise SiteError(f"{table.id} is a table for {table.kind} over {table.protocol}", machine=place.id)
        if not _is_loopback(address.hostname):
            raise SiteError(
                f"{place.url}: a simulated machine listens on the loopback interface alone", machine=place.id
            )
        return Machine(place.id, table, process, folder=self._folder, now=self._clock.now())

    async def _wires(self) -> list[Wire]:
        ports: dict[tuple[str, int], dict[int, Machine]] = {}
        doors: dict[tuple[str, int], MachineSite] = {}
        wires: list[Wire] = []
        nodes = await standard_nodes() if any(address.scheme == "opc.tcp" for _, address in self._places) else {}
        for place, address in self._places:
            machine, host, port = self.machines[place.id], address.hostname or "", address.port
            if port is None:
                raise SiteError(f"{place.url}: a port is needed", machine=place.id)
            if address.scheme == "opc.tcp":
                wires.append(OpcuaServer(place.url, machine, nodes, self._clock.now, self._papers(place)))
                continue
            if (door := doors.setdefault((host, port), place)).security != place.security:
                raise SiteError(f"{place.url} has the port of {door.id}, and other security", machine=place.id)
            units = ports.setdefault((host, port), {})
            unit = _unit(place, address)
            if unit in units:
                raise SiteError(f"{place.url} is also the address of {units[unit].name}", machine=place.id)
            units[unit] = machine
        wires += [
            ModbusPort(*where, units, self._clock.now, self._papers(doors[where])) for where, units in ports.items()
        ]
        return wires

    def _papers(self, place: MachineSite) -> Papers | None:
        return None if place.security is None else Papers.of(place.id, self._folder, place.security)

    async def _tick(self) -> None:
        while True:
            now = self._clock.now()
            for machine in self.machines.values():
                machine.tick(now)
            await asyncio.sleep(TICK_S)


async def _publish(servers: list[OpcuaServer]) -> None:
    while True:
        for server in servers:
            await server.publish()
        await asyncio.sleep(PUBLISH_S)


def _processes(site: Site, places: list[MachineSite]) -> dict[str, Process]:
    """Make what each machine does; packers know the pots that drain into them."""
    pots: dict[str, Pot] = {}
    for place in places:
        if place.kind == "decoction":
            if not place.volume_ml[1]:
                raise SiteError("a pot needs volume_ml", machine=place.id)
            pots[place.id] = Pot(
                place.id,
                volume_ml=place.volume_ml[1],
                pressure_kpa=site.pressure_kpa,
                has_packer=bool(place.packer),
                is_sealed=load_table(place.profile, site.profiles).is_sealed,
            )
    processes: dict[str, Process] = {}
    for place in places:
        match place.kind:
            case "decoction":
                processes[place.id] = pots[place.id]
            case "packing":
                mine = [pot for name, pot in pots.items() if site.machines[name].packer == place.id]
                poured = any(pot.packer == place.id for pot in site.machines.values() if pot.url == MANUAL)
                processes[place.id] = Packing(place.id, mine, is_poured_into=poured)
            case "soaking":
                processes[place.id] = Soaking(place.id)
            case "scale":
                processes[place.id] = Scale(place.id)
            case _:
                processes[place.id] = Storage(place.id)
    return processes


def _unit(place: MachineSite, address: SplitResult) -> int:
    try:
        unit = int(address.path.strip("/"))
    except ValueError:
        unit = -1
    if not 0 < unit < 248:  # noqa: PLR2004 - unit addresses of Modbus are 1 to 247
        raise SiteError(f"{place.url}: a unit from 1 to 247 is needed after the port", machine=place.id)
    return unit


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _lock(path: Path) -> int:
    """Hold the folder alone: two plants in one folder would write into each other's memory."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise SiteError(f"a simulated plant already runs in {path.parent}", advice="stop it first") from error
    return lock
