"""A part of a bench that needs a process of its own: the parent asks with one line of JSON, the child answers with one.

Parent: `with Child("tests.bench.late") as child: child.ask(seconds=10)`. Child: `await serve(answer, ready={...})`,
which ends when the parent lets go, so that no child outlives a bench.
"""

from __future__ import annotations

import asyncio
import json
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SPARE_S = 60.0
_END_S = 10.0


class Child:
    """One child process. `said`: what it said when it was ready."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        try:
            self.said = self._hear(_SPARE_S)
        except BaseException:
            self._process.__exit__(None, None, None)  # nobody enters what did not come up
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        # Closes the pipes and waits.
        self._process.__exit__(None, None, None)

    def ask(self, **what: float) -> dict[str, Any]:
        """Ask for something that takes at most `seconds`; return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        return self._hear(what.get("seconds", 0) + _SPARE_S)

    def _hear(self, within_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        there, _, _ = select.select([self._process.stdout], [], [], within_s)
        line = self._process.stdout.readline() if there else b""
        if not line:
            self._process.kill()
            raise RuntimeError(f"{self._process.args} did not answer (exit {self._process.wait()})")
        return json.loads(line)


async def serve(answer: Callable[..., Awaitable[dict[str, Any]]], ready: dict[str, Any]) -> None:
    """In the child: say that it is ready, then answer every question with `answer(**question)` until the parent lets go."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(ready)
    while line := await reader.readline():
        _say(await answer(**json.loads(line)))


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
