"""The one place where the controller is put together; everything below gets what it needs from here and knows no more.

`main(config)` runs it to its end and returns the exit code: 0 after SIGTERM, 130 after SIGINT, 1 where something it cannot do
without failed. What keeps it from starting is raised: ConfigError, DeviceError, StoreError, FormularyError, OSError.

Order: the store's lock and epoch, the floor from its rows, the line, the machines' first reads; only then orders leave and
`/readyz` answers 200.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Final, Self

import structlog
import uvloop

from controller import logs
from controller.api.app import build
from controller.api.auth import digest_of, new_key
from controller.api.context import Context
from controller.api.pins import hash_pin
from controller.api.server import Server, listen
from controller.formulary import load_formulary, load_recipes
from controller.model.alarm import Ailment
from controller.model.intents import (
    EnrolPerson,
    EnrolRecipe,
    ReportLink,
    ReportMachine,
    ReportOrder,
    ReportPeer,
    ReportSelf,
)
from controller.runtime import last_words
from controller.runtime.ailments import watch_disk
from controller.runtime.boiling import Boiling
from controller.runtime.books import make_book
from controller.runtime.clock import Deadlines, keep_seen, watch_sleep
from controller.runtime.conclusions import Conclusions
from controller.runtime.cooling import learn
from controller.runtime.enrolment import enrol_keys, people_to_enrol, simulated_only
from controller.runtime.feed import Feed
from controller.runtime.gauges import Gauges
from controller.runtime.health import EXIT_HUNG, Guard, Supervisor, keep_mastery, watch_lag
from controller.runtime.housekeeping import housekeeping
from controller.runtime.line import Durable, Line
from controller.runtime.live_store import LiveStore
from controller.runtime.orders import Orders
from controller.runtime.recorder import Recorder
from controller.runtime.recovery import new_in_files, restore
from controller.runtime.stages import StageTimes
from controller.runtime.stock import load_lots
from controller.runtime.watch import UNDECIDED_S, Watch
from controller.texts import load_texts
from devices.fleet import Fleet
from devices.profile import all_profiles
from devices.site import MANUAL, PlantClock, period_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from socket import socket

    from controller.config import Config
    from controller.model.intents import ExternalIntent

FIRST_READS_S: Final = 2.0
"""Wall seconds that a machine has to be read before the line goes on without it."""
STOP_S: Final = 3.0
COLLECT_AFTER: Final = (50_000, 10, 100)
"""How rarely the garbage collector looks: what is open stays and grows, and to walk through all of it holds up the loop."""
EXIT_INTERRUPTED: Final = 130
LOG_FILE: Final = "log/controller.jsonl"
_LOG = structlog.get_logger(__name__)


def main(config: Config, *, ready: Callable[[], None] | None = None) -> int:
    """Run the controller on the event loop that suits its libraries, with its log in the state folder."""
    logs.set_up(config.site.state / LOG_FILE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(config, ready=ready))


async def run(config: Config, *, ready: Callable[[], None] | None = None) -> int:
    """Put the controller together and keep it going until a signal. `ready` is called once, when `/readyz` answers 200."""
    stop, code = asyncio.Event(), 0

    def leave(number: int) -> None:
        nonlocal code
        code = EXIT_INTERRUPTED if number == signal.SIGINT else 0
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave, number)
    with ExitStack() as held:
        last_resort = held.enter_context(_LastResort())
        clock = held.enter_context(closing(PlantClock.open(config.site.state, config.site.speed)))
        store = held.enter_context(closing(LiveStore.open(config.database, line=config.line)))
        web_socket = held.enter_context(closing(listen(config.host, config.port)))
        controller = _Controller(config, clock, store)
        held.enter_context(housekeeping(config, store, clock, controller.ailments))
        guard = held.enter_context(Guard())
        try:
            await controller.work(web_socket, guard, last_resort, stop, ready)
        except ExceptionGroup as failed:
            _LOG.critical("controller-failed", exc_info=failed)
            last_words.say(config.site.state, failed)
            return 1
    return code


class _LastResort:
    """Ends the process the hard way when it has not come to its end `STOP_S` after it began to."""

    def __init__(self) -> None:
        self._timer = threading.Timer(STOP_S, os._exit, (EXIT_HUNG,))
        self._timer.daemon = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def arm(self) -> None:
        """Count from now."""
        if not self._timer.is_alive():
            self._timer.start()


class _Controller:
    """All parts of one line, made in the order in which they need each other."""

    def __init__(self, config: Config, clock: PlantClock, store: LiveStore) -> None:
        self._config, self._clock, self._store = config, clock, store
        site, profiles = config.site, all_profiles(config.site.profiles)
        book = make_book(config, load_formulary(), load_recipes(config.recipes), profiles)
        self._lots = load_lots(config, book.formulary.herbs)
        self._profiles = {machine.id: profiles[machine.profile] for machine in site.machines.values()}
        self._by_hand = frozenset(unit.id for unit in book.machines.values() if unit.by_hand)
        gc.disable()  # what is made from here to the freeze is there to stay
        epoch, loaded = store.take_mastery(), store.load()
        floor = restore(loaded, site.machines)
        clock.not_before(loaded.last_at)
        enrol_keys(config, store, new_key, digest_of)
        self._people = people_to_enrol(config, frozenset(floor.people), store, hash_pin)
        self._ready = False
        self._line = Line(
            floor=floor,
            seq=loaded.seq,
            epoch=epoch,
            book=book,
            clock=clock,
            store=store,
            leave=self._leave,
            undecided=self._undecided,
        )
        self._feed = Feed(loaded.seq, store.facts_after)
        self._stages = StageTimes(floor.cases)
        self._deadlines = Deadlines(self._line, clock)
        self.ailments = self._line.ailments
        gap_ms = {machine: round(grace_s * 1000) for machine, grace_s in book.grace_s.items()}
        self._recorder = Recorder(
            store, gap_ms, on_joined=partial(learn, store), on_written=partial(self.ailments.chore, "readings")
        )
        store.recorder = self._recorder
        self._watch = Watch(
            floor=lambda: self._line.floor,
            post=self._line.post,
            conclusions=Conclusions(
                {machine for machine, profile in self._profiles.items() if profile.handshake == "busy"}
            ),
            boiling=Boiling(book),
            recorder=self._recorder,
            machines=[machine.id for machine in site.machines.values() if machine.url != MANUAL],
            zones=config.zones,
        )
        self._fleet = Fleet(
            site,
            profiles,
            clock,
            on_snapshot=self._watch.on_snapshot,
            on_link=self._watch.on_link,
            on_fault=self._watch.on_fault,
        )
        self._orders = Orders(self._fleet, epoch=epoch, clock=clock, report=self._report, by_hand=self._by_hand)
        self._orders.resume(floor)
        self._supervisor = Supervisor.of_this_process(self._turns)
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()

    async def work(
        self,
        web_socket: socket,
        guard: Guard,
        last_resort: _LastResort,
        stop: asyncio.Event,
        ready: Callable[[], None] | None,
    ) -> None:
        """Run everything until `stop`. Raises an ExceptionGroup where a part failed that the line cannot do without."""
        slowest_s = max(
            (period_s(profile.period_s, self._clock.speed) for profile in self._profiles.values()), default=0
        )
        async with asyncio.TaskGroup() as tasks:
            line = tasks.create_task(self._line.run(), name="line")
            line.add_done_callback(lambda _: last_resort.arm())
            self._watch.start(slowest_s)
            others = [
                tasks.create_task(self._fleet.run(), name="fleet"),
                tasks.create_task(self._recorder.run(), name="recorder"),
                tasks.create_task(self._deadlines.run(), name="deadlines"),
                tasks.create_task(keep_seen(self._clock), name="clock"),
                tasks.create_task(watch_sleep(self._watch.suspended), name="sleep"),
                tasks.create_task(watch_lag(guard, self.ailments.late), name="lag"),
                tasks.create_task(watch_disk(self._config.site.state, self.ailments.disk_free), name="disk"),
                tasks.create_task(keep_mastery(self._store), name="mastery"),
                tasks.create_task(self._supervisor.run(), name="supervisor"),
            ]
            await self._enrol()
            await self._hear_last_words()
            web = Server(build(self._context()))
            served = tasks.create_task(web.serve(sockets=[web_socket]), name="web")
            await self._fleet.first_reads(FIRST_READS_S)
            others.append(tasks.create_task(self._orders.run(), name="orders"))
            self._ready = True
            self._supervisor.say("READY=1")
            _LOG.info("ready", line=self._config.line, epoch=self._line.epoch, seq=self._line.seq)
            if ready is not None:
                ready()
            await stop.wait()
            last_resort.arm()
            self._supervisor.say("STOPPING=1")
            self._feed.close()
            web.should_exit = True
            await served
            self._line.stop()
            await line
            for task in others:
                task.cancel()
        _LOG.info("stopped", seq=self._line.seq)

    def _leave(self, durable: Durable) -> None:
        self._feed.publish(durable.facts)
        self._deadlines.moved()
        self._orders.carry(durable.orders)
        self._stages.moved(durable.facts, self._line.floor.cases)

    def _report(self, intent: ReportOrder) -> None:
        self._watch.look_again(intent.machine)
        self._line.post(intent)

    def _undecided(self, intent: ExternalIntent) -> None:
        """Have told again what a rule failed on: the rest comes by itself, zones and deadlines at their next time."""
        match intent:
            case ReportMachine() | ReportLink() | ReportPeer():
                self._watch.undecided(intent.machine)
            case ReportOrder():
                asyncio.get_running_loop().call_later(UNDECIDED_S, self._line.post, intent)
            case _:
                return

    def _turns(self) -> dict[str, int]:
        tallies = ((machine, self._fleet.tally(machine)) for machine in self._fleet.machines)
        return {machine: tally.polls + tally.faults for machine, tally in tallies}

    async def _enrol(self) -> None:
        """Enter what the site's files have and the line has not."""
        new = new_in_files(self._line.floor, self._line.book, self._config.zones, self._lots)
        if new is not None:
            await self._line.submit(new)
        await asyncio.gather(*(self._line.submit(EnrolPerson(person)) for person in self._people))
        await self._line.submit(EnrolRecipe(simulated_only(self._config.site)))
        for unit in self._line.book.machines.values():
            if unit.monitor_only:
                _LOG.warning("monitor-only", machine=unit.id)
        table = self._line.book.recipes
        if table.digest not in self._line.floor.recipes:
            _LOG.warning("recipe-not-approved", version=table.version, digest=table.digest)

    async def _hear_last_words(self) -> None:
        """Tell what ended the former process, an event that is over, and make room for what may end this one."""
        state = self._config.site.state
        why = last_words.heard(state)
        if why:
            await self._line.submit(ReportSelf(Ailment.COMMIT_FAILED, why))
            await self._line.submit(ReportSelf(Ailment.COMMIT_FAILED, ""))
        await asyncio.to_thread(last_words.make_room, state)

    def _context(self) -> Context:
        config = self._config
        files = () if config.sqlite is None else _sizes(config.sqlite)
        return Context(
            line=self._line,
            store=self._store,
            feed=self._feed,
            fleet=self._fleet,
            profiles=self._profiles,
            texts=load_texts(config.timezone),
            line_id=config.line,
            site_name=config.site.name,
            hospitals=config.hospitals,
            requests_per_minute=config.requests_per_minute,
            ready=lambda: self._ready,
            metrics=Gauges(self._line, self._fleet, files).exposition,
        )


def _sizes(database: Path) -> tuple[tuple[str, str, Path], ...]:
    log = database.with_name(f"{database.name}-wal")
    return (
        ("decoct_journal_bytes", "Size of the database", database),
        ("decoct_wal_bytes", "Size of its write-ahead log", log),
    )
