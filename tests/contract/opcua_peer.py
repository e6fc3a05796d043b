"""The other end of an OPC UA wire: asyncua's own server in a thread of its own, with the nodes of one profile."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asyncua import Server, ua

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from devices.profile import Profile

ARGUMENTS = {"u16": ua.VariantType.UInt16, "u32": ua.VariantType.UInt32, "text20": ua.VariantType.String}


class OpcUaPeer:
    """Nodes of `profile` on 127.0.0.1:`port`. `refusal`: the status with which the method answers."""

    def __init__(self, profile: Profile, shelf: Path) -> None:
        self._profile = profile
        self._shelf = shelf
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._nodes: dict[str, Any] = {}
        self._server = Server()
        self._index = 0
        self.calls: list[list[Any]] = []
        self.refusal = ua.StatusCode(ua.StatusCodes.Good)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self) -> None:
        self._thread.start()
        self._do(self._start())

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
        server, profile = self._server, self._profile
        assert profile.opcua is not None
        await server.init(shelf_file=self._shelf)
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.register_namespace("urn:somebody:else")
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
        await server.start()

    async def _place_order(self, parent: Any, *arguments: ua.Variant) -> Any:
        self.calls.append([argument.Value for argument in arguments])
        return self.refusal if not self.refusal.is_good() else [ua.Variant(0, ua.VariantType.UInt16)]
