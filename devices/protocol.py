"""What a road to a machine and a machine itself can do, whatever the wire.

A `Link` moves the tags of one profile over one connection and knows nothing of orders; a `Machine` speaks of orders and
snapshots and knows nothing of wires. Every method raises only the errors of `devices.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devices.model import Order, Receipt, Snapshot

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one read of all tags brought, in the order of `Profile.scanned`.

    `values`: None where nothing usable came. `flaws`: why a value is missing or not to be trusted, by tag.
    `times`: the source time of each value in ms; empty where the machine says one time for all in its `SourceTime` tag.
    """

    values: Sequence[Value | None]
    flaws: Mapping[str, str] = field(default_factory=dict[str, str])
    times: Sequence[int] = ()


class Link(Protocol):
    """One connection to one machine, used by one task at a time.

    Any time-out, lie or cancellation inside a call closes the connection before the call ends, so that a late answer
    has nowhere to arrive. `LinkRefused` alone leaves it open.
    """

    @property
    def connected(self) -> bool:
        """Whether a call has a chance; False after every failure, until `connect`."""
        ...

    async def connect(self) -> None:
        """Make a new connection. Raises LinkDown, LinkTimeout or LinkLied."""
        ...

    async def read(self) -> Scan:
        """Read every tag of the profile. Raises LinkError."""
        ...

    async def command(self, values: Sequence[int | str]) -> None:
        """Write one order as one block: `values` of all its fields. Raises LinkDown only where nothing was sent."""
        ...

    async def beat(self, count: int) -> None:
        """Write the heartbeat, uint16. Raises LinkError."""
        ...

    async def close(self) -> None:
        """Let go of the connection, within the deadline of one request. Never raises."""
        ...


class Machine(Protocol):
    """One machine of the site."""

    id: str

    async def read(self) -> Snapshot:
        """Say what the machine says now. Raises LinkError or CodecError."""
        ...

    async def order(self, order: Order, epoch: int, now: Callable[[], int]) -> Receipt:
        """Ask for one thing, once, and say what became of it. `now`: plant time in ms. Never raises a DeviceError."""
        ...

    async def settle(self, order: Order) -> Receipt | None:
        """Ask the machine whether it took an order of unknown outcome; None: it did not act. Raises as `read`."""
        ...
