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


@dataclass(frozen=True, slots=True)
class Said:
    """What a machine said of one tag: `raw` in its own words (hexadecimal registers, or a typed value), empty where nothing came.

    `value`: what that means; None where it means nothing, and `flaw` says why. `at`: source time of this tag alone, ms, else 0.
    """

    raw: str
    value: Value | None
    flaw: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a survey, in wall seconds: what it `took`, and the silence that went before it.

    `refused`: the machine's error code, 0 where it answered.
    """

    asked: str
    took_s: float
    waited_s: float
    refused: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What one read of all tags brought, for a person to look at. `at`: the machine's own time, ms; None where it says none."""

    said: Mapping[str, Said]
    requests: Sequence[Request]
    at: int | None


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

    async def survey(self) -> Survey:
        """Read the same, tag by tag, with all that a person may want to know of it. Raises LinkError."""
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
