"""The short form of every row of `make faults` beside the kills, and of their negative controls."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.modbus_peer import ModbusPeer
from tests.contract.proxy import Proxy
from tests.faults import late, naive_wires, opcua_frames, opcua_wires, poison, power, wires
from tests.faults.frames import KINDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

REQUEST = b"\0\1\0\0\0\6\1\3\0\0\0\2"
ANSWER = b"\0\1\0\0\0\7\1\3\4\0\7\0\7"


def test_orders_whose_answers_are_lost_act_once_and_every_doubt_is_settled(tmp_path: Path) -> None:
    row = wires.lose_replies(tmp_path / "floor", n=40, seed=1)
    assert row.violations == 0, row
    assert row.n >= 40
    assert row.seen["lost_without_numbers"] > 0
    assert row.recovery_p99_s < 15


def test_requests_that_come_late_or_twice_start_nothing_twice_and_nothing_that_was_given_up(tmp_path: Path) -> None:
    row = late.keep_requests(tmp_path / "floor", n=80, seed=10)
    assert row.violations == 0, row
    assert row.seen["given_up"] > 0, "some must have been later than their order's time"
    assert row.seen["refused_duplicates"] > 0, "some must have come after a newer one, or twice"


def test_no_wrong_frame_starts_anything_twice_and_each_kind_was_tried(tmp_path: Path) -> None:
    row = wires.lie(tmp_path / "floor", n=600, seed=2)
    assert row.violations == 0, row
    assert all(row.seen[kind] for kind in KINDS)
    assert row.recovery_p99_s < 5


def test_no_wrong_answer_of_an_opcua_server_is_believed_and_each_kind_was_tried(tmp_path: Path) -> None:
    row = opcua_wires.lie(tmp_path / "floor", n=500, seed=12)
    assert row.violations == 0, row.json()
    assert all(row.seen[kind] for kind in opcua_frames.KINDS)
    assert row.seen["good_reads"] > 100
    assert row.seen["starts"] > 0


def test_roads_that_end_somewhere_are_alive_again_by_themselves(tmp_path: Path) -> None:
    row = wires.break_roads(tmp_path / "floor", n=30, seed=3)
    assert row.violations == 0, row
    assert row.seen["starts"] > 100
    assert row.recovery_p99_s < 30


def test_machines_that_boot_in_the_middle_of_a_phase_are_held_and_boil_for_nobody(tmp_path: Path) -> None:
    row = power.reboot(tmp_path / "centre", n=5, seed=4)
    assert row.violations == 0, row
    assert row.seen["boots_noticed"] == row.seen["interrupted"] >= 4
    assert row.seen["batches_held_for_it"] > 0
    assert row.recovery_p99_s < 5


def test_poison_is_flagged_in_time_and_releases_nothing(tmp_path: Path) -> None:
    row = poison.poison(tmp_path / "pots", n=2, seed=5)
    assert row.violations == 0, row
    assert row.n >= 1.5 * len(poison.KINDS)


def test_honest_boils_are_never_doubted(tmp_path: Path) -> None:
    row = poison.clean(tmp_path / "pots", n=10, seed=6)
    assert row.violations == 0, row
    assert row.seen["readings_doubted"] == 0
    assert row.seen["polls"] > 500


def test_the_same_harness_catches_who_asks_again_when_no_answer_comes(tmp_path: Path) -> None:
    row = naive_wires.lose_replies(tmp_path / "floor", n=60, seed=7)
    assert row.double_start > 0
    assert row.seen["double_without_numbers"] > 0


def test_the_same_harness_catches_who_asks_again_while_a_request_is_still_on_its_way(tmp_path: Path) -> None:
    assert naive_wires.keep_requests(tmp_path / "floor", n=40, seed=11).double_start > 0


def test_the_same_harness_catches_who_believes_what_a_library_hands_over(tmp_path: Path) -> None:
    assert naive_wires.lie(tmp_path / "floor", n=200, seed=8).also["accepted_as_good"] > 20


def test_the_same_harness_catches_who_believes_what_another_library_hands_over(tmp_path: Path) -> None:
    assert opcua_wires.believe(tmp_path / "floor", n=80, seed=13).also["accepted_as_good"] > 10


async def _ask(port: int, within_s: float = 0.5) -> bytes:
    """What a fresh connection gets for the request, empty where that is nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(REQUEST)
        return await asyncio.wait_for(reader.read(100), within_s)
    except TimeoutError:
        return b""
    finally:
        writer.close()


@pytest.fixture
async def wire() -> AsyncIterator[Proxy]:
    peer = ModbusPeer()
    await peer.start()
    peer.put(0, [7, 7])
    made = Proxy(peer.port)
    await made.switch_on()
    yield made
    await made.switch_off()
    await peer.stop()


async def test_a_blackhole_does_not_even_answer_a_connection_and_ends(wire: Proxy) -> None:
    assert await _ask(wire.port) == ANSWER
    await wire.blackhole()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", wire.port), 0.4)
    await wire.clear()
    assert await _ask(wire.port) == ANSWER


async def test_a_half_open_connection_is_silent_and_a_new_one_works(wire: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(REQUEST)
    assert await reader.readexactly(len(ANSWER)) == ANSWER
    wire.half_open()
    writer.write(REQUEST)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.3)
    assert await _ask(wire.port) == ANSWER
    writer.close()


async def test_a_slow_wire_takes_its_time_and_a_delayed_one_waits(wire: Proxy) -> None:
    wire.bytes_per_s = 50
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    began_s = time.monotonic()
    writer.write(REQUEST)
    assert await asyncio.wait_for(reader.readexactly(len(ANSWER)), 3) == ANSWER
    assert 0.2 < time.monotonic() - began_s < 1.5
    writer.close()
    await wire.clear()
    wire.delay_s = 0.3
    assert await _ask(wire.port, 0.15) == b""
    assert await _ask(wire.port, 2) == ANSWER


async def test_an_answer_can_be_lost_doubled_or_replaced(wire: Proxy) -> None:
    wire.spoil = lambda request, answer: []
    assert await _ask(wire.port, 0.2) == b""
    wire.spoil = lambda request, answer: [(0.0, answer), (0.0, request)]
    assert await _ask(wire.port) == ANSWER + REQUEST
