from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from devices.errors import CodecError, LinkDown, LinkRefused, LinkStale
from devices.links.memory import MemoryLink, MemoryMachine
from devices.machine import ProfiledMachine
from devices.model import (
    Accepted,
    Expired,
    Failed,
    Finished,
    OrderStatus,
    Receipt,
    Refused,
    RefusedReason,
    State,
    Unknown,
)
from devices.profile import Profile, load_profile
from tests.contract.words import BATCH, order, place, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.model import Snapshot

POT = load_profile("pot-modbus")
HASTY = replace(POT, timeout_s=0.1, command=replace(POT.command, accept_s=0.4))  # type: ignore[type-var]


def _now() -> int:
    return 1_000


class Bench:
    """A machine in memory and its driver, with everything that went over the link counted."""

    def __init__(self, profile: Profile = HASTY) -> None:
        self.peer = MemoryMachine(profile)
        self.link = CountingLink(self.peer)
        self.machine = ProfiledMachine(place(), profile, self.link)

    async def order(self, number: int = 17, *, epoch: int = 1, verb: str = "charge", not_after: int = 2**62) -> Receipt:
        return await self.machine.order(order(number, verb, not_after=not_after), epoch, _now)

    @property
    def effects(self) -> list[int]:
        return [number for number, _, _ in self.peer.effects]


class CountingLink(MemoryLink):
    """A memory link that counts commands and connections, and may refuse."""

    def __init__(self, machine: MemoryMachine) -> None:
        super().__init__(machine)
        self.commands = self.connections = 0
        self.refusal: LinkRefused | None = None
        self.down_at_command = 0

    async def connect(self) -> None:
        self.connections += 1
        await super().connect()

    async def command(self, values: Sequence[int | str]) -> None:
        if self.down_at_command:
            self.down_at_command -= 1
            await self.close()
            raise LinkDown("gone")
        self.commands += 1
        if self.refusal is not None:
            raise self.refusal
        await super().command(values)


async def test_an_order_is_sent_once_and_accepted_by_its_echo() -> None:
    bench = Bench()
    assert await bench.order() == Accepted(17)
    assert bench.peer.effects == [(17, "charge", BATCH)]
    said = await bench.machine.read()
    assert (said.order, said.epoch, said.batch, said.state) == (17, 1, BATCH, State.EXECUTE)


async def test_an_order_that_was_taken_is_never_sent_again() -> None:
    bench = Bench()
    await bench.order()
    assert await bench.order() == Accepted(17)
    bench.peer.finish(3990)
    assert await bench.order() == Finished(17, 3990)
    bench.peer.finish(0, OrderStatus.FAILED)
    bench.peer.values["ErrorConditions"] = 6
    assert await bench.order() == Failed(17, 6)
    assert (bench.effects, bench.link.commands) == ([17], 1)


async def test_a_lost_answer_is_settled_by_reading() -> None:
    bench = Bench()
    bench.peer.loses_answers = True
    assert await bench.order() == Accepted(17)
    assert (bench.effects, bench.link.commands, bench.link.connections) == ([17], 1, 2)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        ({"StateCurrent": State.EXECUTE}, RefusedReason.BUSY),
        ({"Epoch": 2}, RefusedReason.EPOCH),
        ({"Order": 18}, RefusedReason.DUPLICATE),
        ({"Order": 17, "BatchTag": "B-other"}, RefusedReason.DUPLICATE),
    ],
)
async def test_a_refusal_says_why_and_has_no_effect(prepare: dict[str, int | str], reason: RefusedReason) -> None:
    bench = Bench()
    bench.peer.values |= prepare
    assert await bench.order() == Refused(17, reason)
    assert bench.effects == []


async def test_what_the_profile_forbids_never_reaches_the_wire() -> None:
    bench = Bench()
    assert await bench.machine.order(order(verb="charge", parameters={"load_ml": 1}), 1, _now) == Refused(
        17, RefusedReason.PARAMETER
    )
    assert await bench.machine.order(replace(order(), verb="fry"), 1, _now) == Refused(17, RefusedReason.VERB)
    assert bench.link.connections == bench.link.commands == 0


async def test_past_its_time_an_order_is_not_sent() -> None:
    bench = Bench()
    assert await bench.order(not_after=999) == Expired(17)
    assert bench.link.connections == 0


