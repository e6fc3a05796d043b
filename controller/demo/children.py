"""Every part of the demo is a process of its own, and none outlives it.

Children are started in sessions of their own, so that Ctrl-C reaches the demo alone. What they write goes to `log/NAME.log`
of the demo's folder.
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
        self._processes: dict[str, Process] = {}
        folder.mkdir(parents=True, exist_ok=True)

    async def start(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m module`."""
        with self.log(name).open("ab") as log:
            self._processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    def log(self, name: str) -> Path:
        """Return where a child's output goes."""
        return self._folder / f"{name}.log"

    def has_said(self, name: str, words: str) -> bool:
        """Say whether a child has written these words."""
        return words in self.log(name).read_text(encoding="utf-8", errors="replace")

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
        while self._processes:
            _, process = self._processes.popitem()
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
