"""A centre in a fresh folder, its parts as processes that are started, watched for readiness and never outlive the bench.

`with Centre(folder) as centre: centre.start_plant(); centre.start_controller(); centre.wait_ready()`.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from controller.config import load_config
from controller.demo.folder import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from controller.demo.layout import Counts

ROOT = Path(__file__).resolve().parents[2]
HOSPITAL = "RS-TCM"
_UP_S = 120.0
_END_S = 15.0
_LOOK_S = 0.005
_TRIES = 3


class NotUp(Exception):
    """A part of the centre did not come up."""


@contextmanager
def scratch() -> Generator[Path]:
    """Give a folder on the disk that a line's database would be on, and remove it afterwards."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder:
        yield Path(folder)


class Centre:
    """One site. `counts`: its machines; the default plant where left out."""

    def __init__(self, folder: Path, *, speed: int = 1, counts: Counts | None = None) -> None:
        self.state = (folder / "site").resolve()
        self._speed, self._counts = speed, counts
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._make()

    def _make(self) -> None:
        """Make the folder anew, with ports that were free a moment ago."""
        nowhere = self.state / "none.jsonl"  # staff of a bench amend nothing
        self.path = make_folder(
            self.state, hospitals=[HOSPITAL], prescriptions=nowhere, speed=self._speed, counts=self._counts
        )
        self.config = load_config(self.path)
        (self.state / "log").mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._parts:
            self.end(next(reversed(self._parts)))

    @property
    def keys(self) -> dict[str, Any]:
        """What the first run of the controller wrote."""
        return json.loads((self.state / "keys.json").read_text(encoding="utf-8"))

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m module --config …`; its output goes to `log/NAME.out`."""
        command = [sys.executable, "-m", module, *arguments, "--config", str(self.path)]
        with (self.state / "log" / f"{name}.out").open("ab") as log:
            self._parts[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_plant(self) -> None:
        """Start the machines, before anything else, and wait until they listen; somebody may take one of their ports."""
        for left in reversed(range(_TRIES)):
            self.start("plant", "devices.plant")
            try:
                self._wait("plant", lambda: b'"ready"' in (self.state / "log" / "plant.out").read_bytes())
            except NotUp:
                if not left:
                    raise
                self.end("plant")
                self._make()
            else:
                return

    def start_controller(self) -> None:
        """Start the controller as `decoction run` does."""
        self.start("controller", "controller", "run")

    def wait_ready(self, name: str = "controller") -> None:
        """Wait for the first 200 of `/readyz`."""
        self._wait(name, self._ready)

    def end(self, name: str) -> None:
        """End one part and wait for it."""
        part = self._parts.pop(name)
        part.terminate()
        try:
            part.wait(_END_S)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(self.config.host, self.config.port, timeout=_UP_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _wait(self, name: str, done: Callable[[], bool]) -> None:
        ends = time.monotonic() + _UP_S
        while not done():
            code = self._parts[name].poll()
            if code is not None or time.monotonic() > ends:
                said = (self.state / "log" / f"{name}.out").read_text(encoding="utf-8", errors="replace")
                raise NotUp(f"the {name} did not come up (exit {code}): {said[-2000:]}")
            time.sleep(_LOOK_S)