async def test_an_order_waits_for_the_machine_until_its_time_is_over() -> None:
    bench = Bench()
    bench.peer.reachable = False
    began = time.monotonic()
    receipt = await bench.machine.order(order(not_after=600), 1, lambda: int((time.monotonic() - began) * 1000))
    assert receipt == Expired(17)
    assert 0.5 < time.monotonic() - began < 1.5
    assert bench.link.commands == 0


async def test_an_order_goes_out_when_the_machine_comes_back_in_time() -> None:
    bench = Bench()
    bench.peer.reachable = False
    waiting = asyncio.create_task(bench.order())
    await asyncio.sleep(0.3)
    bench.peer.reachable = True
    assert await waiting == Accepted(17)
    assert bench.link.commands == 1


async def test_a_machine_that_has_booted_since_never_gets_the_order() -> None:
    bench = Bench()
    earlier = (await _seen(bench)).boot
    bench.peer.values["BootCount"] = earlier + 1
    assert (await _seen(bench)).boot != earlier
    began = time.monotonic()
    stale = replace(order(not_after=600), boot=earlier)
    receipt = await bench.machine.order(stale, 1, lambda: int((time.monotonic() - began) * 1000))
    assert receipt == Expired(17)
    assert bench.link.commands == 0
    fresh = replace(order(), boot=(await _seen(bench)).boot)
    assert await bench.machine.order(fresh, 1, _now) == Accepted(17)


async def _seen(bench: Bench) -> Snapshot:
    await bench.machine.connect()
    return await bench.machine.read()


async def test_time_that_runs_out_while_waiting_for_the_turn_stops_the_order() -> None:
    bench = Bench()
    times = iter([1_000, 3_000])
    assert await bench.machine.order(order(not_after=2_000), 1, lambda: next(times)) == Expired(17)
    assert bench.link.commands == 0


async def test_nothing_sent_means_that_it_may_be_tried_again() -> None:
    bench = Bench()
    bench.link.down_at_command = 2
    assert await bench.order() == Accepted(17)
    assert (bench.link.commands, bench.effects) == (1, [17])


async def test_silence_after_sending_is_unknown_and_not_sent_again() -> None:
    bench = Bench()

    async def fall_silent() -> None:
        await until(lambda: bench.link.commands, 1)
        bench.peer.silent = True

    _, receipt = await asyncio.gather(fall_silent(), bench.order())
    assert isinstance(receipt, Unknown)
    assert bench.link.commands == 1


async def test_a_machine_that_ignores_the_order_gives_unknown_after_the_time_for_an_echo() -> None:
    bench = Bench()
    bench.peer.obey = lambda values: None  # type: ignore[method-assign]
    began = time.monotonic()
    assert isinstance(await bench.order(), Unknown)
    assert 0.4 <= time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("code", "reason"), [(6, RefusedReason.BUSY), (2, RefusedReason.VERB), (3, RefusedReason.PARAMETER)]
)
async def test_a_refusal_on_the_wire_is_believed_after_reading(code: int, reason: RefusedReason) -> None:
    bench = Bench()
    bench.link.refusal = LinkRefused("no", code=code)
    assert await bench.order() == Refused(17, reason)
    assert bench.effects == []


async def test_a_refusal_on_the_wire_does_not_outweigh_the_echo() -> None:
    bench = Bench()

    async def obey_and_refuse(values: Sequence[int | str]) -> None:
        bench.peer.obey(values)
        raise LinkRefused("gateway", code=11)

    bench.link.command = obey_and_refuse  # type: ignore[method-assign]
    assert await bench.order() == Accepted(17)


async def test_settling_reads_and_never_sends() -> None:
    bench = Bench()
    assert await bench.machine.settle(order(17), -1) is None
    read_at = (await bench.machine.read()).at
    with pytest.raises(LinkStale):  # a reading from before the order left, as of a frozen machine, disproves nothing
        await bench.machine.settle(order(17), read_at + 3_600_000)
    await bench.order(17)
    assert await bench.machine.settle(order(17), read_at + 3_600_000) == Accepted(17), "proof that it acted has no age"
    assert await bench.machine.settle(order(17), -1) == Accepted(17)
    bench.peer.finish(4000)
    assert await bench.machine.settle(order(17), -1) == Finished(17, 4000)
    assert await bench.machine.settle(order(18), -1) is None
    assert bench.link.commands == 1
    bench.peer.reachable = False
    await bench.machine.close()
    with pytest.raises(LinkDown):
        await bench.machine.settle(order(17), -1)


