"""OPC UA: one client object per connection, all tags in one Read, one method call for an order, a deadline on everything.

asyncua can hang for ever on a dead address and keeps tasks of its own; so it never reconnects by itself, and a client that
failed once has its socket closed at once and the rest of it cleared away by a task with a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from devices import codec
from devices.errors import CodecError, LinkDown, LinkError, LinkLied, LinkRefused, LinkTimeout, SiteError
from devices.profile_rules import HEARTBEAT
from devices.protocol import Scan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from devices.profile import Profile, Tag
    from devices.protocol import Value
    from devices.site import MachineSite

# Every failure reaches the caller as an exception; asyncua would log a traceback for each of them as well.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

_T = TypeVar("_T")

WAIVER: Final = "opcua-none"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SESSION_MS: Final = 60_000
_CONNECT_REQUESTS: Final = 5  # hello, channel, session, activation, namespaces
_NO_WATCHDOG_S: Final = 86_400.0  # our polls find a dead connection sooner than asyncua's own probes
_ARGUMENTS: Final = {"u16": ua.VariantType.UInt16, "u32": ua.VariantType.UInt32, "text20": ua.VariantType.String}


class OpcUaLink:
    """The nodes of one machine behind `opc.tcp://host:port`."""

    def __init__(self, site: MachineSite, profile: Profile) -> None:
        if profile.opcua is None:
            raise SiteError(f"profile {profile.id!r} has no [opcua]", machine=site.id)
        if site.waiver != WAIVER:
            raise SiteError(
                "speaks OPC UA without signature and encryption",
                machine=site.id,
                advice=f'where the network is isolated, say so with waiver = "{WAIVER}"',
            )
        self._machine, self._url = site.id, site.url
        self._profile, self._opcua = profile, profile.opcua
        self._columns = [_Column(tag) for tag in profile.scanned]
        self._index = 0
        self._reads: list[ua.ReadParameters] = []
        self._client: Client | None = None
        self._dying: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether there is a session that has not failed."""
        return self._client is not None and self._client.state is UaClientState.CONNECTED

    async def connect(self) -> None:
        """Open a new session and find our namespace in it. Raises LinkDown, LinkTimeout or LinkLied."""
        self._drop()
        client = Client(self._url, timeout=self._profile.timeout_s, watchdog_intervall=_NO_WATCHDOG_S)
        client.session_timeout = _SESSION_MS
        try:
            async with asyncio.timeout(_CONNECT_REQUESTS * self._profile.timeout_s):
                await client.connect()
                self._index = await client.get_namespace_index(self._opcua.namespace)
        except (TimeoutError, OSError, ua.UaError) as error:
            self._bury(client)
            raise self._error(LinkDown, "cannot be reached", "is it on, is its address right?") from error
        except ValueError as error:
            self._bury(client)
            raise self._error(
                LinkLied, f"has no namespace {self._opcua.namespace}", "is this the right machine?"
            ) from error
        except BaseException:
            self._bury(client)
            raise
        self._client = client
        self._reads = self._plan()

    async def read(self) -> Scan:
        """Read the value of every tag, with status and source time."""
        self._session()
        found: list[ua.DataValue] = []
        for parameters in self._reads:
            found += await self._ask(lambda to, asked=parameters: to.uaclient.session.read(asked))
        if len(found) != len(self._columns):
            self._drop()
            raise self._error(LinkLied, f"{len(found)} values for {len(self._columns)} nodes", "look at its firmware")
        values: list[Value | None] = []
        times: list[int] = []
        flaws: dict[str, str] = {}
        for column, data in zip(self._columns, found, strict=True):
            value, flaw = column.value(data)
            at: Any = data.SourceTimestamp  # a datetime; the annotation in asyncua is a name for the wire type
            values.append(value)
            times.append(0 if at is None else (at - _EPOCH) // _MILLISECOND)
            if flaw or at is None:
                flaws[column.name] = flaw or "no-source-time"
        return Scan(values, flaws, times)

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

    def _plan(self) -> list[ua.ReadParameters]:
        nodes = [ua.ReadValueId(self._node(tag.node), AttributeIds.Value) for tag in self._profile.scanned]
        size = self._opcua.max_nodes_per_read
        parts = (nodes[at : at + size] for at in range(0, len(nodes), size))
        return [ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Source, NodesToRead=part) for part in parts]

    def _node(self, name: str) -> ua.NodeId:
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
            async with asyncio.timeout(self._profile.timeout_s):
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


async def _end(client: Client, timeout_s: float) -> None:
    """Let a client end its session, its channel and its tasks; what it says or does not manage in time is of no interest."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(timeout_s):
            await client.disconnect()
