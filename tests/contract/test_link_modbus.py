"""What a Modbus link makes of a peer that breaks the standard."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import LinkDown, LinkLied, LinkRefused, LinkTimeout
from devices.links import open_link
from devices.links.modbus_answer import Expected
from devices.model import OrderStatus
from tests.contract.words import place, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.rigs import ModbusRig

COMMAND = (7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1, 0xA55A)


def _tid(value: bytes) -> Callable[[bytes, bytes], bytes]:
    return lambda request, answer: value + answer[2:]


def _next_tid(request: bytes, answer: bytes) -> bytes:
    return (int.from_bytes(answer[:2], "big") + 1).to_bytes(2, "big") + answer[2:]


def _shorter(request: bytes, answer: bytes) -> bytes:
    """A whole, well-formed answer with one register less than asked."""
    count = answer[8] - 2
    return answer[:4] + (count + 3).to_bytes(2, "big") + answer[6:8] + bytes((count,)) + answer[9 : 9 + count]


def _longer(request: bytes, answer: bytes) -> bytes:
    count = answer[8] + 2
    return answer[:4] + (count + 3).to_bytes(2, "big") + answer[6:8] + bytes((count,)) + answer[9:] + b"\0\0"


READ_LIES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "transaction 0": _tid(b"\0\0"),
    "transaction of the next request": _next_tid,
    "transaction of nobody": _tid(b"\xff\xff"),
    "another protocol": lambda request, answer: answer[:2] + b"\0\1" + answer[4:],
    "another unit": lambda request, answer: answer[:6] + b"\2" + answer[7:],
    "another function": lambda request, answer: answer[:7] + b"\4" + answer[8:],
    "an answer to a write": lambda request, answer: answer[:4] + b"\0\6\1\x10\0\x64\0\1",
    "one register less": _shorter,
    "one register more": _longer,
    "a byte count that is not the length": lambda request, answer: answer[:8] + bytes((answer[8] - 2,)) + answer[9:],
    "a length that is not the length": lambda request, answer: answer[:5] + bytes((answer[5] - 2,)) + answer[6:],
    "one byte too many": lambda request, answer: answer + b"\0",
    "the answer twice": lambda request, answer: answer + answer,
    "the request itself": lambda request, answer: request,
    "a refusal of another function": lambda request, answer: answer[:4] + b"\0\3\1\x90\2",
    "a refusal of another transaction": lambda request, answer: b"\xff\xff\0\0\0\3\1\x83\2",
    "web page": lambda request, answer: b"HTTP/1.1 400 Bad Request\r\n\r\n",
}
WRITE_LIES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "another address": lambda request, answer: answer[:8] + b"\0\x63" + answer[10:],
    "another count": lambda request, answer: answer[:10] + b"\0\1",
    "transaction 0": _tid(b"\0\0"),
    "another unit": lambda request, answer: answer[:6] + b"\2" + answer[7:],
    "another function": lambda request, answer: answer[:7] + b"\6" + answer[8:],
    "one byte too many": lambda request, answer: answer + b"\0",
}


@pytest.mark.parametrize("lie", READ_LIES)
async def test_an_answer_that_is_not_ours_is_a_lie_and_closes_the_socket_at_once(modbus: ModbusRig, lie: str) -> None:
    modbus.peer.lie = READ_LIES[lie]
    modbus.profile = replace(modbus.profile, timeout_s=4.0)
    link = modbus.link()
    await link.connect()
    began_s = time.monotonic()
    with pytest.raises(LinkLied, match="pot-03"):
        await link.read()
    assert time.monotonic() - began_s < 2
    await _closed(modbus)
    modbus.peer.lie = lambda request, answer: answer
    with pytest.raises(LinkDown):
        await link.read()
    await link.connect()
    assert (await link.read()).values[0] == modbus.at
    await link.close()


@pytest.mark.parametrize("lie", WRITE_LIES)
async def test_an_echo_that_is_not_ours_leaves_the_outcome_unknown(modbus: ModbusRig, lie: str) -> None:
    modbus.peer.lie = WRITE_LIES[lie]
    link = modbus.link()
    await link.connect()
    with pytest.raises(LinkLied):
        await link.command(COMMAND)
    await _closed(modbus)
    assert len(modbus.commands()) == 1
    await link.close()


async def test_an_answer_kept_from_an_earlier_connection_is_not_taken_for_ours(modbus: ModbusRig) -> None:
    kept: list[bytes] = []

    def keep(request: bytes, answer: bytes) -> bytes:
        kept.append(answer)
        return answer

    modbus.peer.lie = keep
    link = modbus.link()
    await link.connect()
    await link.read()
    old = list(kept)
    for answer in old:
        modbus.peer.lie = lambda request, now, answer=answer: answer
        await link.connect()
        with pytest.raises(LinkLied):
            await link.read()
    await link.close()


@pytest.mark.parametrize("share", [1, 5, 8, 9, 20, 98])
async def test_half_an_answer_is_no_answer(modbus: ModbusRig, share: int) -> None:
    modbus.peer.lie = lambda request, answer: answer[:share]
    link = modbus.link()
    await link.connect()
    with pytest.raises(LinkTimeout):
        await link.read()
    await _closed(modbus)
    await link.close()


async def test_a_flood_is_thrown_away_and_ends_the_connection(modbus: ModbusRig) -> None:
    modbus.peer.lie = lambda request, answer: b"\0" * 1_000_000
    link = modbus.link()
    await link.connect()
    with pytest.raises((LinkTimeout, LinkLied)):
        await link.read()
    await _closed(modbus)
    await link.close()


async def test_an_answer_in_pieces_is_one_answer(modbus: ModbusRig) -> None:
    link = modbus.link()
    await link.connect()
    modbus.peer.lie = lambda request, answer: answer[:5]
    waiting = asyncio.create_task(link.read())
    await until(lambda: modbus.peer.requests, 1)
    words = b"".join(word.to_bytes(2, "big") for word in modbus.golden["registers"]["0"])
    whole = modbus.peer.requests[0][:4] + (3 + len(words)).to_bytes(2, "big") + b"\1\3" + bytes((len(words),)) + words
    for at in range(5, len(whole), 20):
        await asyncio.sleep(0.01)
        modbus.peer.say(whole[at : at + 20])
    assert (await waiting).values[0] == modbus.at
    await link.close()


async def test_an_answer_that_nobody_asked_for_closes_the_socket(modbus: ModbusRig) -> None:
    link = modbus.link()
    await link.connect()
    await link.read()
    modbus.peer.say(b"\0\2\0\0\0\5\1\3\2\0\7")
    await _closed(modbus)
    assert not link.connected
    await link.close()


@pytest.mark.parametrize("code", [1, 3, 4, 5, 6, 8, 10, 11])
async def test_an_exception_of_the_machine_is_said_with_its_code_and_keeps_the_connection(
    modbus: ModbusRig, code: int
) -> None:
    link = modbus.link()
    await link.connect()
    modbus.peer.refusal = code
    for call in (link.read, lambda: link.command(COMMAND), lambda: link.beat(1)):
        with pytest.raises(LinkRefused) as error:
            await call()
        assert error.value.code == code
    assert link.connected
    modbus.peer.refusal = 0
    assert (await link.read()).values[0] == modbus.at
    await link.close()


async def test_one_unknown_register_spoils_its_own_tag_only_and_is_asked_for_no_more(modbus: ModbusRig) -> None:
    modbus.peer.illegal = {41}
    link = modbus.link()
    await link.connect()
    scan = await link.read()
    names = [tag.name for tag in modbus.profile.scanned]
    found = dict(zip(names, scan.values, strict=True))
    assert scan.flaws == {"HeaterPower": "illegal-address"}
    assert found == {**modbus.golden["values"], "HeaterPower": None}
    asked = len(modbus.peer.requests)
    assert (await link.read()).flaws == {"HeaterPower": "illegal-address"}
    assert len(modbus.peer.requests) - asked < asked
    assert not any(request[8:10] == b"\0\x29" for request in modbus.peer.requests[asked:])
    modbus.peer.illegal = set()
    await link.connect()
    assert not (await link.read()).flaws
    await link.close()


async def test_an_empty_answer_for_an_illegal_address_is_a_refusal_of_its_own_tag_only(modbus: ModbusRig) -> None:
    modbus.peer.illegal, modbus.peer.illegal_code = {41}, 0
    link = modbus.link()
    await link.connect()
    scan = await link.read()
    assert scan.flaws == {"HeaterPower": "illegal-address"}
    assert [value for value in scan.values if value is None] == [None]
    assert link.connected
    await link.close()


async def test_an_empty_answer_to_an_order_is_a_lie(modbus: ModbusRig) -> None:
    modbus.peer.lie = lambda request, answer: answer[:4] + b"\0\3\1\x10\0"
    link = modbus.link()
    await link.connect()
    with pytest.raises(LinkLied):
        await link.command(COMMAND)
    await link.close()


async def test_a_machine_that_gives_fewer_registers_than_its_table_says_is_asked_for_fewer(modbus: ModbusRig) -> None:
    modbus.peer.most = 12
    link = modbus.link()
    await link.connect()
    names = [tag.name for tag in modbus.profile.scanned]
    assert dict(zip(names, (await link.read()).values, strict=True)) == modbus.golden["values"]
    learning = len(modbus.peer.requests)
    assert not (await link.read()).flaws
    later = modbus.peer.requests[learning:]
    assert len(later) < learning
    assert all(int.from_bytes(request[10:12], "big") <= 12 for request in later)
    await link.close()


@pytest.mark.parametrize("most", [125, 60, 11])
async def test_no_request_asks_for_more_registers_than_the_standard_and_the_table_allow(
    modbus: ModbusRig, most: int
) -> None:
    assert modbus.profile.modbus is not None
    kept = {tag.name: tag for tag in modbus.profile.scanned}
    end = max((tag.address or 0) for tag in kept.values()) + 20
    wide = {
        f"Extra{at}": replace(modbus.profile.tags["Level"], name=f"Extra{at}", address=end + at, type="u16")
        for at in range(300)
    }
    modbus.profile = replace(modbus.profile, tags=kept | wide, modbus=replace(modbus.profile.modbus, max_block=most))
    link = modbus.link()
    await link.connect()
    assert not (await link.read()).flaws
    asked = [int.from_bytes(request[10:12], "big") for request in modbus.peer.requests]
    assert max(asked) == most
    assert sum(asked) >= 300
    await link.close()


async def test_a_register_that_was_refused_is_asked_for_again_after_a_while(
    modbus: ModbusRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.links.modbus._FORGET_S", 0.1)
    modbus.peer.illegal = {41}
    link = modbus.link()
    await link.connect()
    assert (await link.read()).flaws
    modbus.peer.illegal = set()
    assert (await link.read()).flaws
    await asyncio.sleep(0.12)
    assert not (await link.read()).flaws
    await link.close()


async def test_a_machine_that_takes_one_connection_only_is_never_offered_a_second(modbus: ModbusRig) -> None:
    modbus.peer.one_guest = True
    link = modbus.link()
    for spoil in (lambda request, answer: b"", lambda request, answer: answer[:20], _tid(b"\0\0")):
        modbus.peer.lie = spoil
        await link.connect()
        with pytest.raises((LinkTimeout, LinkLied)):
            await link.read()
        modbus.peer.lie = lambda request, answer: answer
        await until(lambda: not modbus.peer.open, 1)
        await link.connect()
        assert (await link.read()).values[0] == modbus.at
        await link.close()
        await until(lambda: not modbus.peer.open, 1)
    assert not modbus.peer.turned_away


async def test_a_machine_without_any_of_the_registers_says_so_for_each(modbus: ModbusRig) -> None:
    modbus.peer.illegal = set(range(60))
    link = modbus.link()
    await link.connect()
    scan = await link.read()
    assert set(scan.flaws) == {tag.name for tag in modbus.profile.scanned}
    assert set(scan.values) == {None}
    await link.close()


async def test_all_registers_with_a_name_are_asked_for_in_one_request(modbus: ModbusRig) -> None:
    link = modbus.link()
    await link.connect()
    await link.read()
    assert [request[7:12] for request in modbus.peer.requests] == [b"\3\0\0\0\x2d"]
    await link.close()


@pytest.mark.parametrize("most", [125, 20, 10])
@pytest.mark.parametrize("refused", [set[int](), {0}, {44}])
async def test_an_order_taken_between_two_requests_is_never_read_with_the_end_of_the_one_before(
    modbus: ModbusRig, most: int, refused: set[int]
) -> None:
    assert modbus.profile.modbus is not None
    modbus.profile = replace(modbus.profile, modbus=replace(modbus.profile.modbus, max_block=most))
    modbus.peer.illegal = refused
    link = modbus.link()
    await link.connect()
    names = [tag.name for tag in modbus.profile.scanned]
    for number in range(17, 27):
        modbus.say(Order=number - 1, OrderStatus=int(OrderStatus.FINISHED))
        answers = count(17 - number)

        def starts(request: bytes, answer: bytes, number: int = number, answers: count[int] = answers) -> bytes:
            if next(answers) == 0:
                modbus.say(Order=number, OrderStatus=int(OrderStatus.RUNNING))
            return answer

        modbus.peer.lie = starts
        said = dict(zip(names, (await link.read()).values, strict=True))
        assert (said["Order"], said["OrderStatus"]) != (number, OrderStatus.FINISHED)
    await link.close()


async def test_a_machine_that_needs_rest_between_requests_gets_it(modbus: ModbusRig) -> None:
    assert modbus.profile.modbus is not None
    modbus.profile = replace(modbus.profile, modbus=replace(modbus.profile.modbus, min_gap_ms=50, max_block=10))
    link = modbus.link()
    await link.connect()
    await link.read()
    times = modbus.peer.request_times
    assert len(times) >= 5
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.049
    await link.close()


async def test_many_requests_on_one_connection_never_get_each_others_answers(modbus: ModbusRig) -> None:
    link = modbus.link()
    await link.connect()
    for number in range(200):
        modbus.peer.put(0, [0, 0, 0, number])
        assert (await link.read()).values[0] == number
    assert modbus.proxy.open == 1
    await link.close()


@pytest.mark.parametrize("seed", range(4))
async def test_a_wire_that_flips_cuts_and_repeats_bytes_never_gives_a_wrong_order_number(
    modbus: ModbusRig, seed: int
) -> None:
    """The head is checked byte by byte; what the data say is for the plausibility to judge. Flips hit the head here."""
    chance = random.Random(seed)

    def spoil(request: bytes, answer: bytes) -> bytes:
        match chance.randrange(5):
            case 0:
                at = chance.randrange(9)
                return answer[:at] + bytes((answer[at] ^ 1 << chance.randrange(8),)) + answer[at + 1 :]
            case 1:
                return answer + answer[: chance.randrange(1, len(answer))]
            case 2:
                return chance.randbytes(chance.randrange(1, 120))
            case 3:
                return answer[chance.randrange(1, 9) :]
            case _:
                return answer

    modbus.peer.lie = spoil
    modbus.profile = replace(modbus.profile, timeout_s=0.05)
    link = modbus.link()
    good = 0
    for _ in range(60):
        try:
            await link.connect()
            scan = await link.read()
        except (
            LinkLied,
            LinkTimeout,
            LinkDown,
        ):  # down: a busy computer connects in more than the short time of this test
            assert not link.connected
            continue
        good += 1
        assert scan.values[0] == modbus.at
        assert not scan.flaws
    assert 3 < good < 40
    await link.close()


@given(st.binary(max_size=300), st.integers(1, 125), st.integers(0, 0xFFFF))
def test_only_the_exact_head_is_ever_taken_for_the_answer(packet: bytes, count: int, transaction: int) -> None:
    start = transaction.to_bytes(2, "big") + b"\0\0"
    expected = Expected(start + b"\0\6\1\3\0\0" + count.to_bytes(2, "big"))
    head = start + (3 + 2 * count).to_bytes(2, "big") + b"\1\3" + bytes((2 * count,))
    refused = start + b"\0\3\1\x83"
    verdict = expected.met_by(packet)
    is_answer = packet[:9] == head and len(packet) == 9 + 2 * count
    is_refusal = packet[:8] == refused and len(packet) == 9
    is_nothing = packet == start + b"\0\3\1\3\0"
    assert (verdict is True) == (is_answer or is_refusal or is_nothing)
    assert expected.met_by(start + b"\0\3\1\3\0") is True
    assert expected.met_by(head + bytes(2 * count)) is True
    assert all(expected.met_by((head + bytes(2 * count))[:size]) is None for size in range(9 + 2 * count))


async def test_an_unknown_unit_that_keeps_silent_is_a_time_out(modbus: ModbusRig) -> None:
    modbus.peer.lie = lambda request, answer: answer if request[6] == 1 else b""
    link = open_link(place(url=f"modbus://127.0.0.1:{modbus.proxy.port}/9"), modbus.profile)
    await link.connect()
    with pytest.raises(LinkTimeout):
        await link.read()
    await link.close()


async def _closed(rig: ModbusRig) -> None:
    await until(lambda: not rig.open_connections(), 1)
