"""What the API is given; it knows nothing of how any of it was made.

`Context` is put together by whoever starts the process, and by tests from small fakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from controller.runtime.feed import Feed
    from controller.runtime.line import Line
    from controller.store import Store
    from controller.texts import Texts
    from devices.model import LinkState, Snapshot
    from devices.profile import Profile


class Sight(Protocol):
    """The machines, to look at."""

    def latest(self, machine: str) -> Snapshot | None:
        """Return what the last read said, None before the first."""
        ...

    def link_state(self, machine: str) -> tuple[LinkState, float]:
        """Return what is known of the road to a machine, and since when, in monotonic wall seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the API needs.

    `profiles`: by machine id. `hospitals`: name by code. `requests_per_minute`: per hospital, 0 without limit. `ready`: the epoch
    is taken, the floor loaded and every reachable machine read once. `metrics`: Prometheus text.
    """

    line: Line
    store: Store
    feed: Feed
    fleet: Sight
    profiles: Mapping[str, Profile]
    texts: Texts
    line_id: str
    site_name: str
    hospitals: Mapping[str, str]
    requests_per_minute: int
    ready: Callable[[], bool]
    metrics: Callable[[], bytes]
