"""A machine in this process that keeps the same promises as a real one, for tests that need no wire.

`MemoryMachine` holds tag values and obeys orders by the same rules (checksum, epoch, number, state) and lists what it really
did in `effects`; `MemoryLink` reaches it. Its attributes make it unreachable, silent, lying, slow or forgetful of answers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from devices import codec
from devices.errors import LinkDown, LinkError, LinkLied, LinkTimeout
from devices.model import Mode, OrderStatus, RefusedReason, State
from devices.profile_rules import SOURCE_TIME, TEXT_TYPES
from devices.protocol import Request, Said, Scan, Survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.profile import Profile
    from devices.protocol import Value


class MemoryMachine:
    """What a machine of `profile` knows and does. `at`: its source time in ms plant time."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.at = 0
        self.values: dict[str, Value] = {tag.name: "" if tag.type in TEXT_TYPES else 0 for tag in profile.scanned}
        self.values |= {"StateCurrent": State.IDLE, "UnitModeCurrent": Mode.PRODUCE, "BootCount": 1}
        self.flaws: dict[str, str] = {}
        self.effects: list[tuple[int, str, str]] = []
        self.beats: list[int] = []
        self.reachable = True
        self.silent = False
        self.lying = False
        self.loses_answers = False
        self.delay_s = 0.0

    def obey(self, values: Sequence[int | str]) -> None:
        """Act on the block of an order, or say in its tags why not."""
        command = self.profile.command
        assert command is not None
        names = [name for name, _ in command.fields]
        block = dict(zip(names, values, strict=True))
        reason = self._refusal(block, codec.checksum(command, values[: names.index("checksum")]))
        if reason is not RefusedReason.NONE:
            self.values |= {"RefusedOrder": block["number"], "RefusedReason": reason}
            return
        self.values |= {
            "Epoch": block["epoch"],
            "Order": block["number"],
            "BatchTag": block["batch"],
            "OrderStatus": OrderStatus.RUNNING,
            "StateCurrent": State.EXECUTE,
        }
        self.effects.append((int(block["number"]), self._verb(block["verb"]), str(block["batch"])))

    def finish(self, value: int, status: OrderStatus = OrderStatus.FINISHED) -> None:
        """End the running order."""
        self.values |= {"OrderStatus": status, "OrderValue": value, "StateCurrent": State.IDLE}

    def _verb(self, code: int | str) -> str:
        return next((verb.name for verb in self.profile.verbs.values() if verb.code == code), "")

    def _refusal(self, block: dict[str, int | str], checksum: int) -> RefusedReason:
        verb = self._verb(block["verb"])
        if block["checksum"] != checksum:
            return RefusedReason.CHECKSUM
        if int(block["epoch"]) < int(self.values["Epoch"]):
            return RefusedReason.EPOCH
        if int(block["number"]) <= int(self.values["Order"]):
            return RefusedReason.DUPLICATE
        if not verb:
            return RefusedReason.VERB
        busy = self.values["StateCurrent"] != State.IDLE and verb != "stop"
        return RefusedReason.BUSY if busy else RefusedReason.NONE


class MemoryLink:
    """The road to a MemoryMachine, with the manners of a wire: it breaks, and then it must be made anew."""

    def __init__(self, machine: MemoryMachine) -> None:
        self._machine = machine
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not failed."""
        return self._connected

    async def connect(self) -> None:
        """Make a new connection. Raises LinkDown."""
        await asyncio.sleep(0)
        if not self._machine.reachable:
            raise LinkDown("cannot be reached")
        self._connected = True

    async def read(self) -> Scan:
        """Read every tag."""
        await self._answer()
        machine = self._machine
        scanned = machine.profile.scanned
        values: list[Value | None] = [
            machine.at if tag.name == SOURCE_TIME else None if tag.name in machine.flaws else machine.values[tag.name]
            for tag in scanned
        ]
        return Scan(values, dict(machine.flaws), [machine.at] * len(scanned))

    async def survey(self) -> Survey:
        """Read every tag, tag by tag."""
        scan = await self.read()
        names = [tag.name for tag in self._machine.profile.scanned]
        said = {
            name: Said("" if value is None else str(value), value, scan.flaws.get(name, ""), self._machine.at)
            for name, value in zip(names, scan.values, strict=True)
        }
        return Survey(said, (Request("memory", self._machine.delay_s, 0.0, 0, tuple(names)),), self._machine.at)

    async def command(self, values: Sequence[int | str]) -> None:
        """Hand over the block of one order."""
        self._require_connection()
        if not self._machine.silent:
            self._machine.obey(values)
        if self._machine.loses_answers:
            self._break(LinkTimeout("no answer in time"))
        await self._answer()

    async def beat(self, count: int) -> None:
        """Feed the watchdog."""
        await self._answer()
        self._machine.beats.append(count)

    async def close(self) -> None:
        """Let go of the connection."""
        self._connected = False

    async def _answer(self) -> None:
        self._require_connection()
        machine = self._machine
        try:
            await asyncio.sleep(machine.profile.timeout_s if machine.silent else machine.delay_s)
        except asyncio.CancelledError:
            self._connected = False
            raise
        if machine.silent or not machine.reachable:
            self._break(LinkTimeout("no answer in time"))
        if machine.lying:
            self._break(LinkLied("the answer to another request"))

    def _require_connection(self) -> None:
        if not self._connected:
            raise LinkDown("not connected")

    def _break(self, error: LinkError) -> None:
        self._connected = False
        raise error
