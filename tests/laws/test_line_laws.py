"""Laws of the line, over any order of asking, reporting, leaving, slow commits and one failing commit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.model.floor import Floor
from controller.model.intents import AcknowledgeAlarm, EnrolPerson, ReportLink, ReportZone, Tick
from controller.pipeline import evolve, handle
from controller.runtime.inbox import Answer, LineStopped
from devices.model import LinkState
from tests import pure_line
from tests.runtime_fakes import FAILURE, ObedientJournal, RunningLine, cancel, running_line, simple_rules

if TYPE_CHECKING:
    from controller.model.intents import ExternalIntent

READY = pure_line.PureLine.ready().floor.stored()
MACHINES = st.sampled_from(sorted(READY.machines))
REAL_INTENTS = st.one_of(
    st.builds(ReportLink, MACHINES, st.sampled_from([LinkState.FRESH, LinkState.STALE])),
    st.builds(ReportZone, st.just("normal"), st.sampled_from([20.0, 45.0]), st.just(50.0)),
    st.builds(EnrolPerson, st.sampled_from(list(pure_line.PEOPLE.values()))),
    st.builds(
        AcknowledgeAlarm,
        MACHINES.map(lambda name: f"link-stale:{name}"),
        st.just(pure_line.badge("operator")),
        st.just("st"),
    ),
    st.just(Tick()),
)
SIMPLE_INTENTS = st.builds(cancel, st.integers(1, 99).map(str), st.sampled_from(["", "order", "refuse", "bug"]))
STEPS = st.sampled_from(["hold", "release", "breathe", "leave"])


@dataclass
class Script:
    """One run: what was asked, and what came of it."""

    run: RunningLine
    asked: list[asyncio.Task[Answer]] = field(default_factory=list)
    durable_facts: list[Any] = field(default_factory=list)

    async def play(self, steps: list[Any]) -> None:
        for step in steps:
            match step:
                case "hold":
                    self.run.journal.gate.clear()
                case "release":
                    self.run.journal.gate.set()
                case "breathe":
                    await asyncio.sleep(0.001)
                case "leave":
                    if self.asked:
                        self.asked[len(self.asked) // 2].cancel()
                case ("post", intent):
                    self.run.line.post(intent)
                case intent:
                    self.asked.append(asyncio.create_task(self.run.line.submit(intent)))
            self.check()

    def check(self) -> None:
        """What has left is a beginning of what is durable, in its order, without a gap."""
        left = [stored for durable in self.run.left for stored in durable.facts]
        durable = self.run.journal.facts
        assert [stored.fact for stored in left] == durable[: len(left)]
        assert [stored.seq for stored in left] == list(range(1, len(left) + 1))
        assert self.run.line.seq == len(left)
        orders = [order.number for durable in self.run.left for order in durable.orders]
        assert orders == [int(stored.fact.case) for stored in left if getattr(stored.fact, "reason", "") == "order"]
        numbers = {stored.seq for stored in left}
        for task in self.asked:
            if task.done() and not task.cancelled() and task.exception() is None:
                assert {stored.seq for stored in task.result().facts} <= numbers

    async def finish(self) -> list[Answer | BaseException]:
        """Let everything come to its end."""
        self.run.journal.gate.set()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*self.asked, return_exceptions=True)
        self.run.line.stop()
        async with asyncio.timeout(5):
            await asyncio.gather(self.run.task, return_exceptions=True)
        self.check()
        return answers


def steps(intents: st.SearchStrategy[ExternalIntent]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(intents, STEPS, intents.map(lambda intent: ("post", intent))), max_size=30)


LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAW
@given(steps(SIMPLE_INTENTS))
def test_what_leaves_is_durable_and_everybody_gets_an_answer(script_of: list[Any]) -> None:
    async def play() -> None:
        async with running_line() as run:
            script = Script(run)
            await script.play(script_of)
            for answer in await script.finish():
                assert isinstance(answer, Answer | asyncio.CancelledError)

    asyncio.run(play())


@LAW
@given(steps(SIMPLE_INTENTS), st.integers(0, 5))
def test_after_a_failed_commit_nothing_leaves_and_nobody_is_told_yes(script_of: list[Any], good: int) -> None:
    class Failing(ObedientJournal):
        def commit(self, group: Any) -> int:
            self.failure = FAILURE if self.began >= good else None
            return super().commit(group)

    async def play() -> None:
        journal = Failing()
        async with running_line(journal) as run:
            script = Script(run)
            await script.play(script_of)
            answers = await script.finish()
            assert journal.began <= good + 1, "a failed commit is not tried again"
            told = [answer for answer in answers if isinstance(answer, Answer)]
            assert all(isinstance(answer, Answer | LineStopped | asyncio.CancelledError) for answer in answers)
            assert sum(len(answer.facts) for answer in told) <= len(journal.facts)

    asyncio.run(play())


@LAW
@given(steps(REAL_INTENTS))
def test_the_durable_floor_is_the_fold_of_the_journal(script_of: list[Any]) -> None:
    async def play() -> None:
        async with running_line(handle=handle, floor=READY) as run:
            script = Script(run)
            await script.play(script_of)
            await script.finish()
            assert run.line.floor == reduce(evolve, run.journal.facts, READY).stored()

    asyncio.run(play())


@LAW
@given(st.lists(SIMPLE_INTENTS, max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_a_line_with_slow_commits_decides_the_same_as_one_with_fast_ones(
    intents: list[ExternalIntent], holds: list[bool]
) -> None:
    async def facts_of(*, slow: bool) -> list[Any]:
        async with running_line(handle=simple_rules, floor=Floor()) as run:
            script = Script(run)
            for intent, hold in zip(intents, holds, strict=False):
                await script.play(["hold" if slow and hold else "release", intent, "breathe"])
            await script.finish()
            return run.journal.facts

    assert asyncio.run(facts_of(slow=True)) == asyncio.run(facts_of(slow=False))
