"""Modbus TCP: one client object per connection, one request at a time, and only the one answer that fits it.

pymodbus connects, frames, sends and waits. By itself it takes answers that are not ours (transaction id 0, another function
code, another count, another address echoed), repeats writes and does not notice a peer that closes; so it gets no retries and no
reconnect of its own, and what comes back is checked byte by byte in `_Connection._see` and never decoded a second time.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from devices import codec
from devices.errors import LinkDown, LinkError, LinkLied, LinkRefused, LinkTimeout, SiteError
from devices.profile_rules import HEARTBEAT
from devices.protocol import Scan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from devices.profile import Profile
    from devices.protocol import Value
    from devices.site import MachineSite

    _Request = Callable[[AsyncModbusTcpClient], Awaitable[object]]

# Every failure reaches the caller as an exception; pymodbus would log each of them as well, with hex dumps.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

ILLEGAL_ADDRESS: Final = 2
_READ_HOLDING: Final = 3
_REFUSAL_SIZE: Final = 9
_LAST_UNIT: Final = 255


class ModbusLink:
    """The holding registers of one unit behind `modbus://host:port/unit`."""

    def __init__(self, site: MachineSite, profile: Profile) -> None:
        if profile.modbus is None:
            raise SiteError(f"profile {profile.id!r} has no [modbus]", machine=site.id)
        self._machine = site.id
        self._address = _address(site)
        self._unit = self._address[2]
        self._profile, self._modbus = profile, profile.modbus
        self._size = len(profile.scanned)
        self._blocks: Sequence[codec.Block] = codec.blocks(profile.scanned, profile.modbus.max_block)
        self._illegal: dict[str, str] = {}
        self._connection: _Connection | None = None
        self._quiet_until_s = 0.0

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not failed."""
        return self._connection is not None and self._connection.sound

    async def connect(self) -> None:
        """Make a new connection and forget which registers the old one refused. Raises LinkDown."""
        await self.close()
        self._blocks, self._illegal = codec.blocks(self._profile.scanned, self._modbus.max_block), {}
        connection = _Connection(self._machine, self._address, self._profile.timeout_s)
        await connection.open()
        self._connection = connection

    async def read(self) -> Scan:
        """Read every register that has a name. A tag that the machine does not know is flawed, the others are read."""
        values: list[Value | None] = [None] * self._size
        waiting = list(reversed(self._blocks))
        good: list[codec.Block] = []
        while waiting:
            block = waiting.pop()
            try:
                block.unpack(await self._registers(block), values)
                good.append(block)
            except LinkRefused as refusal:
                if refusal.code != ILLEGAL_ADDRESS:
                    raise
                if len(block.tags) == 1:
                    self._illegal[block.tags[0].name] = "illegal-address"
                waiting.extend(reversed(block.halves()))
        self._blocks = good
        return Scan(values, self._illegal)

    async def command(self, values: Sequence[int | str]) -> None:
        """Write the block of one order with one request, commit word last."""
        command = self._profile.command
        if command is None or command.address is None:
            raise LinkRefused("takes no orders", code=ILLEGAL_ADDRESS, machine=self._machine)
        types = [kind for _, kind in command.fields]
        await self._write(command.address, codec.words(types, values, self._modbus.word_order))

    async def beat(self, count: int) -> None:
        """Write the heartbeat register."""
        await self._write(self._profile.tags[HEARTBEAT].address or 0, [count])

    async def close(self) -> None:
        """Close the socket."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _registers(self, block: codec.Block) -> bytes:
        count = block.count
        answer = await self._ask(lambda to: to.read_holding_registers(block.address, count=count, device_id=self._unit))
        return answer[-2 * count :]

    async def _write(self, address: int, registers: list[int]) -> None:
        await self._ask(lambda to: to.write_registers(address, registers, device_id=self._unit))

    async def _ask(self, request: _Request) -> bytes:
        """Return the whole frame of the answer, after the silence that the machine needs between two requests."""
        loop = asyncio.get_running_loop()
        if (gap_s := self._quiet_until_s - loop.time()) > 0:
            await asyncio.sleep(gap_s)
        if self._connection is None or not self._connection.sound:
            raise LinkDown("not connected", machine=self._machine, advice="wait for the connection to come back")
        try:
            return await self._connection.exchange(request)
        finally:
            self._quiet_until_s = loop.time() + self._modbus.min_gap_ms / 1000


class _Connection:
    """One socket from its opening to its first failure. `sound`: connected, and nothing doubtful has happened."""

    def __init__(self, machine: str, address: tuple[str, int, int], timeout_s: float) -> None:
        host, port, unit = address
        self.sound = False
        self._machine = machine
        self._expected: _Expected | None = None
        self._answer = b""
        self._met = ModbusPDU(dev_id=unit)  # what pymodbus is told when the answer is there
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            timeout=timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._see,
            trace_connect=self._changed,
        )

    async def open(self) -> None:
        try:
            opened = await self._client.connect()
        except BaseException:
            self.close()
            raise
        if not opened:
            self.close()
            raise LinkDown("cannot be reached", machine=self._machine, advice="is it on, is its address right?")

    async def exchange(self, request: _Request) -> bytes:
        """Send `request` and return the answer's frame. Any failure but LinkRefused closes the socket."""
        try:
            await request(self._client)
        except LinkError:
            self.close()
            raise
        except ModbusException as error:
            self.close()
            raise LinkTimeout("no answer in time", machine=self._machine, advice="look at cable and switch") from error
        except BaseException:
            self.close()
            raise
        if len(self._answer) == _REFUSAL_SIZE and self._answer[7] & 0x80:
            code = self._answer[8]
            raise LinkRefused(f"refused with exception {code}", code=code, machine=self._machine)
        return self._answer

    def close(self) -> None:
        self._fail(LinkTimeout("the connection was closed before the answer came", machine=self._machine))
        self._client.close()

    def _see(self, sending: bool, packet: bytes) -> bytes:  # noqa: FBT001  pymodbus calls it by position
        """See every packet in pymodbus's place; of what was received, `packet` is everything since the request."""
        if sending:
            self._expected = _Expected(packet)
            return packet
        whole = self._expected is not None and self._expected.met_by(packet)
        if whole:
            self._answer = packet
            self._end_wait(self._met)
        elif whole is False:
            self._fail(LinkLied(f"{packet[:16].hex()} is not the answer to our request", machine=self._machine))
            self._client.close()
        return b""

    def _changed(self, connected: bool) -> None:  # noqa: FBT001  pymodbus calls it by position
        """Hear at once that the peer closed: pymodbus would let the pending request wait for its time-out."""
        self.sound = connected
        if not connected:
            self._fail(LinkTimeout("the machine closed the connection before it answered", machine=self._machine))

    def _fail(self, error: LinkError) -> None:
        """Make this connection unsound, and whoever waits for an answer on it fail."""
        self.sound = False
        self._end_wait(error)

    def _end_wait(self, outcome: ModbusPDU | LinkError) -> None:
        waiting, self._expected = self._expected is not None, None
        pending = cast("asyncio.Future[ModbusPDU]", self._client.ctx.response_future)
        if not waiting or pending.done():
            return
        if isinstance(outcome, LinkError):
            pending.set_exception(outcome)
        else:
            pending.set_result(outcome)


