"""Every part of the demo is a process of its own, and none outlives it.

Children are started in sessions of their own, so that Ctrl-C reaches the demo alone. What they write goes to `log/NAME.log`
of the demo's folder. One may be killed on purpose and started again; that any other one ends is an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

_STOP_S = 20.0
_LOOK_S = 0.2
_SET_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildDied(Exception):
    """A part of the demo ended that should not have."""


class Children:
    """The processes of the demo by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands: dict[str, tuple[str, ...]] = {}
        self._processes: dict[str, Process] = {}
        self._begins: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    async def start(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m module`."""
        self._commands[name] = (module, *arguments)
        await self.start_again(name)

    async def start_again(self, name: str) -> None:
        """Start a child that was killed, as it was started before."""
        with self.log(name).open("ab") as log:
            self._begins[name] = log.tell()
            self._processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._commands[name],
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    async def kill(self, name: str) -> None:
        """Kill a child on purpose, without a word."""
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def send(self, name: str, signum: signal.Signals) -> None:
        """Send a signal to a child; one that has ended does not hear it."""
        with contextlib.suppress(ProcessLookupError):
            self._processes[name].send_signal(signum)

    def log(self, name: str) -> Path:
        """Return where a child's output goes."""
        return self._folder / f"{name}.log"

    def has_said(self, name: str, words: str) -> bool:
        """Say whether a child has written these words since it was started last."""
        return words.encode() in self.log(name).read_bytes()[self._begins[name] :]

    async def watch(self) -> None:
        """Raise ChildDied as soon as one has ended; never return."""
        while True:
            for name, process in self._processes.items():
                if process.returncode is not None:
                    raise ChildDied(f"{name} ended with {process.returncode}, see {self.log(name)}\n{self._last(name)}")
            await asyncio.sleep(_LOOK_S)

    def _last(self, name: str) -> str:
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""

    async def stop(self) -> None:
        """End all, the last first; kill what does not listen."""
        for name in reversed(self._commands):
            process = self._processes.pop(name, None)
            if process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


def _end_with_parent() -> None:
    """Ask the kernel to end this child should the demo be killed."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
