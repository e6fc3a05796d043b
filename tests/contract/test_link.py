"""What every link promises, whatever the wire. Level `link` of the conformance suite."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from devices import codec
from devices.errors import LinkDown, LinkError, LinkTimeout
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import Order
from devices.profile import load_profile
from tests.contract.rigs import TIMEOUT_S, MemoryRig, Rig, WireRig
from tests.contract.words import place, until

if TYPE_CHECKING:
    from devices.protocol import Link


async def _until_closed(rig: Rig, link: Link) -> None:
    """Every failure closes the connection, and the peer notices."""
    assert not link.connected
    await until(lambda: not rig.open_connections(), 1)


async def test_a_read_brings_every_tag_with_its_type_and_value(rig: Rig) -> None:
    link = rig.link()
    await link.connect()
    scan = await link.read()
    names = [tag.name for tag in rig.profile.scanned]
    assert dict(zip(names, scan.values, strict=True)) == {**rig.golden["values"]}
    assert not scan.flaws
    assert set(scan.times) <= {rig.at}
    await link.close()


async def test_an_order_arrives_as_one_whole_block(rig: Rig) -> None:
    golden = rig.golden["command"]
    link = rig.link()
    await link.connect()
    await link.command(
        codec.command_values(rig.profile, Order(machine="m", not_after=0, **golden["order"]), golden["epoch"])
    )
    expected = golden["registers"] if "registers" in golden else [value for _, value in golden["arguments"]]
    if isinstance(rig, MemoryRig):
        expected = list(
            codec.command_values(rig.profile, Order(machine="m", not_after=0, **golden["order"]), golden["epoch"])
        )
    assert rig.commands() == [expected]
    await link.close()


async def test_the_heartbeat_arrives(rig: Rig) -> None:
    link = rig.link()
    await link.connect()
    for count in (1, 0xFFFF, 0):
        await link.beat(count)
        assert rig.beat() == count
    await link.close()


async def test_without_a_connection_every_call_says_that_nothing_was_sent(rig: Rig) -> None:
    link = rig.link()
    assert not link.connected
    for call in (link.read, lambda: link.beat(1), lambda: link.command(_some_order(rig))):
        with pytest.raises(LinkDown):
            await call()
    assert rig.commands() == []
    await link.close()


async def test_a_machine_that_is_off_cannot_be_reached_and_later_can(rig: Rig) -> None:
    await rig.switch_off()
    link = rig.link()
    began_s = time.monotonic()
    with pytest.raises(LinkDown):
        await link.connect()
    assert time.monotonic() - began_s < 2
    assert not link.connected
    await rig.switch_on()
    await link.connect()
    assert (await link.read()).values
    await link.close()


async def test_silence_ends_in_time_and_closes_the_connection(rig: Rig) -> None:
    link = rig.link()
    for call in (link.read, lambda: link.beat(1), lambda: link.command(_some_order(rig))):
        await link.connect()
        rig.silence(on=True)
        began_s = time.monotonic()
        with pytest.raises(LinkTimeout):
            await call()
        assert 0.8 * TIMEOUT_S < time.monotonic() - began_s < TIMEOUT_S + 1
        await _until_closed(rig, link)
        rig.silence(on=False)
    await link.connect()
    assert (await link.read()).values
    await link.close()


async def test_a_peer_that_closes_is_noticed_at_once(rig: Rig) -> None:
    link = rig.link()
    await link.connect()
    await rig.cut()
    await until(lambda: not link.connected, 1)
    with pytest.raises(LinkError):
        await link.read()
    await link.close()


async def test_a_peer_that_closes_in_the_middle_leaves_the_outcome_unknown_at_once(wire: WireRig) -> None:
    rig = wire
    rig.profile = replace(rig.profile, timeout_s=4.0)
    link = rig.link()
    for call in (link.read, lambda: link.command(_some_order(rig))):
        await link.connect()
        rig.silence(on=True)
        waiting = asyncio.create_task(call())
        await asyncio.sleep(0.05)
        await rig.cut()
        began_s = time.monotonic()
        with pytest.raises(LinkTimeout):
            await waiting
        assert time.monotonic() - began_s < 2
        await _until_closed(rig, link)
        rig.silence(on=False)
    await link.close()


async def test_a_cancelled_call_closes_the_connection(rig: Rig) -> None:
    link = rig.link()
    await link.connect()
    rig.silence(on=True)
    for call in (link.read, lambda: link.command(_some_order(rig))):
        rig.silence(on=False)
        await link.connect()
        rig.silence(on=True)
        waiting = asyncio.create_task(call())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await _until_closed(rig, link)
    await link.close()


async def test_a_late_answer_is_never_paired_with_the_next_request(wire: WireRig) -> None:
    rig = wire
    machine = ProfiledMachine(place(rig.profile.id), rig.profile, rig.link())
    for round_number in range(3):
        await machine.connect()
        rig.proxy.hold()
        with pytest.raises(LinkTimeout):
            await machine.read()
        rig.at += 1000
        rig.say(Order=1000 + round_number, ActualTemperature=50.0 + round_number)
        rig.proxy.release()
        await machine.connect()
        said = await machine.read()
        assert (said.at, said.order, said.readings["ActualTemperature"].value) == (
            rig.at,
            1000 + round_number,
            50.0 + round_number,
        )
    await machine.close()


async def test_closing_is_quick_whatever_the_state_and_may_be_repeated(rig: Rig) -> None:
    link = rig.link()
    await link.close()
    await link.connect()
    rig.silence(on=True)
    began_s = time.monotonic()
    await link.close()
    await link.close()
    assert time.monotonic() - began_s < TIMEOUT_S + 1
    await _until_closed(rig, link)


async def test_a_link_leaves_no_task_behind(rig: Rig) -> None:
    before = asyncio.all_tasks()
    link = rig.link()
    for _ in range(3):
        await link.connect()
        rig.silence(on=True)
        with pytest.raises(LinkTimeout):
            await link.read()
        rig.silence(on=False)
    await link.connect()
    await link.close()
    await _until_closed(rig, link)
    await asyncio.sleep(0.05)
    assert not {task for task in asyncio.all_tasks() - before if "proxy" not in repr(task)}


async def test_connecting_to_a_dead_address_ends_in_time() -> None:
    """A listener whose queue is full takes no connection and answers nothing: the kernel keeps silent."""
    with socket.socket() as listener, contextlib.ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
        for name, url in (("pot-modbus", f"modbus://127.0.0.1:{port}/1"), ("pot-opcua", f"opc.tcp://127.0.0.1:{port}")):
            link = _link(name, url)
            began_s = time.monotonic()
            with pytest.raises(LinkDown):
                await link.connect()
            assert TIMEOUT_S / 2 < time.monotonic() - began_s < 3
            await link.close()


def _link(name: str, url: str) -> Link:
    return open_link(place(name, url), replace(load_profile(name), timeout_s=TIMEOUT_S))


def _some_order(rig: Rig) -> tuple[int | str, ...]:
    return codec.command_values(rig.profile, Order(machine="m", not_after=0, **rig.golden["command"]["order"]), 1)
