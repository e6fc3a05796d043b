"""A fake controller for a test, and the terminal in front of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from textual import events

from tests.screens.fake_controller import FakeController
from tui.app import FloorApp, Options
from tui.state import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from textual.pilot import Pilot

SMALL, LARGE = (80, 24), (160, 50)
PATIENCE_S = 60.0


class Clock:
    """Monotonic seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Terminal:
    """The terminal under test with its pilot."""

    def __init__(self, app: FloorApp, pilot: Pilot[None], patience_s: float = PATIENCE_S) -> None:
        self.app = app
        self.pilot = pilot
        self._patience_s = patience_s

    async def press(self, *keys: str) -> None:
        """Press keys one after another, and let the screen settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def scan(self, code: str) -> None:
        """Send a code and Enter as fast as a scanner does."""
        for one in code:
            self.app.post_message(events.Key("minus" if one == "-" else one, one))
        self.app.post_message(events.Key("enter", "\r"))
        await self.pilot.pause()
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text as slowly as a person does."""
        for one in text:
            await self.press("minus" if one == "-" else one)
            await self.pilot.pause(0.06)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something has become true."""
        deadline = time.monotonic() + self._patience_s
        while not condition():
            assert time.monotonic() < deadline, self.text()
            await self.pilot.pause(0.02)

    async def settled(self) -> None:
        """Wait until the page has what it needs and nothing is being fetched."""
        await self.until(lambda: self.app.view.line is not None and self.app.view.machines)
        for _ in range(3):
            await self.pilot.pause(0.1)
            await self.until(lambda: self.app._background.sync is not None and not self.app._background.sync._under_way)
        await self.pilot.pause()

    def text(self) -> str:
        """Return what is on the screen, as plain text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@asynccontextmanager
async def terminal(
    controller: FakeController,
    *,
    station: str | None = "",
    size: tuple[int, int] = SMALL,
    locale: Any = "zh_CN",
    clock: Callable[[], float] = time.monotonic,
    ready: bool = True,
) -> AsyncIterator[Terminal]:
    """Run the terminal in front of a controller."""
    app = FloorApp(Options(controller.url, controller.key_file, locale, station), now_s=clock)
    async with app.run_test(size=size) as pilot:
        found = Terminal(app, pilot)
        if ready:
            await found.until(lambda: app.view.link is Link.ONLINE)
            await found.settled()
        yield found
    await asyncio.sleep(0)


@pytest.fixture
def controller() -> Iterator[FakeController]:
    with FakeController() as found:
        yield found
