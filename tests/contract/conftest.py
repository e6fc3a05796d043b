from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop

from devices.profile import load_profile
from tests.conformance import servers
from tests.conformance.servers import LibmodbusPeer, NodeOpcUaPeer
from tests.contract.opcua_peer import OpcUaPeer
from tests.contract.rigs import MemoryRig, ModbusRig, OpcUaRig, Rig, WireRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Try links on both loops: the controller runs on uvloop, whoever uses the drivers alone on the standard one."""
    standard = {"asyncio": asyncio.new_event_loop}
    return {**standard, "uvloop": uvloop.new_event_loop} if item.path.name.startswith("test_link") else standard


@pytest.fixture(scope="session")
def opcua_peer() -> Iterator[OpcUaPeer]:
    peer = OpcUaPeer(load_profile("pot-opcua"))
    peer.start()
    yield peer
    peer.stop()


@pytest.fixture(scope="session")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return servers.libmodbus(tmp_path_factory.mktemp("libmodbus"))
    except servers.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def foreign_pot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return servers.foreign_pot(tmp_path_factory.mktemp("foreign"))
    except servers.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def node_opcua(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeOpcUaPeer]:
    try:
        command = servers.node_opcua()
    except servers.Missing as missing:
        pytest.skip(str(missing))
    peer = NodeOpcUaPeer(load_profile("pot-opcua"), command, tmp_path_factory.mktemp("node-opcua"))
    peer.start()
    yield peer
    peer.stop()


def _wire(request: pytest.FixtureRequest) -> WireRig:
    """Make the rig of a peer of ours, or of a server that is not."""
    match request.param:
        case "modbus":
            return ModbusRig()
        case "libmodbus":
            return ModbusRig(peer=LibmodbusPeer(request.getfixturevalue("libmodbus")))
        case "opcua":
            return OpcUaRig(request.getfixturevalue("opcua_peer"))
        case _:
            return OpcUaRig(request.getfixturevalue("node_opcua"))


WIRES = ["modbus", "libmodbus", "opcua", "node_opcua"]


@pytest.fixture(params=["memory", *WIRES])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made: Rig = MemoryRig() if request.param == "memory" else _wire(request)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=WIRES)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[WireRig]:
    made = _wire(request)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def modbus() -> AsyncIterator[ModbusRig]:
    made = ModbusRig()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def opcua(opcua_peer: OpcUaPeer) -> AsyncIterator[OpcUaRig]:
    made = OpcUaRig(opcua_peer)
    await made.start()
    yield made
    await made.stop()
