"""The line: durability before anything leaves, groups, refusals in their turn, and the end after a failed commit."""

from __future__ import annotations

import asyncio
import json
from math import nan
from typing import TYPE_CHECKING

import pytest

from controller.model.facts import ZoneExcursion
from controller.model.floor import Floor
from controller.model.intents import ReportLink, ReportMachine
from controller.model.refusal import Refusal
from controller.pipeline import Outcome
from controller.runtime.inbox import Inbox, LineBusy, LineStopped
from controller.store import ScanRow
from devices.model import LinkState, Mode, OrderStatus, RefusedReason, State, Step
from tests.runtime_fakes import FAILURE, NOW, ObedientJournal, cancel, running_line, until

if TYPE_CHECKING:
    from controller.model.world import World


def a_report(machine: str) -> ReportMachine:
    return ReportMachine(
        machine, NOW, State.IDLE, Step.NONE, Mode.PRODUCE, 1, 0, 1, 0, OrderStatus.NONE, 0, 0, RefusedReason.NONE, "", 0
    )  # fmt: skip


async def test_nothing_leaves_before_its_group_is_durable() -> None:
    async with running_line() as run:
        run.journal.gate.clear()
        answer = asyncio.create_task(run.line.submit(cancel("1", "order")))
        await until(lambda: run.journal.began == 1)
        await asyncio.sleep(0.02)
        assert (run.left, answer.done(), run.line.seq, run.line.floor.at) == ([], False, 0, 0)
        run.journal.gate.set()
        assert [fact.seq for fact in (await answer).facts] == [1]
        assert run.line.seq == 1
        assert run.line.floor.at == NOW
        assert [order.number for order in run.left[0].orders] == [1]
        assert run.left[0].facts[0].fact == run.journal.facts[0]


async def test_orders_and_feed_leave_before_the_answer_does() -> None:
    async with running_line() as run:
        await run.line.submit(cancel("1"))
        assert len(run.left) == 1


async def test_a_refusal_waits_for_the_earlier_group() -> None:
    async with running_line() as run:
        run.journal.gate.clear()
        first = asyncio.create_task(run.line.submit(cancel("1")))
        await until(lambda: run.journal.began == 1)
        refused = asyncio.create_task(run.line.submit(cancel("2", "refuse")))
        await asyncio.sleep(0.02)
        assert not refused.done()
        run.journal.gate.set()
        answer = await refused
        assert answer.refusal is not None
        assert answer.refusal.rule == "too-late"
        assert first.done()
        assert len(run.journal.groups) == 1, "a refusal needs no transaction"


async def test_what_is_decided_during_a_commit_goes_into_one_group() -> None:
    async with running_line() as run:
        run.journal.gate.clear()
        first = asyncio.create_task(run.line.submit(cancel("1")))
        await until(lambda: run.journal.began == 1)
        rest = [asyncio.create_task(run.line.submit(cancel(str(number)))) for number in range(2, 33)]
        await asyncio.sleep(0.02)
        run.journal.gate.set()
        answers = await asyncio.gather(first, *rest)
        assert [len(group.facts) for group in run.journal.groups] == [1, 31]
        assert [answer.facts[0].seq for answer in answers] == list(range(1, 33))
        assert set(run.journal.groups[1].rows) == {("case", str(number)) for number in range(2, 33)}


async def test_a_failed_commit_stops_everybody_and_no_order_leaves() -> None:
    journal = ObedientJournal(failure=FAILURE)
    async with running_line(journal) as run:
        journal.gate.clear()
        waiting = [asyncio.create_task(run.line.submit(cancel("1", "order")))]
        await until(lambda: journal.began == 1)
        waiting += [asyncio.create_task(run.line.submit(cancel("2", reason))) for reason in ("", "refuse")]
        await asyncio.sleep(0.02)
        journal.gate.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [LineStopped] * 3
        with pytest.raises(ExceptionGroup) as ended:
            await run.task
        assert ended.value.exceptions == (FAILURE,)
        assert (run.left, run.line.seq, journal.began) == ([], 0, 1)
        with pytest.raises(LineStopped):
            await run.line.submit(cancel("3"))


