"""Modbus TCP, plain or over TLS: one client object per connection, one request at a time, and only the one answer that fits it.

pymodbus connects, frames, sends and waits. By itself it takes answers that are not ours (transaction id 0, another function
code, another count, another address echoed), repeats writes and does not notice a peer that closes; so it gets no retries and no
reconnect of its own, and what comes back is checked byte by byte in `_Connection._see` and never decoded a second time.
A peer over TLS is judged before it is asked anything.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import ssl
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from cryptography import x509
from pymodbus.client import AsyncModbusTcpClient, AsyncModbusTlsClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from devices import codec
from devices.errors import LinkDistrusted, LinkDown, LinkError, LinkLied, LinkRefused, LinkTimeout, SiteError
from devices.links import trust
from devices.links.modbus_answer import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Expected, refused
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

_LAST_UNIT: Final = 255
_FORGET_S: Final = 20.0
"""Wall seconds after which a register that was refused is asked for again: a machine that starts up refuses for a while."""
_IMPOSTOR: Final = "is this the right machine, was its certificate renewed?"
_STRANGER: Final = "does it trust our certificate, does it speak TLS on this port?"
_TIDS: Final = 65_000
"""Transaction ids that pymodbus gives, one after the other."""


class ModbusLink:
    """The holding registers of one unit behind `modbus://host:port/unit`."""

    def __init__(self, site: MachineSite, profile: Profile) -> None:
        if profile.modbus is None:
            raise SiteError(f"profile {profile.id!r} has no [modbus]", machine=site.id)
        self._site, self._machine = site, site.id
        self._host, self._port, self._unit = _address(site)
        self._profile, self._modbus = profile, profile.modbus
        self._size = len(profile.scanned)
        self._learn_anew()
        self._connection: _Connection | None = None
        self._quiet_until_s = 0.0
        # It goes on over all connections: pymodbus would begin each with 1, and an answer kept from an old one would fit.
        self._last_tid = secrets.randbelow(_TIDS)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not failed."""
        return self._connection is not None and self._connection.sound

    async def connect(self) -> None:
        """Make a new connection and forget which registers the old one refused. Raises LinkDown or LinkDistrusted."""
        await self.close()
        self._learn_anew()
        papers = None if self._site.security is None else trust.read_papers(self._site)
        connection = _Connection(self._site, (self._host, self._port, self._unit), self._profile.timeout_s, papers)
        await connection.open(self._last_tid)
        self._connection = connection

    async def read(self) -> Scan:
        """Read every register that has a name. A tag that the machine does not know is flawed, the others are read."""
        if asyncio.get_running_loop().time() >= self._forget_at_s:
            self._learn_anew()
        values: list[Value | None] = [None] * self._size
        waiting = list(reversed(self._blocks))
        good: list[codec.Block] = []
        while waiting:
            block = waiting.pop()
            try:
                block.unpack(await self._registers(block), values)
                good.append(block)
            except LinkRefused as refusal:
                halves = block.halves()
                if refusal.code != ILLEGAL_ADDRESS and not (refusal.code == ILLEGAL_VALUE and halves):
                    raise
                if not halves:
                    self._illegal[block.tags[0].name] = "illegal-address"
                waiting.extend(reversed(halves))
                self._forget_at_s = min(self._forget_at_s, asyncio.get_running_loop().time() + _FORGET_S)
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
            self._last_tid = self._connection.last_tid
            self._connection.close()
            self._connection = None

    def _learn_anew(self) -> None:
        """Plan the fewest reads, as if no register had ever been refused."""
        self._blocks: Sequence[codec.Block] = codec.blocks(self._profile.scanned, self._modbus.max_block)
        self._illegal: dict[str, str] = {}
        self._forget_at_s = math.inf

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

    def __init__(
        self, site: MachineSite, address: tuple[str, int, int], timeout_s: float, papers: trust.Papers | None
    ) -> None:
        self._host, port, unit = address
        self.sound = False
        self._machine = site.id
        self._timeout_s = timeout_s
        self._papers = papers
        self._expected: Expected | None = None
        self._answer = b""
        self._met = ModbusPDU(dev_id=unit)  # what pymodbus is told when the answer is there
        manners: dict[str, Any] = {
            "port": port,
            "timeout": timeout_s,
            "retries": 0,
            "reconnect_delay": 0,
            "trace_packet": self._see,
        }
        if papers is None or site.security is None:
            self._client = AsyncModbusTcpClient(self._host, **manners)
        else:
            tls = trust.tls_context(site.security, papers)
            self._client = AsyncModbusTlsClient(self._host, sslctx=tls, **manners)
        self._client.ctx.callback_disconnected = self._lost

    @property
    def last_tid(self) -> int:
        """The transaction id asked last."""
        return self._client.ctx.next_tid

    async def open(self, last_tid: int) -> None:
        """Connect, and number requests from after `last_tid`. Raises LinkDown or LinkDistrusted."""
        try:
            # pymodbus's own connect() does the same and keeps to itself why it failed.
            async with asyncio.timeout(self._timeout_s):
                await self._client.ctx.call_create()
            self._client.ctx.next_tid = last_tid  # only now: pymodbus sets it back when it has connected
            self._judge()
        except BaseException as error:
            self.close()
            ours = self._translated(error)
            if ours is None:
                raise
            raise ours from error
        self.sound = True

    def _judge(self) -> None:
        """Look at what the peer shows, before anything is asked of it. Raises LinkDistrusted."""
        if self._papers is None:
            return
        channel: ssl.SSLObject = self._client.ctx.transport.get_extra_info("ssl_object")
        shown = x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")
        if reason := trust.refusal(shown, self._papers, self._host):
            raise LinkDistrusted(reason, machine=self._machine, advice=_IMPOSTOR)

    def _translated(self, error: BaseException) -> LinkError | None:
        """Say in our words why there is no connection; None for what is no failure of the link."""
        match error:
            case ssl.SSLCertVerificationError():
                expected = self._papers and self._papers.pinned
                pinned = f", not {trust.fingerprint(expected)}, which is pinned" if expected else ""
                reason = f"shows a certificate that is refused: {error.verify_message}{pinned}"
                return LinkDistrusted(reason, machine=self._machine, advice=_IMPOSTOR)
            case ssl.SSLError() | ConnectionResetError() if self._papers is not None:
                reason = f"makes no TLS with us: {getattr(error, 'reason', 'it hung up')}"
                return LinkDistrusted(reason, machine=self._machine, advice=_STRANGER)
            case TimeoutError() | OSError():
                return LinkDown("cannot be reached", machine=self._machine, advice="is it on, is its address right?")
            case _:
                return None

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
        if code := refused(self._answer):
            raise LinkRefused(f"refused with exception {code}", code=code, machine=self._machine)
        return self._answer

    def close(self) -> None:
        """Close the socket at once; TLS would first wait for a farewell that a dead peer never sends."""
        self._fail(LinkTimeout("the connection was closed before the answer came", machine=self._machine))
        transport = cast("asyncio.Transport | None", self._client.ctx.transport)
        if transport is not None:
            transport.abort()
        self._client.close()

    def _see(self, sending: bool, packet: bytes) -> bytes:  # noqa: FBT001  pymodbus calls it by position
        """See every packet in pymodbus's place; of what was received, `packet` is everything since the request."""
        if sending:
            self._expected = Expected(packet)
            return packet
        whole = self._expected is not None and self._expected.met_by(packet)
        if whole:
            self._answer = packet
            self._end_wait(self._met)
        elif whole is False:
            self._fail(LinkLied(f"{packet[:16].hex()} is not the answer to our request", machine=self._machine))
            self.close()
        return b""

    def _lost(self, exc: Exception | None) -> None:
        """Hear at once that the peer closed: pymodbus would let the pending request wait for its time-out."""
        if self._papers is not None and not self._answer:
            # With TLS 1.3 a client that is not let in learns it here; whether the peer gives a reason is its own affair.
            said = "ended TLS before it answered anything" + (
                f": {exc.reason}" if isinstance(exc, ssl.SSLError) else ""
            )
            self._fail(LinkDistrusted(said, machine=self._machine, advice=_STRANGER))
        else:
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
