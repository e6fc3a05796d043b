"""OPC UA: one client object per connection, all tags in one Read, one method call for an order, a deadline on everything.

asyncua can hang for ever on a dead address and keeps tasks of its own; so it never reconnects by itself, and a client that
failed once has its socket closed at once and the rest of it cleared away by a task with a deadline. With `security` it signs and
encrypts or there is no connection: unsigned, a server is asked for its certificate and for nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.crypto import security_policies
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509

from devices import codec
from devices.errors import (
    CodecError,
    LinkDistrusted,
    LinkDown,
    LinkError,
    LinkLied,
    LinkRefused,
    LinkTimeout,
    SiteError,
)
from devices.links import trust
from devices.profile_rules import HEARTBEAT
from devices.protocol import Request, Said, Scan, Survey
from devices.site import WAIVER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from devices.profile import Profile, Tag
    from devices.protocol import Value
    from devices.site import MachineSite, Security

# Every failure reaches the caller as an exception; asyncua would log a traceback for each of them as well.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

_T = TypeVar("_T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LEAST_SESSION_S: Final = 10.0
_SESSION_PERIODS: Final = 3
"""A session that was lost takes up one of the few that a small server allows, until the server has missed us for so long."""
_CHANNEL_MS: Final = 3_600_000  # asyncua changes the keys in good time before
_CONNECT_REQUESTS: Final = 6  # hello, channel, session, activation, namespaces, limits
_SHOW_REQUESTS: Final = 4  # hello, channel, endpoints, farewell
_MODE: Final = ua.MessageSecurityMode.SignAndEncrypt
_STRANGER_CODES: Final = frozenset(
    code
    for name, code in vars(StatusCodes).items()
    if name.startswith(("BadCertificate", "BadSecurity", "BadUser", "BadIdentityToken", "BadApplicationSignature"))
)
"""The statuses by which a server says that it does not trust us."""
_ENDED_CODES: Final = frozenset(
    code
    for name, code in vars(StatusCodes).items()
    if name.startswith(("BadSessionClosed", "BadSessionIdInvalid", "BadSessionNotActivated", "BadSecureChannel"))
)
"""The statuses by which a server says that it has given up our session: it did nothing of what was asked."""
_IMPOSTOR: Final = "is this the right machine, was its certificate renewed?"
_STRANGER: Final = "does it trust our certificate, does it know our user?"
_NO_WATCHDOG_S: Final = 86_400.0  # our polls find a dead connection sooner than asyncua's own probes
_NUMERIC: Final = re.compile(r"i=(\d{1,10})")
_ARGUMENTS: Final = {"u16": ua.VariantType.UInt16, "u32": ua.VariantType.UInt32, "text20": ua.VariantType.String}


class OpcUaLink:
    """The nodes of one machine behind `opc.tcp://host:port`."""

    def __init__(self, site: MachineSite, profile: Profile) -> None:
        if profile.opcua is None:
            raise SiteError(f"profile {profile.id!r} has no [opcua]", machine=site.id)
        if (site.security is None) == (site.waiver != WAIVER):
            raise SiteError(
                "speaks OPC UA without signature and encryption",
                machine=site.id,
                advice=f'give it [machine.security]; where its network is isolated, say so with waiver = "{WAIVER}"',
            )
        self._site, self._machine, self._url = site, site.id, site.url
        self._host = urlsplit(site.url).hostname or ""
        self._profile, self._opcua = profile, profile.opcua
        self._columns = [_Column(tag) for tag in profile.scanned]
        self._index = 0
        self._ended_s = -math.inf
        self._reads: list[tuple[int, ua.ReadParameters]] = []
        self._breaks_off = False
        self._client: Client | None = None
        self._dying: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether there is a session that has not failed."""
        return self._client is not None and self._client.state is UaClientState.CONNECTED

    async def connect(self) -> None:
        """Open a new session and find our namespace in it. Raises LinkDown, LinkLied or LinkDistrusted."""
        self._drop()
        client = self._new_client()
        try:
            if self._site.security is not None:
                await self._secure(client, self._site.security)
            async with _within(_CONNECT_REQUESTS * self._profile.timeout_s):
                await client.connect()
                self._index = await client.get_namespace_index(self._opcua.namespace)
                self._reads = self._plan(await _most_nodes(client) or self._opcua.max_nodes_per_read)
        except BaseException as error:
            self._bury(client)
            if isinstance(error, LinkError) or not isinstance(error, Exception):
                raise
            raise await self._explained(error) from error
        self._client, self._breaks_off = client, False

    async def read(self) -> Scan:
        """Read the value of every tag, with status and source time."""
        values: list[Value | None] = []
        times: list[int] = []
        flaws: dict[str, str] = {}
        for column, data in zip(self._columns, await self._data(), strict=True):
            value, flaw = column.value(data)
            at: Any = data.SourceTimestamp  # a datetime; the annotation in asyncua is a name for the wire type
            values.append(value)
            times.append(0 if at is None else (at - _EPOCH) // _MILLISECOND)
            if flaw or at is None:
                flaws[column.name] = flaw or "no-source-time"
        return Scan(values, flaws, times)

    async def survey(self) -> Survey:
        """Read the same, and keep for a person what was asked and what came in the machine's own words."""
        requests: list[Request] = []
        said = {
            column.name: column.said(data)
            for column, data in zip(self._columns, await self._data(requests), strict=True)
        }
        return Survey(said, tuple(requests), max((one.at for one in said.values()), default=0) or None)

    async def _data(self, requests: list[Request] | None = None) -> Sequence[ua.DataValue]:
        """Read every node; note in `requests` what was asked and how long it took."""
        self._session()
        found: list[ua.DataValue] = []
        for wanted, parameters in self._reads:
            before, began_s = len(found), time.monotonic()
            part = await self._ask(lambda to, asked=parameters: to.uaclient.session.read(asked))
            if len(part) != wanted:
                self._drop()
                told = f"{len(part)} values for {wanted} nodes"
                raise self._error(LinkLied, told, "look at its firmware")
            found += part
            if requests is not None:
                tags = tuple(column.name for column in self._columns[before : len(found)])
                asked, took_s = f"{len(tags)} nodes", time.monotonic() - began_s
                requests.append(Request(asked, took_s, began_s - self._ended_s, 0, tags))
            self._ended_s = time.monotonic()
        return found

    async def command(self, values: Sequence[int | str]) -> None:
        """Hand over the block of one order with one method call."""
        command = self._profile.command
        if command is None:
            raise LinkRefused("takes no orders", code=StatusCodes.BadMethodInvalid, machine=self._machine)
        arguments = [
            ua.Variant(value, _ARGUMENTS[kind]) for (_, kind), value in zip(command.fields, values, strict=True)
        ]
        call = ua.CallMethodRequest(self._node(command.object), self._node(command.method), arguments)
        results: list[Any] = await self._ask(lambda to: to.uaclient.session.call([call]))
        self._check([result.StatusCode for result in results])

    async def beat(self, count: int) -> None:
        """Write the heartbeat node."""
        value = ua.DataValue(ua.Variant(count, ua.VariantType.UInt16))
        node = self._node(self._profile.tags[HEARTBEAT].node)
        self._check(await self._ask(lambda to: to.uaclient.session.write_attributes([node], [value])))

    async def close(self) -> None:
        """End the session, so that the machine need not keep it."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await _end(client, self._profile.timeout_s)
            finally:
                client.disconnect_socket()
        if self._dying:
            await asyncio.wait(self._dying)

    def _new_client(self) -> Client:
        client = Client(self._url, timeout=self._profile.timeout_s, watchdog_intervall=_NO_WATCHDOG_S)
        client.session_timeout = round(1000 * max(_LEAST_SESSION_S, _SESSION_PERIODS * self._profile.period_s))
        client.secure_channel_timeout = _CHANNEL_MS
        return client

    async def _secure(self, client: Client, security: Security) -> None:
        """Let `client` sign and encrypt for the one machine that we trust. Raises LinkDistrusted."""
        papers = trust.read_papers(self._site)
        shown = papers.pinned or await self._shown(_policy(security))
        self._judge(shown, papers)
        client.application_uri = papers.application
        client.security_policy = _policy(security)(shown, papers.certificate, papers.key, _MODE)
        client.uaclient.set_security(client.security_policy)
        client.set_user(security.user)
        client.set_password(papers.password)

    def _judge(self, shown: x509.Certificate, papers: trust.Papers) -> None:
        if reason := trust.refusal(shown, papers, self._host):
            raise self._error(LinkDistrusted, reason, _IMPOSTOR)

    async def _shown(self, policy: type[security_policies.SecurityPolicy]) -> x509.Certificate:
        """Ask the server, unsigned, for the certificate of the endpoint that we would use. Raises LinkDistrusted."""
        client = self._new_client()
        try:
            async with _within(_SHOW_REQUESTS * self._profile.timeout_s):
                endpoints: list[Any] = await client.connect_and_get_server_endpoints()
        finally:
            self._bury(client)
        safe = [one for one in endpoints if one.SecurityMode == _MODE and one.SecurityPolicyUri == policy.URI]
        if not safe:
            offered = sorted({str(one.SecurityPolicyUri).rpartition("#")[2] for one in endpoints})
            raise self._error(
                LinkDistrusted,
                f"does not sign and encrypt by {policy.URI.rpartition('#')[2]}; it offers {', '.join(offered)}",
                "set up the security of the machine's server",
            )
        chain: bytes = safe[0].ServerCertificate or b""
        first = chain[: 4 + int.from_bytes(chain[2:4], "big")]  # the authorities' may follow the server's own
        try:
            return x509.load_der_x509_certificate(first)
        except ValueError as error:
            raise self._error(LinkDistrusted, "shows no certificate", _IMPOSTOR) from error

    async def _explained(self, error: Exception) -> LinkError:
        """Say why there is no connection; a server that cannot read us says nothing, so it is asked what it shows."""
        down = self._error(LinkDown, "cannot be reached", "is it on, is its address right?")
        if isinstance(error, ValueError):
            return self._error(LinkLied, f"has no namespace {self._opcua.namespace}", "is this the right machine?")
        if isinstance(error, ua.UaStatusCodeError) and error.code in _STRANGER_CODES:
            return self._error(LinkDistrusted, f"refuses us with {type(error).__name__}", _STRANGER)
        told, security = down, self._site.security
        if isinstance(error, ua.UaStatusCodeError):
            told = self._error(LinkDown, f"does not let us in: {type(error).__name__}", "who else is connected to it?")
        if security is None:
            return told
        try:
            self._judge(await self._shown(_policy(security)), trust.read_papers(self._site))
        except LinkDistrusted as reason:
            return reason
        except (TimeoutError, OSError, ua.UaError):
            return told
        except AssertionError:
            pass  # as below: it will not even show itself unsigned
        if isinstance(error, AssertionError):
            # asyncua's word for a channel that was refused: it cannot read the reason.
            return self._error(LinkDistrusted, "refuses to sign and encrypt with us", _STRANGER)
        if told is not down:
            return told
        again, self._breaks_off = self._breaks_off, True
        if not again:  # a server that is only slow does so too
            return down
        return self._error(LinkDistrusted, "breaks off when we sign and encrypt", _STRANGER)

    def _plan(self, size: int) -> list[tuple[int, ua.ReadParameters]]:
        """Return what to ask in turn, each with how many answers it must have."""
        nodes = [ua.ReadValueId(self._node(tag.node), AttributeIds.Value) for tag in self._profile.scanned]
        size = min(size, self._opcua.max_nodes_per_read)
        parts = (nodes[at : at + size] for at in range(0, len(nodes), size))
        return [
            (len(part), ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Source, NodesToRead=part))
            for part in parts
        ]

    def _node(self, name: str) -> ua.NodeId:
        if numeric := _NUMERIC.fullmatch(name):
            return ua.NodeId(ua.Int32(numeric[1]), ua.Int16(self._index))
        return ua.NodeId(ua.String(name), ua.Int16(self._index), ua.NodeIdType.String)

    def _session(self) -> Client:
        """Return the client of a sound connection. Raises LinkDown."""
        if self._client is None or not self.connected:
            self._drop()
            raise self._error(LinkDown, "not connected", "wait for the connection to come back")
        return self._client

    async def _ask(self, request: Callable[[Client], Awaitable[_T]]) -> _T:
        """Do one request within its deadline; whatever goes wrong ends the connection."""
        client = self._session()
        try:
            async with _within(self._profile.timeout_s):
                return await request(client)
        except BaseException as error:
            self._drop()
            ours = self._translated(error)
            if ours is None:
                raise
            raise ours from error

    def _translated(self, error: BaseException) -> LinkError | None:
        """Say in our words what asyncua raised; None for what is no failure of the link."""
        match error:
            case TimeoutError():
                return self._error(LinkTimeout, "no answer in time", "look at cable and switch")
            case OSError():
                return self._error(
                    LinkTimeout, "the connection was lost before the answer came", "look at cable and switch"
                )
            case ua.UaStatusCodeError() if error.code in _ENDED_CODES:
                return self._error(LinkDown, f"ended our session: {type(error).__name__}", "was this computer asleep?")
            case ua.UaStatusCodeError():
                code: int = error.code
                return LinkRefused(f"refused with {type(error).__name__}", code=code, machine=self._machine)
            case Exception():
                return self._error(LinkLied, f"an answer that nobody can read: {error}", "look at its firmware")
            case _:
                return None

    def _check(self, statuses: Sequence[ua.StatusCode]) -> None:
        if len(statuses) != 1:
            self._drop()
            raise self._error(LinkLied, f"{len(statuses)} results for one request", "look at its firmware")
        if not statuses[0].is_good():
            raise LinkRefused(f"refused with {statuses[0].name}", code=statuses[0].value, machine=self._machine)

    def _error(self, kind: type[LinkError], message: str, advice: str) -> LinkError:
        return kind(message, machine=self._machine, advice=advice)

    def _drop(self) -> None:
        """Close the socket now, so that a late answer has nowhere to arrive."""
        if self._client is not None:
            self._bury(self._client)
            self._client = None

    def _bury(self, client: Client) -> None:
        client.disconnect_socket()
        task = asyncio.get_running_loop().create_task(_end(client, self._profile.timeout_s))
        self._dying.add(task)
        task.add_done_callback(self._dying.discard)


class _Column:
    """One tag of the answer: which type it must have and how it becomes a value."""

    def __init__(self, tag: Tag) -> None:
        self.name = tag.name
        self._type = ua.VariantType[tag.type]
        self._scale = tag.scale

    def said(self, data: ua.DataValue) -> Said:
        """Return what the machine said, whole, and what it means."""
        value, flaw = self.value(data)
        variant, status, at = data.Value, data.StatusCode, cast("datetime | None", data.SourceTimestamp)
        raw = "" if variant is None else f"{variant.VariantType.name} {variant.Value!r}"
        if status is not None and not status.is_good():
            raw = f"{raw} {status.name}".strip()
        if at is None:
            return Said(raw, value, flaw or "no-source-time")
        return Said(raw, value, flaw, (at - _EPOCH) // _MILLISECOND)

    def value(self, data: ua.DataValue) -> tuple[Value | None, str]:
        """Return value and flaw of what the machine said; a doubtful value is kept, a missing one is None."""
        variant = data.Value
        if variant is None or variant.VariantType is not self._type or variant.is_array:
            status = data.StatusCode
            return None, "wrong-type" if status is None or status.is_good() else f"status-{status.name}"
        flaw = "" if data.StatusCode is None or data.StatusCode.is_good() else f"status-{data.StatusCode.name}"
        raw: Any = variant.Value
        if self._type is ua.VariantType.String:
            try:
                return codec.checked_text(raw or "", self.name), flaw
            except CodecError as error:
                return None, str(error)
        return raw if self._scale == 1 else raw * self._scale, flaw


def _policy(security: Security) -> type[security_policies.SecurityPolicy]:
    return getattr(security_policies, f"SecurityPolicy{security.policy or trust.POLICIES[0]}")


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncGenerator[None]:
    """Be `asyncio.timeout`, also for the cancellation that asyncua makes where an answer meets the deadline.

    It is of a kind of its own, which Python 3.11 does not take for the deadline's: whoever polls would be cancelled by nobody.
    """
    async with asyncio.timeout(seconds):
        try:
            yield
        except asyncio.CancelledError as error:
            raise asyncio.CancelledError from error


async def _most_nodes(client: Client) -> int:
    """Ask the server how many nodes one Read may name; 0 where it does not say."""
    node = ua.NodeId(ua.Int32(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead))
    asked = ua.ReadParameters(NodesToRead=[ua.ReadValueId(node, AttributeIds.Value)])
    (said,) = await client.uaclient.session.read(asked)
    value: Any = said.Value and said.Value.Value
    return value if isinstance(value, int) and value > 0 else 0


async def _end(client: Client, timeout_s: float) -> None:
    """Let a client end its session, its channel and its tasks; what it says or does not manage in time is of no interest."""
    with contextlib.suppress(Exception):
        async with _within(timeout_s):
            await client.disconnect()
