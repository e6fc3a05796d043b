"""What a machine must do before it may heat for the line, asked of the real one with water in it: level `command` on site.

`checks(profile)` lists what applies to it, in order; `Bench.run(check)` does one, over a connection of its own, and says what
came of it. A check that needs a person names what to do first; the caller asks, and may leave it out. Every wait has an end.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices import codec
from devices.errors import CodecError, LinkError
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import Accepted, Finished, Mode, Order, OrderStatus, Refused, RefusedReason, State, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devices.model import Receipt, Snapshot
    from devices.profile import Profile
    from devices.site import MachineSite

BATCH: Final = "ACCEPTANCE-WATER"
_SOON_S: Final = 10.0
_PERSON_S: Final = 60.0
"""Wall seconds in which a machine shows what was done at its panel, and in which it is back after its switch."""
_WORK_PLANT_S: Final = 3600.0
_LEAST_S: Final = 20.0
_ORDER_PLANT_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to ask, by the id of its text. `by_hand`: the person acts first; `heats`: the machine gets hot."""

    id: str
    by_hand: bool = False
    heats: bool = False


STOP: Final = Check("stop")
"""What ends every heat, also of a talk that was broken off."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check, and what the machine did."""

    check: Check
    passed: bool
    what: str


def checks(profile: Profile) -> Iterator[Check]:
    """Yield what applies to such a machine, in the order in which it is asked."""
    if profile.command is None:
        return
    numbered = profile.handshake == "echo"
    yield Check("stop-at-rest")
    if numbered:
        yield from (Check("number-again"), Check("epoch-of-the-past"), Check("spoilt-block"))
    if {"charge", "decoct"} <= profile.verbs.keys():
        yield Check("charge")
        yield Check("answer-lost", heats=True)
        yield Check("busy", heats=True)
        if profile.watchdog is not None:
            yield Check("no-heartbeat", heats=True)
        yield STOP
    if "UnitModeCurrent" in profile.tags:
        yield from (Check("panel", by_hand=True), Check("panel-back", by_hand=True))
    if "BootCount" in profile.tags:
        yield Check("reboot", by_hand=True)


