"""What an OPC UA link makes of values that are not good and of servers that are not ours."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from devices.errors import LinkDown, LinkLied, LinkRefused, LinkTimeout, SiteError
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import OrderStatus, Quality
from devices.profile import load_profile
from tests.contract.opcua_peer import OpcUaPeer
from tests.contract.proxy import opcua as framing
from tests.contract.words import place

if TYPE_CHECKING:
    from devices.protocol import Scan
    from tests.contract.proxy import Delivery
    from tests.contract.rigs import OpcUaRig

HEAD = 24  # bytes of a message before its body
COMMAND = (7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1)


async def _scan(rig: OpcUaRig) -> Scan:
    link = rig.link()
    await link.connect()
    try:
        return await link.read()
    finally:
        await link.close()


def test_without_a_waiver_an_open_server_is_not_spoken_to(opcua: OpcUaRig) -> None:
    with pytest.raises(SiteError, match="without signature and encryption") as error:
        open_link(place("pot-opcua", "opc.tcp://127.0.0.1:4840", waiver=""), opcua.profile)
    assert 'waiver = "opcua-none"' in error.value.advice


@pytest.mark.parametrize(
    ("status", "flaw"),
    [
        (ua.StatusCodes.BadSensorFailure, "status-BadSensorFailure"),
        (ua.StatusCodes.BadNoCommunication, "status-BadNoCommunication"),
        (ua.StatusCodes.UncertainLastUsableValue, "status-UncertainLastUsableValue"),
    ],
)
async def test_a_value_that_is_not_good_is_kept_with_its_status(opcua: OpcUaRig, status: int, flaw: str) -> None:
    opcua.peer.put("ActualTemperature", 99.5, 12_000, status)
    scan = await _scan(opcua)
    index = [tag.name for tag in opcua.profile.scanned].index("ActualTemperature")
    assert scan.flaws == {"ActualTemperature": flaw}
    assert scan.values[index] in (99.5, None)
    assert scan.times[index] == 12_000


async def test_a_value_of_another_type_is_no_value(opcua: OpcUaRig) -> None:
    level = replace(opcua.profile.tags["Level"], type="Double")
    opcua.profile = replace(opcua.profile, tags={**opcua.profile.tags, "Level": level})
    scan = await _scan(opcua)
    assert scan.flaws == {"Level": "wrong-type"}
    assert scan.values[[tag.name for tag in opcua.profile.scanned].index("Level")] is None


async def test_a_value_without_source_time_is_not_to_be_trusted(opcua: OpcUaRig) -> None:
    opcua.peer.put("Level", 12.5, None)
    assert (await _scan(opcua)).flaws == {"Level": "no-source-time"}


async def test_a_text_that_could_steer_a_terminal_is_no_batch(opcua: OpcUaRig) -> None:
    opcua.peer.put("BatchTag", "B\x1b[2J", opcua.at)
    assert "printable" in (await _scan(opcua)).flaws["BatchTag"]


async def test_a_node_that_is_not_there_spoils_its_own_tag_only(opcua: OpcUaRig) -> None:
    level = replace(opcua.profile.tags["Level"], node="Machine.Nowhere")
    opcua.profile = replace(opcua.profile, tags={**opcua.profile.tags, "Level": level})
    machine = ProfiledMachine(place("pot-opcua"), opcua.profile, opcua.link())
    await machine.connect()
    said = await machine.read()
    assert (said.readings["Level"].quality, said.readings["Level"].reason) == (Quality.BAD, "status-BadNodeIdUnknown")
    assert said.readings["ActualTemperature"].quality is Quality.GOOD
    assert said.order == opcua.golden["values"]["Order"]
    await machine.close()


async def test_tags_are_read_in_as_many_calls_as_the_server_needs(opcua: OpcUaRig) -> None:
    assert opcua.profile.opcua is not None
    opcua.profile = replace(opcua.profile, opcua=replace(opcua.profile.opcua, max_nodes_per_read=4))
    scan = await _scan(opcua)
    assert dict(zip([tag.name for tag in opcua.profile.scanned], scan.values, strict=True)) == opcua.golden["values"]


@pytest.mark.parametrize("most", [1, 2, 4, 6])
async def test_an_order_taken_between_two_calls_is_never_read_with_the_end_of_the_one_before(
    opcua: OpcUaRig, most: int
) -> None:
    assert opcua.profile.opcua is not None
    opcua.profile = replace(opcua.profile, opcua=replace(opcua.profile.opcua, max_nodes_per_read=most))
    opcua.proxy._framing = framing
    link = opcua.link()
    await link.connect()
    names = [tag.name for tag in opcua.profile.scanned]
    at = int(time.time() * 1000)
    for number in range(17, 17 + len(names) // most + 1):
        opcua.peer.put("Order", number - 1, at)
        opcua.peer.put("OrderStatus", int(OrderStatus.FINISHED), at)
        answers = count(17 - number)

        def starts(request: bytes, answer: bytes, number: int = number, answers: count[int] = answers) -> Delivery:
            if next(answers) == 0:
                opcua.peer.put("Order", number, at)
                opcua.peer.put("OrderStatus", int(OrderStatus.RUNNING), at)
            return [(0.0, answer)]

        opcua.proxy.spoil = starts
        said = dict(zip(names, (await link.read()).values, strict=True))
        assert (said["Order"], said["OrderStatus"]) != (number, OrderStatus.FINISHED)
    await link.close()


async def test_one_value_too_few_and_one_too_many_do_not_make_up_for_each_other(opcua: OpcUaRig) -> None:
    assert opcua.profile.opcua is not None
    opcua.profile = replace(opcua.profile, opcua=replace(opcua.profile.opcua, max_nodes_per_read=6))
    opcua.proxy._framing = framing
    link = opcua.link()
    await link.connect()
    wrong = iter((-1, 1))

    def spoil(request: bytes, answer: bytes) -> Delivery:
        response = struct_from_binary(ua.ReadResponse, ua.utils.Buffer(answer[HEAD:]))
        more = next(wrong, 0)
        response.Results = response.Results[:more] if more < 0 else response.Results + response.Results[:more]
        body = struct_to_binary(response)
        return [(0.0, answer[:4] + (HEAD + len(body)).to_bytes(4, "little") + answer[8:HEAD] + body)]

    opcua.proxy.spoil = spoil
    with pytest.raises(LinkLied, match="5 values for 6 nodes"):
        await link.read()
    assert not link.connected
    await link.close()


class OwnCancellation(asyncio.CancelledError):
    """What asyncua raises where an answer and a cancellation meet."""


async def test_a_deadline_that_meets_the_answer_is_a_time_out_and_a_cancellation_stays_one(opcua: OpcUaRig) -> None:
    opcua.profile = replace(opcua.profile, timeout_s=0.2)
    link = opcua.link()
    await link.connect()

    async def read(_asked: object) -> object:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            raise OwnCancellation from error

    link._client.uaclient.session.read = read
    with pytest.raises(LinkTimeout):
        await link.read()
    assert not link.connected
    await link.connect()
    link._client.uaclient.session.read = read
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await link.close()


async def test_a_server_that_reads_few_nodes_at_a_time_is_asked_for_few() -> None:
    """The namespace lies elsewhere than at the other servers too: it goes by its URI."""
    profile = load_profile("pot-opcua")
    peer = OpcUaPeer(profile, strangers=4, most_nodes=5)
    await asyncio.to_thread(peer.start)
    link = open_link(place("pot-opcua", f"opc.tcp://127.0.0.1:{peer.port}"), profile)
    await link.connect()
    peer.reads.clear()
    assert len((await link.read()).values) == len(profile.scanned)
    assert max(peer.reads) == 5
    assert sum(peer.reads) == len(profile.scanned)
    await link.close()
    await asyncio.to_thread(peer.stop)


async def test_a_server_without_our_namespace_is_another_machine(opcua: OpcUaRig) -> None:
    assert opcua.profile.opcua is not None
    opcua.profile = replace(opcua.profile, opcua=replace(opcua.profile.opcua, namespace="urn:not:ours"))
    link = opcua.link()
    with pytest.raises(LinkLied, match="urn:not:ours"):
        await link.connect()
    assert not link.connected
    await link.close()


@pytest.mark.parametrize("status", [ua.StatusCodes.BadInvalidArgument, ua.StatusCodes.BadUserAccessDenied])
async def test_a_refused_order_says_the_status(opcua: OpcUaRig, status: int) -> None:
    opcua.peer.refusal = ua.StatusCode(status)
    link = opcua.link()
    await link.connect()
    try:
        with pytest.raises(LinkRefused) as error:
            await link.command(COMMAND)
        assert error.value.code == status
        assert link.connected
    finally:
        opcua.peer.refusal = ua.StatusCode(ua.StatusCodes.Good)
        await link.close()


async def test_a_server_that_speaks_another_language_is_no_machine() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(200))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = open_link(
        place("pot-opcua", f"opc.tcp://127.0.0.1:{port}"), replace(load_profile("pot-opcua"), timeout_s=0.4)
    )
    with pytest.raises((LinkDown, LinkLied)):
        await link.connect()
    assert not link.connected
    await link.close()
    server.close()
