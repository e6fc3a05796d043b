"""Machines of the simulated plant behind wires that can be hurt, and our drivers on the other side of them.

`async with Floor(folder, …) as floor`: soaking positions over Modbus and packers over OPC UA, each behind a proxy of its own.
`Witness` stands between driver and link and counts what the link took for good of all that its wire had spoilt.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from controller.demo.folder import make_folder
from controller.demo.layout import Counts
from devices.fleet import Fleet
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.profile import all_profiles
from devices.site import PlantClock, load_site
from tests.contract import proxy
from tests.contract.proxy import Proxy
from tests.faults.centre import HOME, HOSPITAL, START_MS, PlantNotUp
from tests.faults.opcua_frames import STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from devices.profile import Profile
    from devices.protocol import Link, Scan
    from devices.site import MachineSite

SPEED = 240
QUIET = "pot-modbus-b"
"""A pot that names no orders."""
_UP_S = 60.0
_END_S = 10.0
_FRAMING = {"modbus": proxy.modbus, "opcua": proxy.opcua}


class Floor:
    """One plant process, `soaks` positions and `packers` behind proxies. `timeout_s`: of one request, as in the profiles if 0.

    `quiet_pots`: pots that name no orders, behind proxies too.
    """

    def __init__(
        self,
        folder: Path,
        *,
        soaks: int,
        packers: int = 0,
        quiet_pots: int = 0,
        timeout_s: float = 0.0,
        witness: Callable[[Link], Witness] | None = None,
    ) -> None:
        counts = Counts(
            pots_modbus=max(1, quiet_pots), pots_opcua=0, soaks=soaks, packers=max(1, packers), bench_scales=0, recheck_scales=0
        )  # fmt: skip
        self.folder = folder
        self._witness = witness or Witness
        self._config = make_folder(
            folder, hospitals=[HOSPITAL], prescriptions=HOME / "none.jsonl", speed=SPEED, counts=counts
        )
        if quiet_pots:
            text = self._config.read_text(encoding="utf-8")
            self._config.write_text(text.replace('"pot-modbus"', f'"{QUIET}"'), encoding="utf-8")
        self.clock = PlantClock.open(folder, SPEED, first=START_MS)
        self.site = load_site(self._config)
        self.profiles = {
            name: replace(profile, timeout_s=timeout_s) if timeout_s else profile
            for name, profile in all_profiles().items()
        }
        kinds = {"soaking": True, "packing": packers, "decoction": quiet_pots}
        self.names = [machine.id for machine in self.site.machines.values() if kinds.get(machine.kind)]
        self.proxies: dict[str, Proxy] = {}
        self.witnesses: dict[str, Witness] = {}
        self._plant: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        with (self.folder / "plant.log").open("ab") as log:
            self._plant = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "devices.plant", "--config", str(self._config),
                stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._plant.stdout is not None
        said = await asyncio.wait_for(self._plant.stdout.readline(), _UP_S)
        if b'"ready"' not in said:
            await self._plant.wait()
            raise PlantNotUp((self.folder / "plant.log").read_text(encoding="utf-8"))
        machines = {}
        for name in self.names:
            machine = self.site.machines[name]
            scheme, _, rest = machine.url.partition("://")
            address, slash, unit = rest.partition("/")
            wire = Proxy(int(address.rpartition(":")[2]), _FRAMING[self.profiles[machine.profile].protocol])
            await wire.switch_on()
            self.proxies[name] = wire
            machines[name] = replace(machine, url=f"{scheme}://127.0.0.1:{wire.port}{slash}{unit}")
        self.site = replace(self.site, machines=machines)
        return self

    async def __aexit__(self, *_: object) -> None:
        for wire in self.proxies.values():
            await wire.switch_off()
        assert self._plant is not None
        self._plant.terminate()
        await asyncio.wait_for(self._plant.wait(), _END_S)
        self.clock.close()

    def link(self, machine: MachineSite, profile: Profile) -> Link:
        """Return the watched road to a machine."""
        made = self.witnesses[machine.id] = self._witness(open_link(machine, profile))
        return made

    def machine(self, name: str) -> ProfiledMachine:
        """Return the driver of a machine."""
        site = self.site.machines[name]
        profile = self.profiles[site.profile]
        return ProfiledMachine(site, profile, self.link(site, profile))

    def fleet(self) -> Fleet:
        """Return drivers and pollers of all machines."""
        return Fleet(
            self.site,
            self.profiles,
            self.clock,
            on_snapshot=lambda _: None,
            on_link=lambda *_: None,
            on_fault=lambda *_: None,
            links=self.link,
        )


class Witness:
    """A link that is watched. `spoilt`: how the wire spoilt answers, entered by the wire; `believed`: those taken for good."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.spoilt: list[Any] = []
        self.believed: list[Any] = []

    @property
    def connected(self) -> bool:
        """As the link says."""
        return self._link.connected

    async def connect(self) -> None:
        """As the link does."""
        await self._link.connect()

    async def read(self) -> Scan:
        """As the link does."""
        before = len(self.spoilt)
        scan = await self._link.read()
        self.believed += self.spoilt[before:]
        return scan

    async def command(self, values: Sequence[int | str]) -> None:
        """As the link does."""
        before = len(self.spoilt)
        await self._link.command(values)
        self.believed += self.spoilt[before:]

    async def beat(self, count: int) -> None:
        """As the link does."""
        before = len(self.spoilt)
        await self._link.beat(count)
        self.believed += self.spoilt[before:]

    async def close(self) -> None:
        """As the link does."""
        await self._link.close()


class TagWitness(Witness):
    """A witness of lies that may spoil one value alone: that one was believed which the scan gives without a flaw."""

    async def read(self) -> Scan:
        """As the link does."""
        before = len(self.spoilt)
        scan = await self._link.read()
        self.believed += [lie for lie in self.spoilt[before:] if lie.tag not in scan.flaws and lie.kind != STALE]
        return scan


def is_order(request: bytes) -> bool:
    """Whether a request hands over an order: FC16 of a whole block, or a method call of OPC UA."""
    if request[:3] == b"MSG":
        return request[24:28] == b"\x01\x00\xc8\x02"  # CallRequest, node 712
    return len(request) > 20 and request[7] == 16
