"""Looks around in an OPC UA server whose nodes nobody has named yet: over the same session, with the same security, as a link.

`browse()` lists the variables below Objects, `values(...)` reads some of them as numbers. Both read and nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from devices.links.opcua import OpcUaLink
from devices.profile import OpcUa, Profile, Readiness, Text
from devices.profile_rules import NODE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncua.client.client import Client

    from devices.site import MachineSite

_STANDARD: Final = "http://opcfoundation.org/UA/"
_AT_ONCE: Final = 50
_MOST_NODES: Final = 5000
"""Nodes after which a server is too large to be looked through for one machine."""
_TIMEOUT_S: Final = 4.0


class OpcUaBrowser(OpcUaLink):
    """An OPC UA link without a table of its own."""

    def __init__(self, site: MachineSite) -> None:
        unknown = Profile(
            id="unknown",
            kind="storage",
            maker="unknown",
            title=Text(zh="未知", en="unknown"),
            protocol="opcua",
            period_s=1.0,
            timeout_s=_TIMEOUT_S,
            handshake="read-only",
            readiness=Readiness(link="todo", monitor="todo", command="todo"),
            tags={},
            opcua=OpcUa(namespace=_STANDARD, max_nodes_per_read=_AT_ONCE),
        )
        super().__init__(site, unknown)

    async def browse(self) -> list[tuple[str, str, str]]:
        """Return (namespace, node as a table writes it, type) of the variables that a table can name. Raises LinkError."""
        spaces: list[str] = await self._spaces()
        waiting: list[Any] = [ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))]
        seen: set[Any] = set(waiting)
        found: list[tuple[str, str, str]] = []
        while waiting and len(seen) < _MOST_NODES:
            node: Any = waiting.pop(0)
            for reference in await self._ask(lambda to, node=node: _below(to, node)):
                to_node: Any = reference.NodeId
                if to_node in seen or not to_node.NamespaceIndex:
                    continue
                seen.add(to_node)
                space: int = to_node.NamespaceIndex
                waiting.append(to_node)
                name = _written(to_node)
                if reference.NodeClass is ua.NodeClass.Variable and name:
                    kind = (await self._read([to_node]))[0].Value
                    if kind is not None and kind.VariantType.name in NODE_TYPES and not kind.is_array:
                        found.append((spaces[space], name, kind.VariantType.name))
        return found

    async def values(self, namespace: str, nodes: Sequence[str]) -> list[float | None]:
        """Return what each node says as a number; None where it says none. Raises LinkError."""
        spaces = await self._spaces()
        self._index = spaces.index(namespace) if namespace in spaces else 0
        found: list[float | None] = []
        for at in range(0, len(nodes), _AT_ONCE):
            data = await self._read([self._node(node) for node in nodes[at : at + _AT_ONCE]])
            found += [_number(one) for one in data]
        return found

    async def _spaces(self) -> list[str]:
        spaces: list[Any] = await self._ask(lambda to: to.get_namespace_array())
        return [str(space) for space in spaces]

    async def _read(self, nodes: Sequence[Any]) -> list[ua.DataValue]:
        asked = ua.ReadParameters(NodesToRead=[ua.ReadValueId(node, AttributeIds.Value) for node in nodes])
        return list(await self._ask(lambda to: to.uaclient.session.read(asked)))


async def _below(client: Client, node: Any) -> list[Any]:
    return await client.get_node(node).get_references(
        ObjectIds.HierarchicalReferences, ua.BrowseDirection.Forward, includesubtypes=True
    )


def _written(node: Any) -> str:
    """Write an identifier as a table does; empty for the kinds that no table knows."""
    identifier: Any = node.Identifier
    if isinstance(identifier, str):
        return identifier
    return f"i={identifier}" if isinstance(identifier, int) else ""


def _number(data: ua.DataValue) -> float | None:
    value: Any = None if data.Value is None else data.Value.Value
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None
