"""The registers of a profile over one wire: read in the fewest blocks that the machine takes, written one order at a time."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from devices import codec
from devices.errors import CodecError, LinkRefused, SiteError
from devices.links.modbus_answer import ILLEGAL_ADDRESS, ILLEGAL_VALUE
from devices.links.modbus_wire import ModbusWire
from devices.profile_rules import HEARTBEAT, ORDER, SOURCE_TIME
from devices.protocol import Request, Said, Scan, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devices.profile import Profile, Tag
    from devices.protocol import Value
    from devices.site import MachineSite

_FORGET_S: Final = 20.0
"""Wall seconds after which a register that was refused is asked for again: a machine that starts up refuses for a while."""


class ModbusLink:
    """The registers of one unit behind `modbus://host:port/unit`."""

    def __init__(self, site: MachineSite, profile: Profile) -> None:
        if profile.modbus is None:
            raise SiteError(f"profile {profile.id!r} has no [modbus]", machine=site.id)
        self._machine = site.id
        self._profile, self._modbus = profile, profile.modbus
        self._size = len(profile.scanned)
        self._wire = ModbusWire(site, timeout_s=profile.timeout_s, gap_s=profile.modbus.min_gap_ms / 1000)
        self._learn_anew()

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not failed."""
        return self._wire.connected

    async def connect(self) -> None:
        """Make a new connection and forget which registers the old one refused. Raises LinkDown or LinkDistrusted."""
        self._learn_anew()
        await self._wire.connect()

    async def read(self) -> Scan:
        """Read every register that has a name. A tag that the machine does not know is flawed, the others are read."""
        values: list[Value | None] = [None] * self._size
        await self._each_block(lambda block, data: block.unpack(data, values))
        return Scan(values, self._illegal)

    async def survey(self) -> Survey:
        """Read the same, and keep for a person what was asked and what came in the machine's own words."""
        words: dict[str, bytes] = {}
        requests: list[Request] = []

        def note(block: codec.Block, code: int = 0) -> None:
            asked = f"{block.table} {block.address}+{block.count}"
            requests.append(
                Request(asked, self._wire.took_s, self._wire.waited_s, code, tuple(t.name for t in block.tags))
            )

        def keep(block: codec.Block, data: bytes) -> None:
            note(block)
            words.update(block.split(data))

        await self._each_block(keep, note)
        said = {tag.name: _said(tag, words.get(tag.name), self._illegal) for tag in self._profile.scanned}
        time = said[SOURCE_TIME].value
        return Survey(said, tuple(requests), time if isinstance(time, int) else None)

    async def _each_block(
        self, came: Callable[[codec.Block, bytes], None], refused: Callable[[codec.Block, int], None] | None = None
    ) -> None:
        """Read every block; one that the machine refuses is read in halves, and from then on in those that it takes."""
        if asyncio.get_running_loop().time() >= self._forget_at_s:
            self._learn_anew()
        waiting = list(reversed(self._blocks))
        good: list[codec.Block] = []
        while waiting:
            block = waiting.pop()
            try:
                came(block, await self._wire.read(block.table, block.address, block.count))
                good.append(block)
            except LinkRefused as refusal:
                halves = block.halves()
                if refusal.code != ILLEGAL_ADDRESS and not (refusal.code == ILLEGAL_VALUE and halves):
                    raise
                if refused is not None:
                    refused(block, refusal.code)
                if not halves:
                    self._illegal[block.tags[0].name] = "illegal-address"
                waiting.extend(reversed(_number_first(halves)))
                self._forget_at_s = min(self._forget_at_s, asyncio.get_running_loop().time() + _FORGET_S)
        self._blocks = good

    async def command(self, values: Sequence[int | str]) -> None:
        """Write the block of one order with one request, commit word last."""
        command = self._profile.command
        if command is None or command.address is None:
            raise LinkRefused("takes no orders", code=ILLEGAL_ADDRESS, machine=self._machine)
        types = [kind for _, kind in command.fields]
        await self._wire.write(command.address, codec.words(types, values, self._modbus.word_order))

    async def beat(self, count: int) -> None:
        """Write the heartbeat register."""
        await self._wire.write(self._profile.tags[HEARTBEAT].address or 0, [count])

    async def close(self) -> None:
        """Close the socket."""
        self._wire.close()

    def _learn_anew(self) -> None:
        """Plan the fewest reads, as if no register had ever been refused."""
        self._blocks: Sequence[codec.Block] = _number_first(codec.blocks(self._profile.scanned, self._modbus.max_block))
        self._illegal: dict[str, str] = {}
        self._forget_at_s = math.inf


def _number_first(blocks: Sequence[codec.Block]) -> list[codec.Block]:
    """Read the number of the order before its status: whatever comes in between, the end of one is never that of the next."""
    return sorted(blocks, key=lambda block: all(tag.name != ORDER for tag in block.tags))


def _said(tag: Tag, data: bytes | None, illegal: dict[str, str]) -> Said:
    if data is None:
        return Said("", None, illegal.get(tag.name, "not-read"))
    raw = data.hex(" ", 2).upper()
    try:
        return Said(raw, codec.value_of(tag, data))
    except CodecError as error:
        return Said(raw, None, str(error))
