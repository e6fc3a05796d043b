"""What a road to a machine can do, whatever the wire: it moves the tags of one profile and knows nothing of orders.

`devices.links` has one implementation for each wire; every method raises only the errors of `devices.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    has nowhere to arrive. After `LinkRefused` it may still be open.
    """

    @property
    def connected(self) -> bool:
        """Whether a call has a chance; False after every failure, until `connect`."""
        ...

    async def connect(self) -> None:
        """Make a new connection. Raises LinkDown, LinkTimeout or LinkLied."""
        ...

    async def read(self) -> Scan:
        """Read every tag of the profile. Raises LinkError, or CodecError where a text is none."""
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
