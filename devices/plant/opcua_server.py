"""Machines behind OPC UA; the only home of asyncua in the plant.

One server for each machine. It signs and encrypts for the line alone where it has papers; without, it is open to whoever reaches
the loopback interface, which is all it listens on. Its values are written when
somebody reads them, all with the source time of one instant; a subscriber gets them by `publish`.
"""

# asyncua types its structures with integer and text classes of its own but takes plain ones, and re-exports by `*`:
# pyright: reportArgumentType=false, reportPrivateImportUsage=false

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pickle
import sys
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.user_managers import PermissiveUserManager, UserManager
from cryptography.hazmat.primitives.serialization import Encoding

from devices.errors import SiteError
from devices.plant.orders import order_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from devices.plant.machine import Machine
    from devices.plant.papers import Papers
    from devices.plant.tables import Block

ARGUMENT_TYPES = {"u16": ua.VariantType.UInt16, "u32": ua.VariantType.UInt32, "text20": ua.VariantType.String}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOST_S = 3600.0  # how long an answer that is lost keeps its connection waiting, wall seconds

StandardNodes = dict[ua.NodeId, bytes]


async def standard_nodes() -> StandardNodes:
    """Return the nodes that every OPC UA server has, pickled one by one.

    Building them takes seconds, so they lie beside the bytecode, made from the installed asyncua as that is from its source.
    """
    tag = f"asyncua-{version('asyncua')}.{sys.implementation.cache_tag}.nodes"
    path = Path(__file__).parent / "__pycache__" / tag
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
        return pickle.loads(path.read_bytes())  # noqa: S301 - our own file, trusted like the bytecode beside it
    builder = InternalServer()
    await builder.load_standard_address_space()
    space = builder.aspace
    nodes = {key: pickle.dumps(space[key], pickle.HIGHEST_PROTOCOL) for key in space.keys()}  # noqa: SIM118 - not a mapping
    fresh = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a folder that cannot be written costs the next start its seconds again
        path.parent.mkdir(exist_ok=True)
        fresh.write_bytes(pickle.dumps(nodes, pickle.HIGHEST_PROTOCOL))
        fresh.replace(path)
    return nodes


class OpcuaServer:
    """One machine at `url`. `nodes`: from `standard_nodes`, shared by all; `now`: ms plant time; without `papers` it is open."""

    def __init__(
        self, url: str, machine: Machine, nodes: StandardNodes, now: Callable[[], int], papers: Papers | None = None
    ) -> None:
        self._url = url
        self._machine = machine
        self._now = now
        self._papers = papers
        self._server = _Server(machine, nodes, PermissiveUserManager() if papers is None else _Door(papers))
        self._shown: list[tuple[str, ua.NodeId, ua.VariantType]] = []

    async def open(self) -> None:
        """Make the nodes and start to listen. Raises SiteError when the port is taken."""
        await self._server.init()
        self._server.set_endpoint(self._url)
        await self._secure()
        self._server.allow_remote_admin(allow=False)
        self._server.disable_clock()
        await self._make_nodes()
        await self._refresh()
        self._server.subscribe_server_callback(CallbackType.PreRead, self._before_read)
        try:
            await self._server.start()
        except OSError as error:
            raise SiteError(
                f"cannot listen on {urlsplit(self._url).netloc}", advice="stop what uses the port"
            ) from error

    async def close(self) -> None:
        """Hang up and stop to listen."""
        await self._server.stop()

    async def publish(self) -> None:
        """Write the present values for those who subscribed to them."""
        if self._server.iserver.subscription_service.subscriptions:
            await self._refresh()

    async def _secure(self) -> None:
        """Offer what the papers allow and nothing less."""
        papers, server = self._papers, self._server
        if papers is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            return
        server.set_security_policy([ua.SecurityPolicyType[f"{papers.policy}_SignAndEncrypt"]])
        server.set_identity_tokens([ua.UserNameIdentityToken])
        server.set_certificate_validator(self._look_at)
        await server.load_certificate(papers.certificate.read_bytes(), "pem")
        await server.load_private_key(papers.key.read_bytes(), format="pem")

    async def _look_at(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        del application
        assert self._papers is not None
        if not self._papers.knows(certificate.public_bytes(Encoding.DER)):
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    async def _make_nodes(self) -> None:
        table = self._machine.table
        space = await self._server.register_namespace(table.namespace)
        objects: dict[str, Any] = {}
        for tag in table.tags.values():
            parent, kind, node = tag.node.rpartition(".")[0], ua.VariantType[tag.type], _node_id(tag.node, space)
            if parent not in objects:
                name = ua.QualifiedName(parent, space)
                objects[parent] = await self._server.nodes.objects.add_object(ua.NodeId(parent, space), name)
            value = ua.get_default_value(kind)
            variable = await objects[parent].add_variable(node, ua.QualifiedName(tag.name, space), value, kind)
            if tag.writable:
                await variable.set_writable()
                self._server.set_attribute_value_setter(node, self._beat)
            else:
                self._shown.append((tag.name, node, kind))
        if table.block is not None:
            await self._make_method(objects[table.block.object], table.block, space)

    async def _make_method(self, parent: Any, block: Block, space: int) -> None:
        inputs: list[ua.Argument] = []
        for name, kind in block.fields:
            data_type = ua.NodeId(ARGUMENT_TYPES[kind].value)
            inputs.append(ua.Argument(Name=name, DataType=data_type, ValueRank=ua.ValueRank.Scalar))
        name = ua.QualifiedName(block.method.rpartition(".")[2], space)
        await parent.add_method(ua.NodeId(block.method, space), name, self._order, inputs, [ua.VariantType.UInt16])

    async def _order(self, parent: ua.NodeId, *arguments: ua.Variant) -> ua.StatusCode | list[ua.Variant]:
        """Take an order; the answer is 0 or the reason."""
        del parent
        machine, block = self._machine, self._machine.table.block
        assert block is not None
        if len(arguments) != len(block.fields):
            return ua.StatusCode(ua.StatusCodes.BadArgumentsMissing)
        fields: dict[str, int | str] = {}
        for given, (name, kind) in zip(arguments, block.fields, strict=True):
            if given.VariantType != ARGUMENT_TYPES[kind] or given.is_array:
                return ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
            fields[name] = "" if given.Value is None else given.Value
        reason = machine.order(order_from(block, fields), self._now())
        await asyncio.sleep(LOST_S if machine.faults.loses_reply() else machine.faults.slow_s)
        return [ua.Variant(int(reason), ua.VariantType.UInt16)]

    def _beat(self, node: Any, attribute: ua.AttributeIds, value: ua.DataValue) -> None:
        node.attributes[attribute].value = value
        assert value.Value is not None
        self._machine.beat(int(value.Value.Value))

    async def _before_read(self, event: Any, service: Any) -> None:
        del service
        if event.is_external:
            await asyncio.sleep(self._machine.faults.slow_s)
            await self._refresh()

    async def _refresh(self) -> None:
        view = self._machine.view(self._now())
        stamp = EPOCH + timedelta(milliseconds=view.at)
        for tag, node, kind in self._shown:
            value = view.values[tag]
            lost = isinstance(value, float) and math.isnan(value)
            status = ua.StatusCode(ua.StatusCodes.BadSensorFailure if lost else ua.StatusCodes.Good)
            shown = ua.DataValue(ua.Variant(value, kind), StatusCode=status, SourceTimestamp=stamp)
            await self._server.write_attribute_value(node, shown)


def _node_id(name: str, space: int) -> ua.NodeId:
    """Return the identifier that a table writes as `i=NUMBER` or as a string."""
    number = name.removeprefix("i=")
    return ua.NodeId(int(number) if number != name and number.isdecimal() else name, space)


class _Nodes(MutableMapping[ua.NodeId, Any]):
    """The nodes of one server: its own, and a copy of each standard node from the moment it is touched."""

    def __init__(self, standard: StandardNodes) -> None:
        self._standard = standard
        self._own: dict[ua.NodeId, Any] = {}

    def __getitem__(self, key: ua.NodeId) -> Any:
        if key not in self._own:
            self._own[key] = pickle.loads(self._standard[key])  # noqa: S301 - made by standard_nodes
        return self._own[key]

    def __setitem__(self, key: ua.NodeId, value: Any) -> None:
        self._own[key] = value

    def __delitem__(self, key: ua.NodeId) -> None:
        del self._own[key]

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._standard

    def __iter__(self) -> Iterator[ua.NodeId]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


class _Door(UserManager):
    """Lets in the one user of the papers, over a channel that the line's certificate has signed.

    The certificate counts here too: asyncua takes a session over an unsigned channel even where it offers no such endpoint.
    """

    def __init__(self, papers: Papers) -> None:
        self._papers = papers

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        del iserver
        papers = self._papers
        known = papers.knows(certificate) and (username, password) == (papers.user, papers.password)
        return User(UserRole.User, username) if known and papers.password else None


class _SharedServer(InternalServer):
    """Takes the standard nodes from the shared ones instead of building them."""

    def __init__(self, standard: StandardNodes, users: UserManager | PermissiveUserManager) -> None:
        super().__init__(user_manager=users)
        self._standard = standard

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        del shelf_file
        self.aspace._nodes = _Nodes(self._standard)  # noqa: SLF001 # pyright: ignore - asyncua's own shelf does the same


class _Wire(OPCUAProtocol):
    """A connection that faults can silence or cut."""

    def __init__(self, machine: Machine, **parts: Any) -> None:
        super().__init__(**parts)
        self._machine = machine

    def data_received(self, data: bytes) -> None:
        faults = self._machine.faults
        if faults.refuses and self.transport is not None:
            self.transport.close()
        elif not faults.is_mute:
            super().data_received(data)


class _Listener(BinaryServer):
    """Makes such connections."""

    def __init__(self, machine: Machine, *parts: Any) -> None:
        super().__init__(*parts)
        self._machine = machine

    def _make_protocol(self) -> OPCUAProtocol:
        return _Wire(
            self._machine,
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


class _Server(Server):
    """An asyncua server over shared nodes whose connections know the machine's faults."""

    def __init__(self, machine: Machine, standard: StandardNodes, users: UserManager | PermissiveUserManager) -> None:
        super().__init__(iserver=_SharedServer(standard, users))
        self._machine = machine

    async def start(self) -> None:
        await self._setup_server_nodes()
        await self.iserver.start()
        self.bserver = _Listener(self._machine, self.iserver, *self._get_bind_socket_info(), self.limits)
        self.bserver.set_policies(self._policies)
        await self.bserver.start()
