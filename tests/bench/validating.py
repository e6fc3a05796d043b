"""A server that checks a posted prescription as strictly as ours, and does nothing else.

`python -m tests.bench.validating`, a child (see `child.py`) that says its port: the same uvicorn, the same event loop, the same
parser and the same schema behind FastAPI; no key, no line, no database.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import uvloop
from fastapi import FastAPI, Request, Response

from controller.api.body import POSTED, Reading
from controller.api.desk import answer_json
from controller.api.server import Server, listen
from controller.api.strict import check, read_json
from controller.formulary import load_formulary
from tests.bench.child import serve

app = FastAPI()
_FORMULARY = load_formulary()


@app.post("/api/v1/prescriptions")
async def receive(request: Request) -> Response:
    """Check a prescription."""
    body = check(await read_json(request), POSTED, Reading(_FORMULARY))
    return answer_json({"id": body["prescription_no"], "status": "in_review"}, 201)


async def _run() -> None:
    app.state.desk = SimpleNamespace(closing=asyncio.Event())
    listener = listen("127.0.0.1", 0)
    server = Server(app)
    work = asyncio.create_task(server.serve(sockets=[listener]))
    await serve(_nothing, {"port": listener.getsockname()[1]})
    server.should_exit = True
    await work


async def _nothing() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    uvloop.run(_run())
