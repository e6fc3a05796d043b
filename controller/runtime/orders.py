"""An order leaves once it is durable, in the order of its number, and never on a doubt: what may have acted is read first.

`carry` takes what the line has committed; each machine's orders go one after the other in a task of their own, so that no
machine waits for another. What became of an order goes back to the line as `ReportOrder`. After a restart `resume` asks the
machines about every order without an end before anything is sent to them. An order that may have left is given up only when its
number is used up: a wire may deliver it at any time, and a machine knows numbers, not our deadlines.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from controller.model.intents import ReportOrder
from devices.errors import DeviceError, LinkStale
from devices.handshake import STOP
from devices.model import Expired, Finished, Refused, RefusedReason, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from controller.model.floor import Floor
    from devices.model import Order, Receipt
    from devices.site import PlantClock

    class Machines(Protocol):
        """What carrying needs of a fleet."""

        async def order(self, order: Order, epoch: int) -> Receipt:
            """Read the machine, ask it once, and say what became of it."""
            ...

        async def settle(self, order: Order, since: int, *, taken: bool = False) -> Receipt | None:
            """Read the machine and say what became of the order; None: it did not act, read later than `since`, ms.

            `taken`: it was seen to take it. Raises DeviceError, LinkStale of it where the reading is no younger.
            """
            ...


_READ_AGAIN_S: Final = 1.0
"""Wall seconds between two attempts to read a machine whose order is in doubt."""
_AFTER_BUG_S: Final = 30.0
_STANDSTILL_S: Final = 30.0
_VOID: Final = "void"
"""Batch and step of a stop that uses a number up: no batch is called so."""
_VOID_MS: Final = 60_000
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One order to carry. `doubted_at`: it may have left until then, ms plant time, 0: never.

    `accepted`: the machine once said that it took it. `recalled`: it is taken back, and that it was refused once ends nothing.
    """

    order: Order
    doubted_at: int = 0
    accepted: bool = False
    recalled: bool = False


class Orders:
    """Carries the orders of one epoch. `run` must be running before anything moves.

    `by_hand`: machines that people work; what is asked of those leaves as a task, not from here.
    """

    def __init__(
        self,
        machines: Machines,
        *,
        epoch: int,
        clock: PlantClock,
        report: Callable[[ReportOrder], None],
        by_hand: Collection[str] = (),
    ) -> None:
        self._machines = machines
        self._epoch = epoch
        self._clock = clock
        self._report = report
        self._by_hand = frozenset(by_hand)
        self._waiting: dict[str, deque[_Errand]] = {}
        self._carried: dict[str, int] = {}
        self._called: list[str] = []
        self._call = asyncio.Event()

    def carry(self, orders: Sequence[Order]) -> None:
        """Send these once those before them on the same machine have had their answer. They are durable.

        One that comes again under its number is in doubt since the end of its time: it is read, and sent or its number used up.
        """
        for order in orders:
            again = order.number <= self._carried.get(order.machine, 0)
            self._enqueue(_Errand(order, doubted_at=order.not_after if again else 0, recalled=again))

    def resume(self, floor: Floor) -> None:
        """Take up every order that has no end yet. Call it once, before the first `carry`."""
        now = self._clock.now()
        for machine in floor.machines.values():
            if machine.pending is not None:
                self._enqueue(
                    _Errand(machine.pending, doubted_at=now, accepted=machine.accepted, recalled=machine.recalled)
                )

    async def run(self) -> None:
        """Carry until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._call.wait()
                self._call.clear()
                for machine in self._called:
                    tasks.create_task(self._serve(machine), name=f"orders {machine}")
                self._called.clear()

    def _enqueue(self, errand: _Errand) -> None:
        machine = errand.order.machine
        if machine in self._by_hand:
            return
        self._carried[machine] = max(errand.order.number, self._carried.get(machine, 0))
        if machine not in self._waiting:
            self._waiting[machine] = deque()
            self._called.append(machine)
            self._call.set()
        self._waiting[machine].append(errand)

    async def _serve(self, machine: str) -> None:
        queue = self._waiting[machine]
        while queue:
            errand = queue.popleft()
            order, receipt = errand.order, await self._carry(errand)
            told = type(receipt).__name__
            _LOG.info("order", machine=machine, number=order.number, verb=order.verb, step=order.step, receipt=told)
            self._report(ReportOrder(machine, receipt))
        del self._waiting[machine]

    async def _carry(self, errand: _Errand) -> Receipt:
        """Return what became of the order; Unknown only where even the machine cannot tell."""
        order, doubted_at = errand.order, errand.doubted_at
        while True:
            if doubted_at:
                receipt = await self._settle(order, doubted_at, taken=errand.accepted)
                if receipt is not None and not (errand.recalled and _was_refused(receipt)):
                    return receipt
                if errand.accepted:
                    return Unknown(order.number, "the machine no longer knows the order it took")
            receipt = Expired(order.number) if self._clock.now() > order.not_after else await self._ask(order)
            if isinstance(receipt, Expired) and doubted_at:
                receipt = await self._void(order)
            if not isinstance(receipt, Unknown):
                return receipt
            _LOG.warning("order-in-doubt", machine=order.machine, number=order.number, why=receipt.why)
            doubted_at = self._clock.now()

    async def _ask(self, order: Order) -> Receipt:
        try:
            return await self._machines.order(order, self._epoch)
        except Exception as error:  # noqa: BLE001 - a bug in a driver is one more way not to know
            _LOG.critical("order-failed", machine=order.machine, number=order.number, exc_info=error)
            return Unknown(order.number, type(error).__name__)

    async def _void(self, order: Order) -> Receipt:
        """Use the number of an order up that is past its time and may still be on its way; return Expired when that is done.

        The machine is asked to stop under the same number and rests anyway. Where the number is taken already the order has
        acted after all: Unknown, so that the machine is read. A machine that takes no stop keeps the order as Expired.
        """
        while True:
            until = self._clock.now() + _VOID_MS
            stop = replace(order, verb=STOP, batch=_VOID, step=_VOID, parameters={}, not_after=until, boot=0)
            match await self._ask(stop):
                case Finished() | Refused(reason=RefusedReason.VERB | RefusedReason.PARAMETER):
                    return Expired(order.number)
                case Refused(reason=RefusedReason.DUPLICATE):
                    return Unknown(order.number, "it came late and acted")
                case Refused(reason=RefusedReason.EPOCH) as fenced:
                    return fenced
                case _:
                    await asyncio.sleep(_READ_AGAIN_S)

    async def _settle(self, order: Order, since: int, *, taken: bool) -> Receipt | None:
        """Read the machine until it answers, however long it is away: its batch is on hold meanwhile.

        One that answers, but for `_STANDSTILL_S` only with what was before, cannot tell: a person must.
        """
        stands_s = 0.0
        while True:
            try:
                return await self._machines.settle(order, since, taken=taken)
            except LinkStale as stale:
                if stands_s >= _STANDSTILL_S:
                    return Unknown(order.number, str(stale))
                stands_s += _READ_AGAIN_S
                await asyncio.sleep(_READ_AGAIN_S)
            except DeviceError:
                await asyncio.sleep(_READ_AGAIN_S)
            except Exception as error:  # noqa: BLE001 - as above
                _LOG.critical("settle-failed", machine=order.machine, number=order.number, exc_info=error)
                await asyncio.sleep(_AFTER_BUG_S)


def _was_refused(receipt: Receipt) -> bool:
    """Say whether a machine did not take an order, which a copy of it may yet be; a duplicate's number is used up."""
    return isinstance(receipt, Refused) and receipt.reason is not RefusedReason.DUPLICATE
