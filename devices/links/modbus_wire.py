"""Registers and bits of one Modbus TCP unit, plain or over TLS: the one home of pymodbus among the drivers.

pymodbus connects, frames, sends and waits. By itself it takes answers that are not ours (transaction id 0, another function
code, another count, another address echoed), repeats writes and does not notice a peer that closes; so it gets no retries and no
reconnect of its own, and what comes back is checked byte by byte in `_Connection._see` and never decoded a second time.
A peer over TLS is judged before it is asked anything. One client object per connection, one request at a time.
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

from devices.errors import LinkDistrusted, LinkDown, LinkError, LinkLied, LinkRefused, LinkTimeout, SiteError
from devices.links import trust
from devices.links.modbus_answer import Expected, data_bytes, refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from devices.site import MachineSite

    _Request = Callable[[AsyncModbusTcpClient], Awaitable[object]]

# Every failure reaches the caller as an exception; pymodbus would log each of them as well, with hex dumps.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_LAST_UNIT: Final = 255
_IMPOSTOR: Final = "is this the right machine, was its certificate renewed?"
_STRANGER: Final = "does it trust our certificate, does it speak TLS on this port?"
_TIDS: Final = 65_000
"""Transaction ids that pymodbus gives, one after the other."""


class ModbusWire:
    """The road to one unit behind `modbus://host:port/unit`. Raises SiteError where the URL says something else.

    `timeout_s`: wall seconds of one request; `gap_s`: silence between two. Of the last request: `took_s`, and `waited_s`, the
    silence before it (infinite before the first).
    """

    def __init__(self, site: MachineSite, *, timeout_s: float, gap_s: float) -> None:
        self._site, self._machine = site, site.id
        self._address = _address(site)
        self._timeout_s, self._gap_s = timeout_s, gap_s
        self._connection: _Connection | None = None
        self._ended_s = -math.inf
        self.took_s, self.waited_s = 0.0, math.inf
        # It goes on over all connections: pymodbus would begin each with 1, and an answer kept from an old one would fit.
        self._last_tid = secrets.randbelow(_TIDS)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not failed."""
        return self._connection is not None and self._connection.sound

    async def connect(self) -> None:
        """Make a new connection. Raises LinkDown or LinkDistrusted."""
        self.close()
        papers = None if self._site.security is None else trust.read_papers(self._site)
        connection = _Connection(self._site, self._address, self._timeout_s, papers)
        await connection.open(self._last_tid)
        self._connection = connection

    async def read(self, table: str, address: int, count: int) -> bytes:
        """Return the data of `count` registers or bits of `table` from `address`, zero-based. Raises LinkError."""
        unit = self._address[2]

        def request(to: AsyncModbusTcpClient) -> Awaitable[object]:
            match table:
                case "holding":
                    return to.read_holding_registers(address, count=count, device_id=unit)
                case "input":
                    return to.read_input_registers(address, count=count, device_id=unit)
                case "coil":
                    return to.read_coils(address, count=count, device_id=unit)
                case _:
                    return to.read_discrete_inputs(address, count=count, device_id=unit)

        answer = await self._ask(request)
        return answer[-data_bytes(table, count) :]

    async def write(self, address: int, registers: Sequence[int]) -> None:
        """Write holding registers with one request. Raises LinkError; LinkDown only where nothing was sent."""
        unit = self._address[2]
        await self._ask(lambda to: to.write_registers(address, list(registers), device_id=unit))

    def close(self) -> None:
        """Close the socket."""
        if self._connection is not None:
            self._last_tid = self._connection.last_tid
            self._connection.close()
            self._connection = None

    async def _ask(self, request: _Request) -> bytes:
        """Return the whole frame of the answer, after the silence that the machine needs between two requests."""
        loop = asyncio.get_running_loop()
        if (wait_s := self._ended_s + self._gap_s - loop.time()) > 0:
            await asyncio.sleep(wait_s)
        if self._connection is None or not self._connection.sound:
            raise LinkDown("not connected", machine=self._machine, advice="wait for the connection to come back")
        began_s = loop.time()
        self.waited_s = began_s - self._ended_s
        try:
            return await self._connection.exchange(request)
        finally:
            self._ended_s = loop.time()
            self.took_s = self._ended_s - began_s


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
