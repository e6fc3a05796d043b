"""The variables of an unknown OPC UA machine as places: browsed once, then read again and again. It never writes.

A table names nodes of one namespace; so of all namespaces that are not OPC UA's own the one with the most variables is taken.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from devices.learning.draft import Node
from devices.learning.record import NODE, Place, Sweep
from devices.links.opcua_browser import OpcUaBrowser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devices.site import MachineSite

_LEAST_SWEEPS: Final = 3
_PERIOD_S: Final = 0.25


class OpcUaSource:
    """The variables below Objects. `nodes`: those of `namespace`, once `find` is done."""

    def __init__(self, site: MachineSite) -> None:
        self._browser = OpcUaBrowser(site)
        self.namespace = ""
        self.nodes: list[Node] = []

    async def find(self, progress: Callable[[str], None]) -> None:
        """Find out which variables there are."""
        await self._browser.connect()
        try:
            variables = await self._browser.browse()
        finally:
            await self._browser.close()
        by_namespace = Counter(namespace for namespace, _, _ in variables)
        for namespace, count in by_namespace.most_common():
            progress(f"{namespace}: {count}")
        if by_namespace:
            self.namespace = by_namespace.most_common(1)[0][0]
        self.nodes = [Node(node, kind) for namespace, node, kind in variables if namespace == self.namespace]

    async def watch(self, seconds: float, now: Callable[[], int]) -> Sequence[Sweep]:
        """Read all of them for `seconds` of the wall, at least three times."""
        sweeps: list[Sweep] = []
        deadline_s = time.monotonic() + seconds
        await self._browser.connect()
        try:
            while len(sweeps) < _LEAST_SWEEPS or time.monotonic() < deadline_s:
                began_s, at_s = time.monotonic(), now() / 1000
                values = await self._browser.values(self.namespace, [node.node for node in self.nodes])
                sweeps.append(
                    Sweep(at_s, {Place(NODE, at): value for at, value in enumerate(values) if value is not None})
                )
                await asyncio.sleep(max(0.0, _PERIOD_S - (time.monotonic() - began_s)))
        finally:
            await self._browser.close()
        return sweeps
