"""Nothing of the demo begins before what it needs is there, and nothing is waited for without end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

    from controller.demo.children import Children

_UP_S = 90.0
_LOOK_S = 0.1


class NotUp(Exception):
    """A part of the demo did not come up in time."""


async def machines_up(children: Children) -> None:
    """Wait until the plant has written that every machine listens. Raises NotUp."""
    with _in_time("the simulated plant"):
        async with asyncio.timeout(_UP_S):
            while True:
                if children.has_said("plant", '"ready"'):
                    return
                await asyncio.sleep(_LOOK_S)


async def controller_up(http: httpx.AsyncClient) -> None:
    """Wait until the controller answers that it is ready. Raises NotUp."""
    with _in_time("the controller"):
        async with asyncio.timeout(_UP_S):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get("/readyz")).is_success:
                        return
                await asyncio.sleep(_LOOK_S)


@contextlib.contextmanager
def _in_time(what: str) -> Generator[None]:
    try:
        yield
    except TimeoutError as error:
        raise NotUp(f"{what} did not come up in {_UP_S:.0f} s") from error
