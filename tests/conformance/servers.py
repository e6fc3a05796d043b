"""A server that shares no code with ours is a process with a line in and a line out.

`libmodbus(folder)` and `node_opcua()` return what to start, or raise Missing with what to install.
"""

from __future__ import annotations

import base64
import json
import math
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from controller.demo.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.profile import Profile
    from tests.contract.papers import Paper

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE_HOME = ROOT / "var" / "conformance" / "node-opcua"
"""Where `python -m tests.conformance` puts what package-lock.json names."""
PROFILES = HERE / "profiles"
"""Tables of machines that are in no table of ours: what a site would have in a folder of its own."""
REGISTERS = 4000
SESSIONS = 100
"""How many clients node-opcua lets in; by itself it lets in 10, as small controllers do."""
_TYPES = {"u16": "UInt16", "u32": "UInt32", "text20": "String"}


class Missing(Exception):
    """A tool is not on this computer."""


def libmodbus(folder: Path) -> Path:
    """Compile the server of plain registers into `folder`. Raises Missing."""
    return _compiled("libmodbus_server", folder)


def foreign_pot(folder: Path) -> Path:
    """Compile the pot of a foreign maker into `folder`. Raises Missing."""
    return _compiled("foreign_pot", folder)


def _compiled(name: str, folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("there is no C compiler")
    program = folder / name
    flags = ["-O2", "-I/usr/include/modbus", "-o", str(program), str(HERE / f"{name}.c"), "-lmodbus", "-lm"]
    done = subprocess.run([compiler, *flags], capture_output=True, text=True, timeout=60, check=False)
    if "modbus.h" in done.stderr or "-lmodbus" in done.stderr:
        raise Missing("libmodbus is not here (Debian: libmodbus-dev)")
    assert done.returncode == 0, done.stderr
    return program


def node_opcua() -> list[str]:
    """Return the command that runs the server. Raises Missing."""
    node = shutil.which("node")
    if node is None:
        raise Missing("there is no node")
    if not (NODE_HOME / "node_modules" / "node-opcua").is_dir():
        raise Missing("node-opcua is not installed: python -m tests.conformance does it")
    shutil.copy(HERE / "node-opcua" / "server.js", NODE_HOME)
    return [node, str(NODE_HOME / "server.js")]


class Server:
    """A server on 127.0.0.1:`port`, asked one line at a time."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[str] | None = None

    def run(self, command: list[str], log: Path) -> None:
        """Start it and wait until it serves."""
        with log.open("w", encoding="utf-8") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, bufsize=1
            )
        if "ready" not in self._heard():
            self.end()
            raise AssertionError(log.read_text(encoding="utf-8"))

    def end(self) -> None:
        """End it."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def asked(self, line: str) -> str:
        """Ask and return the answer. It takes a tenth of a millisecond, so tests do not wait for it on their loop."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class LibmodbusPeer(Server):
    """Holding registers of unit 1 behind libmodbus, in place of a ModbusPeer."""

    def __init__(self, program: Path) -> None:
        super().__init__()
        self._program = program

    async def start(self) -> None:
        self.run([str(self._program), str(self.port), str(REGISTERS)], self._program.with_suffix(".log"))

    async def stop(self) -> None:
        self.end()

    def put(self, address: int, registers: list[int]) -> None:
        assert self.asked(" ".join(map(str, ["put", address, *registers]))) == "ok\n"

    @property
    def registers(self) -> LibmodbusPeer:
        return self

    def __getitem__(self, address: int) -> int:
        return int(self.asked(f"get {address}"))

    @property
    def written(self) -> list[tuple[int, list[int]]]:
        blocks = [list(map(int, block.split())) for block in self.asked("taken").split(";") if block.strip()]
        return [(block[0], block[1:]) for block in blocks]


class ForeignPot(Server):
    """The pot of a foreign maker, unit 1 at 127.0.0.1:`port`, and the hand at its switches. See foreign_pot.c."""

    def __init__(self, program: Path) -> None:
        super().__init__()
        self._program = program

    def start(self, *, speed: int, now: int) -> None:
        """Switch it on. `now`: ms to which its clock is set; it runs `speed` times as fast as the wall."""
        command = [str(self._program), str(self.port), str(speed), str(now // 1000)]
        self.run(command, self._program.with_suffix(f".{self.port}.log"))

    def turn_key(self) -> None:
        """Turn the key from remote to local, or back."""
        self.signal(signal.SIGUSR1)

    def cut_power(self) -> None:
        """Take its power away for a moment."""
        self.signal(signal.SIGUSR2)

    def press(self, button: str) -> None:
        """Press a button of its panel, as soon as the key allows it."""
        deadline_s = time.monotonic() + 10
        while self.asked(button) != "ok\n":
            assert time.monotonic() < deadline_s, button
            time.sleep(0.01)

    @property
    def taken(self) -> list[tuple[int, str, str]]:
        """The orders that it carried out: its own number of the verb, batch and step."""
        orders = (order.split(" ") for order in self.asked("taken").strip().split(";") if order)
        return [(int(verb), batch, step) for verb, batch, step in orders]


class NodeOpcUaPeer(Server):
    """Nodes of `profile` behind node-opcua, in place of an OpcUaPeer.

    `own`: its papers and `client`: whom it lets in, where it signs and encrypts; `strangers`: namespaces with the same nodes that
    it has before ours; `limits`: its operation limits, by their names in OPC UA.
    """

    def __init__(
        self,
        profile: Profile,
        command: list[str],
        folder: Path,
        *,
        own: Paper | None = None,
        client: Paper | None = None,
        strangers: int = 0,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        assert profile.opcua is not None
        self._command, self._folder = command, folder
        order = profile.command
        self._shape: dict[str, Any] = {
            "port": self.port,
            "folder": str(folder),
            "namespace": profile.opcua.namespace,
            "strangers": [f"urn:test:stranger-{number}" for number in range(strangers)],
            "limits": limits or {},
            "nodes": [[tag.node, tag.type, tag.access == "write"] for tag in profile.tags.values()],
            "object": order.object if order else "Machine",
            "method": order
            and {
                "id": order.method,
                "arguments": [[name, _TYPES[kind]] for name, kind in order.fields],
            },
            "secured": own is not None,
            "sessions": SESSIONS,
            "user": "line-a",
            "password": "correct horse",
        }
        if own is not None and client is not None:
            der = client.shown.public_bytes(Encoding.DER)
            self._shape |= {
                "certificate": str(own.certificate),
                "key": str(own.key),
                "client": base64.b64encode(der).decode(),
            }
        self._nodes = {tag.name: tag.node for tag in profile.tags.values()}
        self._calls: list[list[Any]] = []

    def start(self) -> None:
        shape = self._folder / "shape.json"
        shape.write_text(json.dumps(self._shape), encoding="utf-8")
        self.run([*self._command, str(shape)], self._folder / "server.log")

    def stop(self) -> None:
        self.end()

    def put(self, tag: str, value: Any, at: int | None, status: int = 0) -> None:
        odd = isinstance(value, float) and not math.isfinite(value)
        said = ("NaN" if math.isnan(value) else "Infinity") if odd else value  # JSON has neither
        assert self._ask(put=[self._nodes[tag], said, at, status]) is True

    def get(self, tag: str) -> Any:
        return self._ask(get=self._nodes[tag])

    @property
    def calls(self) -> list[list[Any]]:
        self._calls += self._ask(calls=True)
        return self._calls

    def _ask(self, **question: Any) -> Any:
        return json.loads(self.asked(json.dumps(question)))
