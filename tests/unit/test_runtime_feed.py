"""The feed: every fact once and in order, from memory or from the store, and an end for who falls behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from controller.model.facts import PrescriptionCancelled
from controller.runtime.feed import MOST_BYTES, MOST_FACTS, Feed, Subscription
from controller.store import StoredFact

if TYPE_CHECKING:
    from collections.abc import Sequence


class Journal:
    """All facts so far, and how often somebody had to read them."""

    def __init__(self) -> None:
        self.facts: list[StoredFact] = []
        self.reads = 0

    def grow(self, number: int) -> list[StoredFact]:
        first = len(self.facts) + 1
        new = [
            StoredFact(seq, seq, "PrescriptionCancelled", "c", PrescriptionCancelled(seq, "c", ""))
            for seq in range(first, first + number)
        ]
        self.facts += new
        return new

    def read(self, seq: int, limit: int) -> Sequence[StoredFact]:
        self.reads += 1
        return self.facts[seq : seq + limit]


async def numbers(listener: Subscription, count: int) -> list[int]:
    async with asyncio.timeout(5):
        return [(await anext(listener)).seq for _ in range(count)]


async def test_a_listener_gets_every_fact_once_and_in_order() -> None:
    journal = Journal()
    feed = Feed(0, journal.read)
    listener = feed.subscribe(0)
    feed.publish(journal.grow(3))
    assert await numbers(listener, 3) == [1, 2, 3]
    waiting = asyncio.create_task(numbers(listener, 2))
    await asyncio.sleep(0)
    feed.publish(journal.grow(2))
    assert await waiting == [4, 5]
    assert journal.reads == 0


async def test_a_listener_who_comes_back_goes_on_where_it_was_from_store_and_memory() -> None:
    journal = Journal()
    journal.grow(700)
    feed = Feed(700, journal.read)
    feed.publish(journal.grow(50))
    listener = feed.subscribe(10)
    got = asyncio.create_task(numbers(listener, 745))
    await asyncio.sleep(0.01)
    feed.publish(journal.grow(5))
    assert await got == list(range(11, 756))
    assert not listener.closed


async def test_one_who_asks_for_the_future_hears_the_next_fact() -> None:
    journal = Journal()
    feed = Feed(0, journal.read)
    listener = feed.subscribe(99)
    feed.publish(journal.grow(1))
    assert await numbers(listener, 1) == [1]


async def test_a_live_listener_a_thousand_facts_behind_is_cut_and_can_come_back() -> None:
    journal = Journal()
    feed = Feed(0, journal.read)
    listener = feed.subscribe(0)
    feed.publish(journal.grow(1))
    assert await numbers(listener, 1) == [1]
    waiting = asyncio.create_task(anext(listener))
    await asyncio.sleep(0)
    feed.publish(journal.grow(MOST_FACTS))
    assert (await waiting).seq == 2
    assert not listener.closed
    feed.publish(journal.grow(2))
    assert listener.closed
    with pytest.raises(StopAsyncIteration):
        await anext(listener)
    again = feed.subscribe(listener.seq)
    assert await numbers(again, 1001) == list(range(3, 1004))


async def test_a_live_listener_a_megabyte_behind_is_cut() -> None:
    journal = Journal()
    feed = Feed(0, journal.read, weigh=lambda _: MOST_BYTES // 4)
    listener = feed.subscribe(0)
    waiting = asyncio.create_task(anext(listener))
    await asyncio.sleep(0)
    for _ in range(5):
        feed.publish(journal.grow(1))
        await asyncio.sleep(0)
    await waiting
    assert not listener.closed
    feed.publish(journal.grow(1))
    assert listener.closed


async def test_a_reader_who_keeps_up_is_never_cut() -> None:
    journal = Journal()
    feed = Feed(0, journal.read, weigh=lambda _: MOST_BYTES // 3)
    listener = feed.subscribe(0)
    for _ in range(20):
        feed.publish(journal.grow(2))
        await numbers(listener, 2)
    assert not listener.closed


async def test_catching_up_over_a_long_history_is_not_falling_behind() -> None:
    journal = Journal()
    journal.grow(5 * MOST_FACTS)
    feed = Feed(5 * MOST_FACTS, journal.read)
    listener = feed.subscribe(0)
    await numbers(listener, 10)
    feed.publish(journal.grow(2 * MOST_FACTS))
    assert await numbers(listener, 7 * MOST_FACTS - 10) == list(range(11, 7 * MOST_FACTS + 1))


async def test_closing_the_feed_ends_everybody() -> None:
    feed = Feed(0, Journal().read)
    listeners = [feed.subscribe(0) for _ in range(3)]
    waiting = [asyncio.create_task(anext(listener)) for listener in listeners]
    await asyncio.sleep(0)
    feed.close()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [StopAsyncIteration] * 3


async def test_who_left_costs_nothing_any_more() -> None:
    journal = Journal()
    weighed: list[StoredFact] = []
    feed = Feed(0, journal.read, weigh=lambda fact: weighed.append(fact) or 1)
    listener = feed.subscribe(0)
    listener.close()
    feed.publish(journal.grow(3))
    assert weighed == []
