"""Around everything: no answer is kept or guessed at by a browser, and a bug answers 500 without a word of what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from controller.api.problems import Problematic, answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from controller.texts import Texts

_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
_LOG: Any = structlog.get_logger(__name__)


class Shield:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, texts: Texts) -> None:
        self._app = app
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client learns nothing and the log its type and place
            route: Any = scope.get("route")
            _LOG.error("request-failed", route=getattr(route, "path", ""), exc_info=error)
            if not started:
                await answer(Problematic(500, "internal-error"), self._texts)(scope, receive, guarded)
