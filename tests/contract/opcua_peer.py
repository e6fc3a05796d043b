"""The other end of an OPC UA wire: asyncua's own server in a thread of its own, with the nodes of one profile."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from cryptography.hazmat.primitives.serialization import Encoding

from controller.demo.ports import free_ports
from devices.plant.opcua_server import _SharedServer, standard_nodes

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cryptography import x509

    from devices.profile import Profile
    from tests.contract.papers import Paper

SAFE = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt
ARGUMENTS = {"u16": ua.VariantType.UInt16, "u32": ua.VariantType.UInt32, "text20": ua.VariantType.String}


@dataclass
class Guard(UserManager):
    """What a secured server shows, and whom alone it lets in. Until it is given papers it lets in nobody."""

    own: Paper | None = None
    client: Paper | None = None
    user: str = "line-a"
    password: str = "correct horse"
    policy: ua.SecurityPolicyType = SAFE

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        known = (username, password) == (self.user, self.password)
        assert self.client is not None
        safe = certificate == self.client.shown.public_bytes(Encoding.DER)
        return User(UserRole.User, username) if known and safe else None

    async def look_at(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        assert self.client is not None
        if certificate != self.client.shown or f"urn:test:{self.client.certificate.stem}" != application.ApplicationUri:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)


class OpcUaPeer:
    """Nodes of `profile` on 127.0.0.1:`port`. `refusal`: the status with which the method answers.

    `strangers`: namespaces that lie before ours; `most_nodes`: how many nodes one Read may name, 0 for any.
    """

    def __init__(
        self, profile: Profile, *, guard: Guard | None = None, strangers: int = 1, most_nodes: int = 0
    ) -> None:
        self._guard, self._strangers, self._most_nodes = guard, strangers, most_nodes
        self.reads: list[int] = []
        self._profile = profile
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._nodes: dict[str, Any] = {}
        self._server: Server
        self._index = 0
        self.calls: list[list[Any]] = []
        self.refusal = ua.StatusCode(ua.StatusCodes.Good)
        (self.port,) = free_ports(1)

    def start(self) -> None:
        self._thread.start()
        self._do(self._start())

    def change_guard(self, guard: Guard) -> None:
        """Show and ask for other papers from the next connection on."""
        assert self._guard is not None
        vars(self._guard).update(vars(guard))
        self.calls.clear()
        self.reads.clear()
        self.refusal = ua.StatusCode(ua.StatusCodes.Good)
        self._do(self._change_guard(guard))

    async def _change_guard(self, guard: Guard) -> None:
        server = self._server
        assert guard.own is not None
        assert server.bserver is not None
        await server.load_certificate(guard.own.certificate.read_bytes(), "pem")
        await server.load_private_key(guard.own.key.read_bytes(), format="pem")
        server.set_security_policy([guard.policy])
        server._policies.clear()
        server.iserver.endpoints.clear()
        await server._setup_server_nodes()
        server.bserver.set_policies(server._policies)

    def stop(self) -> None:
        self._do(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def put(self, tag: str, value: Any, at: int | None, status: int = 0) -> None:
        """Let `tag` say `value` of the type of the profile, with source time `at` ms."""
        row = self._profile.tags[tag]
        stamp = None if at is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
        variant = ua.Variant(value, ua.VariantType[row.type])
        data = ua.DataValue(variant, ua.StatusCode(status), SourceTimestamp=stamp)
        self._do(self._server.iserver.write_attribute_value(self._nodes[tag].nodeid, data))

    def get(self, tag: str) -> Any:
        return self._do(self._nodes[tag].read_value())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> None:
        profile = self._profile
        assert profile.opcua is not None
        # The nodes that every server has are kept by the plant: building them takes seconds.
        server = self._server = Server(iserver=_SharedServer(await standard_nodes(), self._guard))
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        if self._guard is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            server.set_identity_tokens([ua.UserNameIdentityToken])
            server.set_certificate_validator(self._guard.look_at)
        for number in range(self._strangers):
            await server.register_namespace(f"urn:somebody:else:{number}")
        self._index = await server.register_namespace(profile.opcua.namespace)
        machine = await server.nodes.objects.add_object(ua.NodeId("Machine", self._index), f"{self._index}:Machine")
        for tag in profile.tags.values():
            value = ua.Variant("" if tag.type == "String" else 0, ua.VariantType[tag.type])
            node = await machine.add_variable(ua.NodeId(tag.node, self._index), f"{self._index}:{tag.name}", value)
            if tag.access == "write":
                await node.set_writable()
            self._nodes[tag.name] = node
        if profile.command is not None:
            types = [ARGUMENTS[kind] for _, kind in profile.command.fields]
            place = ua.NodeId(profile.command.method, self._index)
            await machine.add_method(
                place, f"{self._index}:PlaceOrder", self._place_order, types, [ua.VariantType.UInt16]
            )
        if self._most_nodes:
            limit = server.get_node(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
            await limit.write_value(ua.Variant(self._most_nodes, ua.VariantType.UInt32))
        server.subscribe_server_callback(CallbackType.PreRead, self._count)
        await server.start()

    async def _count(self, event: Any, service: Any) -> None:
        if event.is_external:
            self.reads.append(len(event.request_params.NodesToRead))
            if 0 < self._most_nodes < self.reads[-1]:
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)

    async def _place_order(self, parent: Any, *arguments: ua.Variant) -> Any:
        self.calls.append([argument.Value for argument in arguments])
        return self.refusal if not self.refusal.is_good() else [ua.Variant(0, ua.VariantType.UInt16)]
