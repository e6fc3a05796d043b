"""The roads that are used most have nothing in them that FastAPI must solve: request and caller, in that order.

`APIRouter(route_class=Straight)` still documents such routes; a handler that takes anything else goes the usual way.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute

from controller.api.desk import admit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request, Response

_TAKEN = ["request", "here"]


class Straight(APIRoute):
    """Calls `handler(request, here)` itself, after the caller was admitted: half of what the usual way costs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handler = self.endpoint
        if list(inspect.signature(handler).parameters) != _TAKEN:
            return super().get_route_handler()

        async def answered(request: Request) -> Response:
            return await handler(request, await admit(request))

        return answered