async def test_a_caller_who_leaves_does_not_take_the_commit_along() -> None:
    async with running_line() as run:
        run.journal.gate.clear()
        gone = asyncio.create_task(run.line.submit(cancel("1", "order")))
        await until(lambda: run.journal.began == 1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        run.journal.gate.set()
        await until(lambda: len(run.left) == 1)
        assert [fact.case for fact in run.journal.facts] == ["1"]
        assert len((await run.line.submit(cancel("2"))).facts) == 1


async def test_a_bug_in_a_rule_refuses_one_intent_and_the_line_goes_on() -> None:
    async with running_line() as run:
        answer = await run.line.submit(cancel("1", "bug"))
        assert answer.refusal is not None
        assert answer.refusal.rule == "internal-error"
        assert run.line.floor == Floor()
        assert [(entry["event"], entry["intent"]) for entry in run.logs] == [("intent-failed", "CancelPrescription")]
        assert "测试患者001" not in json.dumps({**run.logs[0], "exc_info": ""}, default=str)
        assert len((await run.line.submit(cancel("2"))).facts) == 1


async def test_a_fact_that_cannot_be_stored_refuses_its_intent_and_the_line_goes_on() -> None:
    def measures(floor: Floor, intent: object, world: World) -> Outcome:
        celsius = nan if intent == cancel("1") else 21.0
        return Outcome(floor, (ZoneExcursion(world.now, "normal", celsius, 50.0, ()),))

    async with running_line(handle=measures) as run:
        refused = await run.line.submit(cancel("1"))
        assert refused.refusal is not None
        assert refused.refusal.rule == "internal-error"
        assert len((await run.line.submit(cancel("2"))).facts) == 1
        assert {fact.celsius for fact in run.journal.facts if isinstance(fact, ZoneExcursion)} == {21.0}


async def test_what_nobody_waits_for_and_a_rule_failed_on_is_told_of() -> None:
    def fails(floor: Floor, intent: object, world: World) -> Outcome:
        del floor, world
        raise ValueError(intent)

    undecided: list[object] = []
    async with running_line(handle=fails, undecided=undecided.append) as run:
        await run.line.submit(cancel("1"))
        told = [a_report("pot-02"), ReportLink("pot-01", LinkState.FRESH)]
        for intent in told:
            run.line.post(intent)
        await until(lambda: len(undecided) == 2)
        assert undecided == told


async def test_what_is_attached_is_written_with_the_facts() -> None:
    async with running_line() as run:
        row = ScanRow("n-1", b"{}", NOW)
        await run.line.submit(cancel("1"), attach=lambda outcome: [row] if outcome.facts else [])
        assert (run.journal.groups[0].writes, len(run.journal.groups[0].facts)) == ([row], 1)
        await run.line.submit(cancel("1", "refuse"), attach=lambda outcome: [row] if outcome.refusal else [])
        assert (run.journal.groups[1].writes, len(run.journal.groups[1].facts)) == ([row], 0)


async def test_a_failing_attachment_leaves_the_floor_untouched() -> None:
    async with running_line() as run:
        answer = await run.line.submit(cancel("1"), attach=lambda outcome: [outcome.facts[9]])  # type: ignore[list-item]
        assert answer.refusal is not None
        assert run.line.floor == Floor()


async def test_time_never_runs_backwards_for_a_decision() -> None:
    async with running_line(floor=Floor(at=NOW + 5000)) as run:
        answer = await run.line.submit(cancel("1"))
        assert answer.facts[0].at == NOW + 5000


async def test_stopping_makes_durable_what_was_decided_and_turns_away_the_rest() -> None:
    async with running_line() as run:
        run.journal.gate.clear()
        first = asyncio.create_task(run.line.submit(cancel("1")))
        await until(lambda: run.journal.began == 1)
        decided = asyncio.create_task(run.line.submit(cancel("2")))
        await asyncio.sleep(0.02)
        run.line.stop()
        with pytest.raises(LineStopped):
            await run.line.submit(cancel("3"))
        run.journal.gate.set()
        await run.task
        assert len((await first).facts) == len((await decided).facts) == 1
        assert len(run.left) == 2


async def test_a_full_inbox_says_so_to_people_and_never_to_machines() -> None:
    async with running_line(inbox=Inbox(people_most=1)) as run:
        first = asyncio.create_task(run.line.submit(cancel("1")))
        second = asyncio.create_task(run.line.submit(cancel("2")))
        await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(second.exception(), LineBusy)
        for number in range(100):
            run.line.post(ReportLink(f"pot-{number}", LinkState.FRESH))
        await until(lambda: len(run.journal.facts) == 101)


async def test_tokens_are_sixteen_letters_and_digits_and_never_the_same() -> None:
    tokens: list[str] = []

    def drawing(floor: Floor, _intent: object, world: World) -> Outcome:
        tokens.append(world.new_token())
        return Outcome(floor, refusal=Refusal("drawn"))

    async with running_line(handle=drawing) as run:
        for _ in range(600):
            await run.line.submit(cancel("1"))
    assert len(set(tokens)) == 600
    assert {len(token) for token in tokens} == {16}
    assert all(set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for token in tokens)