async def test_a_machine_whose_words_make_no_sense_gets_no_order() -> None:
    bench = Bench()
    bench.peer.flaws["Order"] = "illegal-address"
    await bench.machine.connect()
    with pytest.raises(CodecError):
        await bench.machine.read()
    began = time.monotonic()
    assert await bench.machine.order(
        order(not_after=300), 1, lambda: int((time.monotonic() - began) * 1000)
    ) == Expired(17)
    assert bench.link.commands == 0


@pytest.mark.parametrize("handshake", ["busy", "none"])
async def test_without_an_echo_a_doubtful_order_goes_to_a_person_and_is_never_sent_twice(handshake: str) -> None:
    bench = Bench(replace(HASTY, handshake=handshake))  # type: ignore[arg-type]
    bench.peer.loses_answers = True
    bench.peer.obey = lambda values: None  # type: ignore[method-assign]
    assert isinstance(await bench.order(), Unknown)
    assert isinstance(await bench.order(), Unknown)
    assert isinstance(await bench.order(not_after=999), Unknown)
    assert bench.link.commands == 1


@pytest.mark.parametrize("handshake", ["busy", "none"])
async def test_without_an_echo_a_clear_order_is_accepted(handshake: str) -> None:
    bench = Bench(replace(HASTY, handshake=handshake))  # type: ignore[arg-type]
    assert await bench.order() == Accepted(17)


async def test_cancelled_at_any_moment_an_order_has_at_most_one_effect_and_the_machine_stays_usable() -> None:
    moments = 0
    finished = False
    while not finished:
        bench = Bench()
        bench.peer.delay_s = 0.001
        task = asyncio.create_task(bench.order())
        for _ in range(moments):
            await asyncio.sleep(0.0005)
        finished = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(bench.effects) <= 1
        assert await bench.order() == Accepted(17)
        assert bench.effects == [17]
        assert await bench.order(18) == Refused(18, RefusedReason.BUSY)
        moments += 1
    assert moments > 5  # a busy machine sees fewer of them


class StepwiseLink(MemoryLink):
    """A memory link that stops at every await until it is told to go on."""

    def __init__(self, machine: MemoryMachine, stop_at: int) -> None:
        super().__init__(machine)
        self.steps = 0
        self.stop_at = stop_at
        self.stopped = asyncio.Event()

    async def _answer(self) -> None:
        self.steps += 1
        if self.steps == self.stop_at:
            self.stopped.set()
            try:
                await asyncio.sleep(60)
            finally:
                await self.close()
        await super()._answer()


@pytest.mark.parametrize("stop_at", [1, 2, 3])
async def test_cancelled_inside_a_transaction_the_next_order_reads_before_it_sends(stop_at: int) -> None:
    peer = MemoryMachine(HASTY)
    link = StepwiseLink(peer, stop_at)
    machine = ProfiledMachine(place(), HASTY, link)
    task = asyncio.create_task(machine.order(order(17), 1, _now))
    await asyncio.wait_for(link.stopped.wait(), 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await machine.order(order(17), 1, _now) == Accepted(17)
    assert [number for number, _, _ in peer.effects] == [17]


async def test_a_cancellation_that_a_library_swallowed_still_arrives() -> None:
    bench = Bench()
    await bench.machine.connect()

    async def swallow() -> object:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return await MemoryLink.read(bench.link)

    bench.link.read = swallow  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(bench.machine.read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_that_met_a_failing_answer_is_not_lost() -> None:
    bench = Bench()
    await bench.machine.connect()

    async def fail() -> object:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise LinkDown("the answer came in the same instant") from None

    bench.link.read = fail  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(bench.machine.read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_polls_and_orders_share_the_link_and_never_overlap() -> None:
    bench = Bench()
    bench.peer.delay_s = 0.002
    busy = overlaps = 0
    answer = bench.link._answer

    async def watched() -> None:
        nonlocal busy, overlaps
        busy += 1
        overlaps += busy > 1
        try:
            await answer()
        finally:
            busy -= 1

    bench.link._answer = watched  # type: ignore[method-assign]
    await bench.machine.connect()
    polls = [bench.machine.read() for _ in range(20)]
    receipts = await asyncio.gather(*polls, bench.order(17), *(bench.machine.beat(n) for n in range(5)))
    assert receipts[20] == Accepted(17)
    assert overlaps == 0
    assert bench.peer.beats == [0, 1, 2, 3, 4]
