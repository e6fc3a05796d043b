"""The PLC that every machine has, whatever it does: takes orders once, watches the heartbeat, boots, remembers, shows.

`advance` brings it to an instant; `order`, `beat` and `view` are what the wires call; `tick` is the plant's own pulse.
Nothing here waits or knows a socket. What happened is kept before it is logged, so that a kill between the two can make
the log too short by a line, never tell of an order twice.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.errors import ProfileError
from devices.plant.faults import Faults
from devices.plant.log import Entry, EventLog
from devices.plant.orders import STOP, judge, parameters
from devices.plant.packml import Fault, Mode, Reason, State, Status, Step
from devices.plant.process import Failure
from devices.plant.retain import Memory, load_memory, save_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from devices.plant.orders import Order
    from devices.plant.process import Phase, Process
    from devices.plant.registers import Value
    from devices.plant.tables import Table

LOGGED_REFUSALS = {Reason.DUPLICATE: "refused-duplicate", Reason.EPOCH: "refused-epoch"}
HUNDREDTHS = frozenset({"rinse"})  # OrderValue is a whole number: degrees go as hundredths
SAVE_S = 2.0  # wall seconds between two saves of a running machine
LONGEST_S = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class View:
    """Everything the machine shows at one instant, ms plant time, by tag."""

    at: int
    values: Mapping[str, Value]


class Machine:
    """One machine of the site. `folder`: where its memory and its log lie; `now`: ms plant time; `wall`: wall seconds.

    Raises ProfileError when the table asks for a tag or a verb that this kind of machine does not have.
    """

    def __init__(
        self,
        name: str,
        table: Table,
        process: Process,
        *,
        folder: Path,
        now: int,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.table = table
        self.process = process
        self.faults = Faults()
        self.at = now
        self._wall = wall
        self._path = folder / f"{name}.retain.json"
        self._log = EventLog(folder / f"{name}.jsonl")
        self._entries: list[Entry] = []
        self._phase: Phase | None = None
        self._verb = ""
        self._remaining_s = 0.0
        self._heartbeat = 0
        self._quiet_since = self._saved_at = wall()
        self._barked = False
        process.note = self._note
        kept = load_memory(self._path)
        self.memory = kept or Memory(at=now)
        if kept is not None:
            self._wake(kept)
        self._boot()
        self._check()

    @property
    def is_running(self) -> bool:
        """An order is being carried out."""
        return self._phase is not None

    @property
    def _cuts_heat(self) -> bool:
        return self.table.watchdog is not None and self.table.watchdog.cuts_heat

    def advance(self, now: int) -> None:
        """Bring the machine to `now`, ms plant time; everything in between happens at its own moment."""
        seconds = max(0, now - self.at) / 1000
        self.at = max(now, self.at)
        if self._phase is None:
            self.process.rest(seconds)
            return
        self.process.left_s += seconds
        self._resume(self._phase)
        if self._entries:
            self._commit()

    def tick(self, now: int) -> None:
        """Advance a running machine, watch the heartbeat and keep the memory fresh."""
        if self._phase is None:
            return
        self.advance(now)
        self._watch()
        if self._wall() - self._saved_at >= SAVE_S:
            self._commit()

    def order(self, order: Order, now: int) -> Reason:
        """Take the order or say why not. The answer is kept before it is given."""
        self.advance(now)
        reason = judge(order, self.table, self.memory, self.process)
        if reason is Reason.NONE:
            self._accept(order)
        else:
            self.memory.refused_order, self.memory.refused_reason = order.number, reason
            if reason in LOGGED_REFUSALS:
                self._entries.append(
                    Entry(
                        at=self.at,
                        boot=self.memory.boot,
                        event=LOGGED_REFUSALS[reason],
                        step=order.step,
                        order=order.number,
                        epoch=order.epoch,
                        batch=order.batch,
                        value=None,
                    )
                )
        self._commit()
        return reason

    def beat(self, heartbeat: int) -> None:
        """Hear the controller's heartbeat; only a change counts."""
        if heartbeat != self._heartbeat:
            self._heartbeat = heartbeat
            self._quiet_since = self._wall()
            self._barked = False

    def view(self, now: int) -> View:
        """Return what the machine shows at `now`, or what it showed when it froze."""
        if self.faults.frozen is not None:
            return self.faults.frozen
        self.advance(now)
        memory, process = self.memory, self.process
        values: dict[str, Value] = {
            "SourceTime": self.at,
            "BootCount": memory.boot & 0xFFFF,
            "StateCurrent": memory.state,
            "UnitModeCurrent": memory.mode,
            "StepCurrent": process.step,
            "ErrorConditions": memory.fault,
            "OrderStatus": memory.status,
            "Epoch": memory.epoch,
            "Order": memory.order,
            "OrderValue": memory.value,
            "RefusedOrder": memory.refused_order,
            "RefusedReason": memory.refused_reason,
            "BatchTag": memory.batch,
            "BoilSeconds": int(process.boil_s + 1e-6),
            "BoilBegan": process.boil_began,
            "TimeRemaining": min(math.ceil(self._remaining_s - 1e-6), LONGEST_S),
            **process.readings(self.at),
        }
        if self.faults.sensor is not None:
            values[process.temperature] = self.faults.sensor
        return View(self.at, values)

    def reboot(self, now: int) -> None:
        """Lose power for a moment."""
        self.advance(now)
        self._break_off()
        self._boot()

    def panel(self, now: int) -> None:
        """Let a person take over at the panel: the phase ends, orders are refused until `release`."""
        self.advance(now)
        self._break_off()
        self.memory.mode, self.memory.state = Mode.MANUAL, State.STOPPED
        self._note("panel")
        self._commit()

    def release(self, now: int) -> None:
        """Give the machine back to the line."""
        self.advance(now)
        self.memory.mode = Mode.PRODUCE
        self._commit()

    def close(self, now: int) -> None:
        """Keep everything as it is at `now`; the next start finds a machine that lost power."""
        self.advance(now)
        self._commit()
        self._log.close()

    def _wake(self, kept: Memory) -> None:
        """Come back from a power cut that began when the memory was last true."""
        self.at, now = kept.at, max(self.at, kept.at)
        if kept.contents.get("heating"):
            self._note("heat-off")
        self.process.recall(kept.contents, (now - kept.at) / 1000)
        self.at = now
        self._break_off()

    def _boot(self) -> None:
        self.memory.boot += 1
        self._note("boot")
        self._commit()

    def _check(self) -> None:
        shown = self.view(self.at).values
        tags = [name for name, tag in self.table.tags.items() if not tag.writable and name not in shown]
        verbs = [verb.name for verb in self.table.verbs.values() if verb.name not in self.process.verbs | {STOP}]
        if tags or verbs:
            what = ", ".join(tags + verbs)
            raise ProfileError(f"{self.table.id}: the simulated machine has no {what}", machine=self.name)
        found = self.process.protections | ({Fault.HEARTBEAT} if self._cuts_heat else set[Fault]())
        if "ErrorConditions" in self.table.tags and (nameless := found - self.table.faults.keys()):
            what = ", ".join(sorted(nameless))
            raise ProfileError(f"{self.table.id}: [faults] has no number for the word {what}", machine=self.name)

    def _accept(self, order: Order) -> None:
        verb, memory = self.table.verbs[order.verb], self.memory
        if verb.name == STOP:
            self._break_off()
        memory.epoch, memory.order, memory.batch, memory.step = order.epoch, order.number, order.batch, order.step
        memory.value = memory.fault = 0
        if verb.name == STOP:
            memory.state, memory.status = State.STOPPED, Status.FINISHED
            self._note(STOP)
            return
        memory.state, memory.status = State.EXECUTE, Status.RUNNING
        self._quiet_since, self._barked = self._wall(), False
        self._note("start")
        self._verb = verb.name
        self._phase = self.process.begin(verb.name, parameters(verb, order), order)
        self._resume(self._phase)

    def _resume(self, phase: Phase) -> None:
        try:
            self._remaining_s = next(phase)
        except StopIteration as done:
            self._finish(done.value)
        except Failure as failure:
            self._fail(State.ABORTED, failure.fault)

    def _finish(self, value: float) -> None:
        self.memory.state, self.memory.status = State.COMPLETE, Status.FINISHED
        self.memory.value = round(value * 100 if self._verb in HUNDREDTHS else value)
        self._note("end", round(value, 2))
        self._leave()

    def _fail(self, state: State, fault: Fault) -> None:
        code = self.table.faults.get(fault, 0)
        self.process.halt()
        self.memory.state, self.memory.status, self.memory.fault = state, Status.FAILED, code
        self._note("fault", code)
        self._leave()

    def _break_off(self) -> None:
        """End what is running from outside: heat off, stopped, the order has failed."""
        if self.memory.state != State.EXECUTE:
            return
        if self._phase is not None:
            self._phase.close()
        self.process.halt()
        self.memory.state, self.memory.status = State.STOPPED, Status.FAILED
        self._leave()

    def _leave(self) -> None:
        """Come to rest; time that the phase did not use passes at rest."""
        self._phase, self._remaining_s = None, 0.0
        self.process.step = Step.NONE
        left_s, self.process.left_s = self.process.left_s, 0.0
        self.process.rest(left_s)

    def _watch(self) -> None:
        """Notice once that the controller is gone. Finishing on the own timer needs nothing more."""
        watchdog = self.table.watchdog
        if watchdog is None or self._phase is None or self._barked:
            return
        if self._wall() - self._quiet_since <= watchdog.timeout_s:
            return
        self._barked = True
        self._note("watchdog")
        if self._cuts_heat:
            self._phase.close()
            self._fail(State.HELD, Fault.HEARTBEAT)
        self._commit()

    def _note(self, event: str, value: float | None = None) -> int:
        at = round(self.at - self.process.left_s * 1000)
        memory = self.memory
        self._entries.append(
            Entry(at, memory.boot, event, memory.step, memory.order, memory.epoch, memory.batch, value)
        )
        return at

    def _commit(self) -> None:
        self.memory.at = self.at
        self.memory.contents = self.process.keep()
        save_memory(self._path, self.memory)
        for entry in self._entries:
            self._log.append(entry)
        self._entries.clear()
        self._saved_at = self._wall()
