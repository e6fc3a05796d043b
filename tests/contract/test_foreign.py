"""What servers that are not ours showed us. Skipped where their tools are missing; `python -m tests.conformance` gets them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from devices.errors import LinkDown, LinkRefused
from devices.links import open_link
from devices.profile import load_profile
from tests.conformance.servers import REGISTERS, LibmodbusPeer
from tests.contract.rigs import ModbusRig, OpcUaRig
from tests.contract.words import place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from devices.protocol import Link
    from tests.conformance.servers import NodeOpcUaPeer


@pytest.fixture
async def foreign(libmodbus: Path) -> AsyncIterator[ModbusRig]:
    made = ModbusRig(peer=LibmodbusPeer(libmodbus))
    await made.start()
    yield made
    await made.stop()


async def test_a_server_whose_sessions_are_all_taken_is_not_one_that_is_off(node_opcua: NodeOpcUaPeer) -> None:
    rig = OpcUaRig(node_opcua)
    await rig.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(rig.stop)

        async def opened() -> Link:
            link = rig.link()
            stack.push_async_callback(link.close)
            await link.connect()
            return link

        first = await opened()
        refusals: list[str] = []
        while not refusals:
            try:
                await opened()
            except LinkDown as error:
                refusals.append(str(error))
        assert "BadTooManySessions" in refusals[0]
        assert (await first.read()).values
        await first.close()
        await opened()


async def test_a_session_that_the_server_gave_up_is_a_lost_link_and_no_refusal(node_opcua: NodeOpcUaPeer) -> None:
    rig = OpcUaRig(node_opcua)
    await rig.start()
    link = rig.link()
    await link.connect()
    await asyncio.sleep(13)
    with pytest.raises(LinkDown):
        await link.command((7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1))
    assert rig.commands() == []
    await link.connect()
    assert (await link.read()).values
    await link.close()
    await rig.stop()


async def test_a_register_that_libmodbus_does_not_have_is_flawed_and_the_others_are_read(foreign: ModbusRig) -> None:
    profile = load_profile("pot-modbus")
    level = profile.tags["Level"]
    object.__setattr__(level, "address", REGISTERS)
    link = open_link(place("pot-modbus", f"modbus://127.0.0.1:{foreign.peer.port}/1"), profile)
    await link.connect()
    survey = await link.survey()
    await link.close()
    assert survey.said["Level"].flaw == "illegal-address"
    assert survey.said["ActualTemperature"].value == foreign.golden["values"]["ActualTemperature"]


async def test_an_order_for_registers_that_libmodbus_does_not_have_is_refused_and_the_link_stays(
    foreign: ModbusRig,
) -> None:
    profile = load_profile("pot-modbus")
    assert profile.command is not None
    object.__setattr__(profile.command, "address", REGISTERS - 4)
    link = open_link(place("pot-modbus", f"modbus://127.0.0.1:{foreign.peer.port}/1"), profile)
    await link.connect()
    with pytest.raises(LinkRefused) as refusal:
        await link.command((7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1, 0xA55A))
    assert refusal.value.code == 2
    assert link.connected
    assert foreign.commands() == []
    await link.close()
