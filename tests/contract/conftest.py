from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop

from devices.profile import load_profile
from tests.contract.opcua_peer import OpcUaPeer
from tests.contract.rigs import MemoryRig, ModbusRig, OpcUaRig, Rig, WireRig, shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Try links on both loops: the controller runs on uvloop, whoever uses the drivers alone on the standard one."""
    standard = {"asyncio": asyncio.new_event_loop}
    return {**standard, "uvloop": uvloop.new_event_loop} if item.path.name.startswith("test_link") else standard


@pytest.fixture(scope="session")
def opcua_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpcUaPeer]:
    peer = OpcUaPeer(load_profile("pot-opcua"), shelf(tmp_path_factory.mktemp("opcua")))
    peer.start()
    yield peer
    peer.stop()


@pytest.fixture(params=["memory", "modbus", "opcua"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    match request.param:
        case "memory":
            made: Rig = MemoryRig()
        case "modbus":
            made = ModbusRig()
        case _:
            made = OpcUaRig(request.getfixturevalue("opcua_peer"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=["modbus", "opcua"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[WireRig]:
    made: WireRig = ModbusRig() if request.param == "modbus" else OpcUaRig(request.getfixturevalue("opcua_peer"))
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
