from __future__ import annotations

import asyncio
import random

import pytest

from devices.turn import Turn


async def _hold(turn: Turn, name: str, log: list[str], *, urgent: bool = False, seconds: float = 0.0) -> None:
    await turn.take(urgent=urgent)
    try:
        log.append(name)
        await asyncio.sleep(seconds)
    finally:
        turn.hand_on()


async def test_orders_go_before_polls_and_each_kind_in_order_of_arrival() -> None:
    turn, log = Turn(), list[str]()
    async with asyncio.TaskGroup() as group:
        for name, urgent in [
            ("first", False),
            ("poll 1", False),
            ("poll 2", False),
            ("order 1", True),
            ("order 2", True),
        ]:
            group.create_task(_hold(turn, name, log, urgent=urgent, seconds=0.01))
            await asyncio.sleep(0)
    assert log == ["first", "order 1", "order 2", "poll 1", "poll 2"]


async def test_a_cancelled_waiter_neither_keeps_nor_loses_a_turn() -> None:
    turn, log = Turn(), list[str]()
    holder = asyncio.create_task(_hold(turn, "holder", log, seconds=0.01))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(_hold(turn, f"waiter {n}", log)) for n in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.gather(holder, *waiting, return_exceptions=True)
    assert log == ["holder", "waiter 1", "waiter 2"]


async def test_a_waiter_cancelled_at_the_moment_it_is_let_in_hands_the_turn_on() -> None:
    turn, log = Turn(), list[str]()
    await turn.take()
    waiting = [asyncio.create_task(_hold(turn, f"waiter {n}", log)) for n in range(2)]
    await asyncio.sleep(0)
    turn.hand_on()
    waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert log == ["waiter 1"]
    async with asyncio.timeout(1):
        await turn.take()


@pytest.mark.parametrize("seed", range(5))
async def test_never_two_at_once_and_never_a_turn_lost_whoever_is_cancelled(seed: int) -> None:
    chance, turn = random.Random(seed), Turn()
    inside = most = done = 0

    async def visit() -> None:
        nonlocal inside, most, done
        await turn.take(urgent=chance.random() < 0.3)
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            done += 1
        finally:
            inside -= 1
            turn.hand_on()

    tasks = [asyncio.create_task(visit()) for _ in range(200)]
    for _ in range(60):
        await asyncio.sleep(0)
        chance.choice(tasks).cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 1
    assert done == sum(result is None for result in results) > 100
    async with asyncio.timeout(1):
        await turn.take()
