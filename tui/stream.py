"""Server-sent events, taken apart line by line (WHATWG: event, data, id, comments); nothing is interpreted here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator


@dataclass(frozen=True, slots=True)
class Event:
    """One event. A comment is an event without a name: it says that the road is open."""

    name: str = ""
    data: str = ""


async def events(lines: AsyncIterator[str]) -> AsyncGenerator[Event]:
    """Yield the events of a stream of lines."""
    name, data = "", list[str]()
    async for line in lines:
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data))
            name, data = "", []
        elif line.startswith(":"):
            yield Event()
        else:
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
