"""One rig for each kind of link: a peer that says what the test wants, over a wire that does what the test wants."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

from devices.links import open_link
from devices.links.memory import MemoryLink, MemoryMachine
from devices.plant.registers import RegisterMap
from devices.plant.tables import load_table
from devices.profile import Profile, load_profile
from tests.contract.modbus_peer import ModbusPeer
from tests.contract.proxy import Proxy
from tests.contract.words import place

if TYPE_CHECKING:
    from devices.protocol import Link
    from tests.conformance.servers import LibmodbusPeer, NodeOpcUaPeer
    from tests.contract.opcua_peer import OpcUaPeer

TIMEOUT_S = 0.4


def golden(name: str) -> dict[str, Any]:
    """The golden words of a profile."""
    return json.loads((resources.files("devices.profiles") / "golden" / f"{name}.json").read_text(encoding="utf-8"))


class Rig(ABC):
    """A machine of `profile` that starts out saying its golden values; `at` is its source time in ms."""

    def __init__(self, name: str) -> None:
        self.profile: Profile = replace(load_profile(name), timeout_s=TIMEOUT_S)
        self.golden = golden(name)
        self.at: int = self.golden["values"].get("SourceTime") or self.golden["source_time"]

    def start_golden(self) -> None:
        self.say(**{tag: value for tag, value in self.golden["values"].items() if tag != "SourceTime"})

    @abstractmethod
    async def start(self) -> None: ...
    @abstractmethod
    async def stop(self) -> None: ...
    @abstractmethod
    def link(self) -> Link: ...
    @abstractmethod
    def say(self, **values: Any) -> None:
        """Let the machine say these values, and the present source time."""

    @abstractmethod
    def commands(self) -> list[list[int | str]]:
        """The blocks that arrived, field by field."""

    @abstractmethod
    def beat(self) -> int:
        """The last heartbeat that arrived."""

    @abstractmethod
    def open_connections(self) -> int: ...
    @abstractmethod
    def silence(self, *, on: bool) -> None: ...
    @abstractmethod
    async def cut(self) -> None: ...
    @abstractmethod
    async def switch_off(self) -> None: ...
    @abstractmethod
    async def switch_on(self) -> None: ...


class MemoryRig(Rig):
    """A machine in this process."""

    def __init__(self) -> None:
        super().__init__("pot-modbus")
        self.machine = MemoryMachine(self.profile)
        self._links: list[MemoryLink] = []
        self._commands: list[list[int | str]] = []
        self.machine.obey = lambda values: self._commands.append(list(values))  # type: ignore[method-assign]

    async def start(self) -> None:
        self.start_golden()

    async def stop(self) -> None:
        return None

    def link(self) -> Link:
        self._links.append(MemoryLink(self.machine))
        return self._links[-1]

    def say(self, **values: Any) -> None:
        self.machine.values |= values
        self.machine.at = self.at

    def commands(self) -> list[list[int | str]]:
        return self._commands

    def beat(self) -> int:
        return self.machine.beats[-1]

    def open_connections(self) -> int:
        return sum(link.connected for link in self._links)

    def silence(self, *, on: bool) -> None:
        self.machine.silent = on

    async def cut(self) -> None:
        for link in self._links:
            await link.close()

    async def switch_off(self) -> None:
        self.machine.reachable = False
        await self.cut()

    async def switch_on(self) -> None:
        self.machine.reachable = True


class WireRig(Rig):
    """A peer behind a proxy."""

    scheme: str
    proxy: Proxy

    def link(self) -> Link:
        site = place(self.profile.id, self.scheme.format(port=self.proxy.port))
        return open_link(site, self.profile)

    def open_connections(self) -> int:
        return self.proxy.open

    def silence(self, *, on: bool) -> None:
        self.proxy.silent = on

    async def cut(self) -> None:
        await self.proxy.cut()

    async def switch_off(self) -> None:
        await self.proxy.switch_off()

    async def switch_on(self) -> None:
        await self.proxy.switch_on()


class ModbusRig(WireRig):
    """Registers written down by hand, then as the simulated machine would: with no code that the drivers have too."""

    scheme = "modbus://127.0.0.1:{port}/1"

    def __init__(self, name: str = "pot-modbus", peer: LibmodbusPeer | None = None) -> None:
        super().__init__(name)
        self.peer: Any = peer or ModbusPeer()  # what only our own can be told, only tests of our own tell it
        self._registers = RegisterMap(load_table(name))
        self._said: dict[str, Any] = dict(self.golden["values"])

    async def start(self) -> None:
        await self.peer.start()
        self.proxy = Proxy(self.peer.port)
        await self.proxy.switch_on()
        for address, words in self.golden["registers"].items():
            self.peer.put(int(address), words)

    async def stop(self) -> None:
        await self.proxy.switch_off()
        await self.peer.stop()

    def say(self, **values: Any) -> None:
        self._said |= {**values, "SourceTime": self.at}
        for address, words in self._registers.words(self._said):
            self.peer.put(address, words)

    def commands(self) -> list[list[int | str]]:
        assert self.profile.command is not None
        return [list(block) for address, block in self.peer.written if address == self.profile.command.address]

    def beat(self) -> int:
        return self.peer.registers[self.profile.tags["Heartbeat"].address or 0]


class OpcUaRig(WireRig):
    """Nodes of a real server. The server serves many tests: `start` puts everything back."""

    scheme = "opc.tcp://127.0.0.1:{port}"

    def __init__(self, peer: OpcUaPeer | NodeOpcUaPeer) -> None:
        super().__init__("pot-opcua")
        self.peer: Any = peer

    async def start(self) -> None:
        self.peer.calls.clear()
        self.peer.put("Heartbeat", 0, self.at)
        self.proxy = Proxy(self.peer.port)
        await self.proxy.switch_on()
        self.start_golden()

    async def stop(self) -> None:
        await self.proxy.switch_off()

    def say(self, **values: Any) -> None:
        kept = {tag.name: None for tag in self.profile.scanned} | values
        for tag, value in kept.items():
            self.peer.put(tag, self.peer.get(tag) if value is None else value, self.at)

    def commands(self) -> list[list[int | str]]:
        return self.peer.calls

    def beat(self) -> int:
        return self.peer.get("Heartbeat")