class _Expected:
    """The one answer that fits a request: every byte of its head is known before we ask."""

    def __init__(self, request: bytes) -> None:
        start, unit, function = request[:4], request[6], request[7]
        if function == _READ_HOLDING:
            data_bytes = 2 * int.from_bytes(request[10:12], "big")
            answer = start + (3 + data_bytes).to_bytes(2, "big") + bytes((unit, function, data_bytes))
            size = len(answer) + data_bytes
        else:
            answer = start + b"\x00\x06" + request[6:12]
            size = len(answer)
        refusal = start + b"\x00\x03" + bytes((unit, function | 0x80))
        self._heads = ((answer, size), (refusal, _REFUSAL_SIZE))

    def met_by(self, packet: bytes) -> bool | None:
        """Say whether `packet` is the whole answer; None while it may still become it."""
        for head, size in self._heads:
            if packet[: len(head)] == head[: len(packet)] and len(packet) <= size:
                return True if len(packet) == size else None
        return False


def _address(site: MachineSite) -> tuple[str, int, int]:
    """Split `modbus://host:port/unit`. Raises SiteError."""
    url = urlsplit(site.url)
    unit = url.path.removeprefix("/")
    try:
        port = url.port
    except ValueError:
        port = None
    if not url.hostname or port is None or not unit.isdecimal() or int(unit) > _LAST_UNIT:
        raise SiteError(f"{site.url!r} is not modbus://host:port/unit", machine=site.id)
    return url.hostname, port, int(unit)