class Bench:
    """One machine under test. `now`: plant time in ms; `speed`: plant seconds in a wall second."""

    def __init__(self, site: MachineSite, profile: Profile, now: Callable[[], int], speed: int) -> None:
        self._site, self._profile, self._now, self._speed = site, profile, now, speed
        self._number = 0
        self._boot = 0

    async def run(self, check: Check) -> Result:
        """Do one check; whatever the machine does is its result. Raises SiteError where the profile does not fit."""
        self._link = open_link(self._site, self._profile)
        self._machine = ProfiledMachine(self._site, self._profile, self._link)
        do = {
            "stop-at-rest": self._stops,
            "number-again": self._number_again,
            "epoch-of-the-past": self._past_epoch,
            "spoilt-block": self._spoilt,
            "charge": self._charges,
            "answer-lost": self._answer_lost,
            "busy": self._busy,
            "no-heartbeat": self._no_heartbeat,
            "stop": self._stops,
            "panel": self._panel,
            "panel-back": self._panel_back,
            "reboot": self._reboot,
        }[check.id]
        try:
            await self._begin(by_hand=check.by_hand)
            passed, what = await do()
        except (LinkError, CodecError) as error:
            passed, what = False, str(error)
        except TimeoutError:
            passed, what = False, "not in time"
        finally:
            await self._machine.close()
        return Result(check, passed, what)

    async def _begin(self, *, by_hand: bool) -> None:
        said = await self._until(bool, _PERSON_S if by_hand else _SOON_S)
        self._epoch = max(said.epoch, 1)
        self._number = max(self._number, said.order)
        self._boot = self._boot or said.boot

    async def _stops(self) -> tuple[bool, str]:
        return self._is(await self._ask("stop"), Finished)

    async def _number_again(self) -> tuple[bool, str]:
        order = self._order("stop")
        await self._machine.order(order, self._epoch, self._now)
        await self._link.command(codec.command_values(self._profile, order, self._epoch))
        return await self._refuses(order.number, RefusedReason.DUPLICATE)

    async def _past_epoch(self) -> tuple[bool, str]:
        order = self._order("stop")
        await self._link.command(codec.command_values(self._profile, order, self._epoch - 1))
        return await self._refuses(order.number, RefusedReason.EPOCH)

    async def _spoilt(self) -> tuple[bool, str]:
        command = self._profile.command
        assert command is not None
        order = self._order("stop")
        block = list(codec.command_values(self._profile, order, self._epoch))
        place = [name for name, _ in command.fields].index("checksum")
        block[place] = int(block[place]) ^ 1
        await self._link.command(block)
        return await self._refuses(order.number, RefusedReason.CHECKSUM)

    async def _charges(self) -> tuple[bool, str]:
        receipt = await self._ask("charge")
        if not isinstance(receipt, Accepted | Finished):
            return self._is(receipt, Accepted)
        said = await self._until(self._rests, self._work_s())
        return said.order_status is not OrderStatus.FAILED, f"{said.state.name} {said.order_status.name}"

    async def _answer_lost(self) -> tuple[bool, str]:
        """Break off in the middle of an order that heats, and find out by reading what became of it."""
        order = self._order("decoct")
        await self._link.command(codec.command_values(self._profile, order, self._epoch))
        await self._link.close()
        await self._until(lambda said: said.state is State.EXECUTE, _SOON_S)
        receipt = await self._machine.settle(order, 0)
        return self._is(receipt, Accepted if self._profile.handshake == "echo" else Unknown)

    async def _busy(self) -> tuple[bool, str]:
        receipt = await self._ask("charge")
        return receipt == Refused(self._number, RefusedReason.BUSY), str(receipt)

    async def _no_heartbeat(self) -> tuple[bool, str]:
        dog = self._profile.watchdog
        assert dog is not None
        await self._machine.beat(1)
        await asyncio.sleep(dog.timeout_s + self._profile.period_s)
        said = await self._until(bool, _SOON_S)
        stopped = said.state is not State.EXECUTE
        return stopped or dog.policy == "finish-phase", f"{dog.policy}: {said.state.name} {said.step.name}"

    async def _panel(self) -> tuple[bool, str]:
        await self._until(lambda said: said.mode is Mode.MANUAL, _PERSON_S)
        receipt = await self._ask("stop" if "drain" not in self._profile.verbs else "drain")
        return receipt == Refused(self._number, RefusedReason.MODE), str(receipt)

    async def _panel_back(self) -> tuple[bool, str]:
        said = await self._until(lambda said: said.mode is Mode.PRODUCE, _PERSON_S)
        return said.state is not State.EXECUTE, said.state.name

    async def _reboot(self) -> tuple[bool, str]:
        said = await self._until(lambda said: said.boot != self._boot, _PERSON_S)
        return said.state is not State.EXECUTE, f"{self._boot} -> {said.boot}, {said.state.name}"

    async def _refuses(self, number: int, reason: RefusedReason) -> tuple[bool, str]:
        said = await self._until(lambda said: said.refused_order == number, _SOON_S)
        return said.refused_reason is reason, said.refused_reason.name

    async def _until(self, condition: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        """Read until it is so, over as many connections as it takes. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await self._machine.connect()
                    if condition(said := await self._machine.read()):
                        return said
                except (LinkError, CodecError):
                    pass
                await asyncio.sleep(0.25)

    def _rests(self, said: Snapshot) -> bool:
        if self._profile.handshake == "echo":
            return said.order_status in {OrderStatus.FINISHED, OrderStatus.FAILED}
        return said.state is not State.EXECUTE

    async def _ask(self, verb: str) -> Receipt:
        return await self._machine.order(self._order(verb), self._epoch, self._now)

    def _order(self, verb: str) -> Order:
        """Make the smallest order of a verb, but with water enough, and time for all that is asked in it."""
        self._number += 1
        dog_s = 0.0 if self._profile.watchdog is None else self._profile.watchdog.timeout_s
        wanted = {"load_ml": self._site.volume_ml[0], "hold_s": round((dog_s + _PERSON_S) * self._speed)}
        least = {
            one.name: min(one.high, max(one.low, wanted.get(one.name, 0)))
            for one in self._profile.verbs[verb].parameters
        }
        return Order(self._number, self._site.id, verb, BATCH, f"{verb}.1", least, self._now() + _ORDER_PLANT_MS)

    def _work_s(self) -> float:
        return max(_WORK_PLANT_S / self._speed, _LEAST_S)

    @staticmethod
    def _is(receipt: Receipt | None, kind: type[Receipt]) -> tuple[bool, str]:
        return isinstance(receipt, kind), str(receipt)
