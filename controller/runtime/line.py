"""Nothing about a decision leaves before it and every earlier one is durable.

The line holds two floors. Intents are decided one at a time on the floor ahead; the writer takes every fact decided since its
last commit and commits them as one group, while decisions go on. Only then the durable floor moves, and orders, feed and
answers leave, refusals too, since they may rest on facts that a failed commit takes back. After a failed or unknown commit
nothing is tried again: whoever waits gets LineStopped and `run` raises, so that the process exits and recovery decides.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from controller.model.intents import ReportSelf, ScanCode
from controller.model.refusal import Refusal
from controller.model.world import World
from controller.pipeline import Outcome
from controller.pipeline import handle as decide_by_the_rules
from controller.runtime import metrics
from controller.runtime.ailments import Ailments
from controller.runtime.inbox import Answer, Inbox, Lane, LineStopped, Waiting
from controller.runtime.tokens import Tokens
from controller.store import Group, StoredFact, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.model.facts import Fact
    from controller.model.floor import Floor
    from controller.model.intents import ExternalIntent
    from controller.model.world import Book
    from controller.store import Write
    from devices.model import Order
    from devices.site import PlantClock

_SLICE_S: Final = 0.005
"""Wall seconds of deciding after which others on the loop have their turn."""
_GATHER_STEP_S: Final = 0.001
_GATHER_MOST_S: Final = 0.005
"""Wall seconds for which a commit waits for company: at all, and for how long while company keeps coming."""
_FACTS_AHEAD: Final = 5_000
"""Decided facts that may wait for the writer before deciding pauses."""
_LOG = structlog.get_logger(__name__)


class Journal(Protocol):
    """What the line needs of a store."""

    def commit(self, group: Group) -> int:
        """Write one group in one transaction and return the number of its last fact. Raises where it is not durable."""
        ...


@dataclass(frozen=True, slots=True)
class Durable:
    """One group after its commit: what may leave now."""

    facts: tuple[StoredFact, ...]
    orders: tuple[Order, ...]


_Owed = tuple[asyncio.Future[Answer], int, int, Refusal | None]
"""Who waits, and for which facts of the group: from, up to."""


@dataclass(slots=True)
class _Ahead:
    """What was decided since the writer last took a group."""

    facts: list[Fact] = field(default_factory=list["Fact"])
    texts: list[str] = field(default_factory=list[str])
    orders: list[Order] = field(default_factory=list["Order"])
    writes: list[Write] = field(default_factory=list["Write"])
    answers: list[_Owed] = field(default_factory=list[_Owed])


class Line:
    """The one place where decisions are made, and the one writer.

    `floor`, `seq`: the durable floor and the number of its last fact. `ailments`: what ails this process. `leave` is called
    once for every durable group, in order; `undecided` with the intent of no person on which a rule failed.
    """

    def __init__(
        self,
        *,
        floor: Floor,
        seq: int,
        epoch: int,
        book: Book,
        clock: PlantClock,
        store: Journal,
        leave: Callable[[Durable], None],
        undecided: Callable[[ExternalIntent], None] = lambda _: None,
        inbox: Inbox | None = None,
        handle: Callable[[Floor, ExternalIntent, World], Outcome] = decide_by_the_rules,
    ) -> None:
        self.floor = floor.stored()
        self.seq = seq
        self.epoch = epoch
        self.book = book
        self.clock = clock
        self._floor_ahead = self.floor
        self._ahead = _Ahead()
        self._in_flight = _Ahead()
        self._inbox = inbox or Inbox()
        self.ailments = Ailments(self.post, book.alarms.rules, self.floor)
        self._store = store
        self._leave = leave
        self._undecided = undecided
        self._handle = handle
        self._new_token = Tokens()
        self._decided = asyncio.Event()
        self._taken = asyncio.Event()

    async def submit(
        self,
        intent: ExternalIntent,
        *,
        lane: Lane = Lane.PEOPLE,
        attach: Callable[[Outcome], Sequence[Write]] | None = None,
    ) -> Answer:
        """Have an intent decided; return once its group is durable.

        `attach` sees the outcome, a refusal too, and names what is written in the same transaction. A caller who is cancelled
        stops waiting; the decision stands. Raises LineBusy, and LineStopped where nobody can say what became of it.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._inbox.ask(lane, Waiting(intent, answer, attach))
        return await answer

    def post(self, intent: ExternalIntent) -> None:
        """Report for a machine: never waits, never fails."""
        self._inbox.post(intent)

    def stop(self) -> None:
        """Take nothing any more; `run` ends when everything decided is durable."""
        for waiting in self._inbox.close():
            _give_up(waiting.answer)
        self._decided.set()

    async def run(self) -> None:
        """Decide and write until `stop`. Raises what the store raised where a commit failed."""
        writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._decide(), name="line.decide")
                tasks.create_task(self._write(writer), name="line.write")
        finally:
            self.stop()
            for ahead in (self._in_flight, self._ahead):
                for answer, *_ in ahead.answers:
                    _give_up(answer)
            writer.shutdown()

    async def _decide(self) -> None:
        while not self._inbox.closed:
            await self._inbox.filled()
            ends = time.monotonic() + _SLICE_S
            while (waiting := self._inbox.take()) is not None:
                self._decide_one(waiting)
                if len(self._ahead.facts) >= _FACTS_AHEAD:
                    self._taken.clear()
                    await self._taken.wait()
                if time.monotonic() >= ends:
                    await asyncio.sleep(0)
                    ends = time.monotonic() + _SLICE_S

    def _decide_one(self, waiting: Waiting) -> None:
        intent, ahead = waiting.intent, self._ahead
        world = World(max(self.clock.now(), self._floor_ahead.at), self._new_token, self.book)
        try:
            outcome = self._handle(self._floor_ahead, intent, world)
            writes = () if waiting.attach is None else waiting.attach(outcome)
            texts = [encode(fact) for fact in outcome.facts]
        except Exception as error:  # noqa: BLE001 - neither a bug in a rule nor a fact that cannot be stored may stop the line
            metrics.INTERNAL_ERRORS.inc()
            _LOG.critical("intent-failed", intent=type(intent).__name__, exc_info=error)
            if not isinstance(intent, ReportSelf):  # a mistake in telling of mistakes would tell for ever
                self.ailments.failed(type(intent).__name__)
                if waiting.answer is None:
                    self._undecided(intent)
            outcome, writes, texts = Outcome(self._floor_ahead, refusal=Refusal("internal-error")), (), []
        if outcome.refusal is not None and isinstance(intent, ScanCode):
            metrics.SCAN_REJECTS.labels(outcome.refusal.rule).inc()
        first = len(ahead.facts)
        ahead.facts += outcome.facts
        ahead.texts += texts
        ahead.orders += outcome.orders
        ahead.writes += writes
        if waiting.answer is not None:
            ahead.answers.append((waiting.answer, first, len(ahead.facts), outcome.refusal))
        self._floor_ahead = outcome.floor
        self._decided.set()

    async def _write(self, writer: ThreadPoolExecutor) -> None:
        while True:
            await self._decided.wait()
            await self._gather()
            self._decided.clear()
            ahead, floor = self._ahead, self._floor_ahead
            self._ahead, self._in_flight = _Ahead(), ahead
            self._floor_ahead = floor.stored()
            self._taken.set()
            if ahead.facts or ahead.writes:
                group = Group(ahead.facts, floor.touched, ahead.writes, ahead.texts)
                began_s = time.monotonic()
                last = await asyncio.get_running_loop().run_in_executor(writer, self._commit, group)
                self.ailments.committed(time.monotonic() - began_s)
            else:
                last = self.seq
            self._tell(ahead, floor.stored(), last)
            if self._inbox.closed and not (self._ahead.facts or self._ahead.answers):
                return

    async def _gather(self) -> None:
        """Let those who are on their way come along: a commit for thirty costs little more than a commit for one."""
        ends, decided = time.monotonic() + _GATHER_MOST_S, -1
        while decided != (decided := len(self._ahead.answers)) and time.monotonic() < ends:  # noqa: ASYNC110 - until nothing happens
            await asyncio.sleep(_GATHER_STEP_S)

    def _commit(self, group: Group) -> int:
        with metrics.COMMIT_SECONDS.time():
            return self._store.commit(group)

    def _tell(self, ahead: _Ahead, floor: Floor, last: int) -> None:
        """Everything in `ahead` is durable: let it leave."""
        numbers = count(last - len(ahead.facts) + 1)
        stored = tuple(
            StoredFact(seq, fact.at, type(fact).__name__, fact.about, fact)
            for seq, fact in zip(numbers, ahead.facts, strict=False)
        )
        self.floor, self.seq = floor, last
        if stored:
            self._leave(Durable(stored, tuple(ahead.orders)))
        for answer, first, end, refusal in ahead.answers:
            if not answer.done():
                answer.set_result(Answer(stored[first:end], refusal))
        self._in_flight = _Ahead()


def _give_up(answer: asyncio.Future[Answer] | None) -> None:
    if answer is not None and not answer.done():
        answer.set_exception(LineStopped())
