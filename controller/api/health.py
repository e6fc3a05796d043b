"""Whether the process lives, whether the line is ready, and its figures for Prometheus."""

from fastapi import APIRouter, Request, Response

from controller.api.desk import Desk, Here, answer_json
from controller.api.problems import Problematic

open_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])

_METRICS_MEDIA = "text/plain; version=0.0.4; charset=utf-8"


@open_router.get("/healthz")
async def healthz() -> Response:
    """Answer at all."""
    return answer_json({"status": "ok"})


@open_router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Answer 200 once the epoch is taken, the floor loaded and every reachable machine read once."""
    desk: Desk = request.app.state.desk
    if not desk.context.ready():
        raise Problematic(503, "not-ready", retry_after_s=1)
    return answer_json({"status": "ready"})


@router.get("/metrics")
async def metrics(here: Here) -> Response:
    """Give the figures of the line."""
    return Response(here.context.metrics(), media_type=_METRICS_MEDIA)
