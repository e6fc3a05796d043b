"""Puts the API together: `build(context)` gives the one ASGI application, with every route of the contract and nothing more."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from controller.api import (
    acts,
    admin,
    alarm_load,
    alarms,
    floor,
    health,
    intake,
    openapi,
    outage,
    problems,
    recipe,
    records,
    scans,
    stream,
)
from controller.api.desk import Desk
from controller.api.shield import Shield

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from controller.api.context import Context

_DESCRIPTION = "Prescriptions in, parcels out: the line of a Chinese medicine decoction centre."
_MODULES = (intake, floor, records, outage, recipe, acts, scans, alarms, alarm_load, stream, admin, health)


def build(context: Context) -> FastAPI:
    """Return the application that serves `context`."""
    desk = Desk.of(context)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        desk.close()

    app = FastAPI(
        title="decoction",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    app.state.desk = desk
    app.add_middleware(Shield, texts=context.texts)
    problems.install(app, context.texts)
    openapi.install(app)
    for router in (*(module.router for module in _MODULES), health.open_router):
        # Their routes and not the routers: FastAPI looks through an included router twice at every request.
        app.router.routes.extend(router.routes)
    return app
