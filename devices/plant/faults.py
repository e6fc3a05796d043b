"""Faults on request, so that a test can make any machine lie, stall or die: one JSON object a line on a Unix socket.

    {"machine": "pot-03", "fault": "silent", "value": 5}    ->  {"ok": true}

`machine` is an id or "*". Faults: `silent` (takes connections, never answers; wall seconds, 0 = until `clear`), `refuse`
(hangs up), `freeze` (shows the same instant for ever), `slow` (wall seconds before each answer), `reply-lost` (the next
`value` orders act and are never answered), `sensor` (temperature shown; null = no signal), `warm` (true temperature of a
storage zone), `reboot`, `panel` (a person takes over), `clear` (all of these end; the machine is the line's again).
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from devices.plant.instruments import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from devices.plant.machine import Machine, View

LONGEST_LINE = 4096  # bytes of a request; there is nothing longer to ask


@dataclass(slots=True)
class Faults:
    """What is wrong with a machine now. `silent_until`: wall; `sensor`: temperature shown, NaN for no signal."""

    silent_until: float = 0.0
    refuses: bool = False
    frozen: View | None = None
    slow_s: float = 0.0
    replies_to_lose: int = 0
    sensor: float | None = None

    @property
    def is_mute(self) -> bool:
        """Nothing is answered or acted on."""
        return self.refuses or time.monotonic() < self.silent_until

    def spoil_wire(self, fault: str, value: float) -> None:
        """Begin one of the faults of the wire. Raises ValueError for a fault that nobody knows."""
        match fault:
            case "silent":
                self.silent_until = time.monotonic() + value if value else math.inf
            case "refuse":
                self.refuses = True
            case "slow":
                self.slow_s = value
            case "reply-lost":
                self.replies_to_lose = int(value)
            case _:
                raise ValueError(f"no fault is called {fault!r}")

    def loses_reply(self) -> bool:
        """Use up one lost reply, if any is left."""
        lost = self.replies_to_lose > 0
        self.replies_to_lose -= lost
        return lost


def inflict(machine: Machine, fault: str, value: float | None, now: int) -> None:
    """Put a fault on a machine. Raises ValueError for one that it cannot have."""
    match fault:
        case "freeze":
            machine.faults.frozen = machine.view(now)
        case "sensor":
            _force_sensor(machine, value, now)
        case "warm":
            _storage(machine).warm_c = value
        case "reboot":
            machine.reboot(now)
        case "panel":
            machine.panel(now)
        case "clear":
            _clear(machine, now)
        case _:
            machine.faults.spoil_wire(fault, 0.0 if value is None else value)


def _force_sensor(machine: Machine, value: float | None, now: int) -> None:
    if not machine.process.temperature:
        raise ValueError(f"{machine.name} has no thermometer")
    machine.advance(now)
    machine.faults.sensor = math.nan if value is None else value
    machine.process.sensor_failed = value is None


def _storage(machine: Machine) -> Storage:
    if not isinstance(machine.process, Storage):
        raise ValueError(f"{machine.name} is not a storage sensor")  # noqa: TRY004 - the request is wrong, not a type of ours
    return machine.process


def _clear(machine: Machine, now: int) -> None:
    machine.faults = Faults()
    machine.process.sensor_failed = False
    if isinstance(machine.process, Storage):
        machine.process.warm_c = None
    machine.release(now)


def answer(line: bytes, machines: Mapping[str, Machine], now: int) -> dict[str, Any]:
    """Carry out one request; return its answer."""
    try:
        parsed: object = json.loads(line)
        if not isinstance(parsed, dict):
            raise TypeError("not an object")
        request = cast("dict[str, Any]", parsed)
        name, value = request["machine"], request.get("value")
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise TypeError("value is not a number")
        for machine in machines.values() if name == "*" else [machines[name]]:
            inflict(machine, request["fault"], value, now)
    except (ValueError, LookupError, TypeError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
    return {"ok": True}


class _Requests(asyncio.Protocol):
    """One connection to the control socket. It has no task of its own, so nothing of it is left when the plant ends."""

    def __init__(self, machines: Mapping[str, Machine], now: Callable[[], int]) -> None:
        self._machines, self._now = machines, now
        self._begun = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._transport.write(json.dumps(answer(line, self._machines, self._now())).encode() + b"\n")
        if len(self._begun) > LONGEST_LINE:
            self._transport.close()


async def open_control(path: Path, machines: Mapping[str, Machine], now: Callable[[], int]) -> asyncio.Server:
    """Listen on the Unix socket `path`, open to its owner alone."""
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(lambda: _Requests(machines, now), sock=_bound(path))


def _bound(path: Path) -> socket.socket:
    """Bind in place of a dead plant's socket, through the folder: a Unix address holds 107 bytes, a path may be longer."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener
