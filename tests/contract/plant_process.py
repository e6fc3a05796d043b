"""The simulated plant as a process of its own, with a line to its faults and its logs."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from devices.site import Site, load_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MACHINES = {
    "pot-m": ("decoction", "pot-modbus", "modbus://127.0.0.1:{port}/1", "volume_ml = [1500, 12000]"),
    "pot-o": ("decoction", "pot-opcua", "opc.tcp://127.0.0.1:{port}", "volume_ml = [1500, 12000]"),
    "soak-1": ("soaking", "soak-modbus", "modbus://127.0.0.1:{port}/3", ""),
    "pack-1": ("packing", "packer-opcua", "opc.tcp://127.0.0.1:{port}", ""),
    "scale-1": ("scale", "scale-modbus", "modbus://127.0.0.1:{port}/5", ""),
    "store-1": ("storage", "storage-modbus", "modbus://127.0.0.1:{port}/6", ""),
}


class PlantProcess:
    """A running plant. `site` is the site file that it and its drivers share."""

    def __init__(self, site: Site, process: asyncio.subprocess.Process) -> None:
        self.site = site
        self._process = process

    async def inflict(self, machine: str, fault: str, value: float | None = None) -> None:
        """Make a machine misbehave; see the plant's faults."""
        reader, writer = await asyncio.open_unix_connection(str(self.site.state / "plant" / "control.sock"))
        writer.write(json.dumps({"machine": machine, "fault": fault, "value": value}).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(reader.readline(), 5))
        writer.close()
        await writer.wait_closed()
        assert answer["ok"], answer

    def events(self, machine: str, *kinds: str) -> list[dict[str, Any]]:
        """What the machine itself says that it did."""
        lines = (self.site.state / "plant" / f"{machine}.jsonl").read_text(encoding="utf-8").splitlines()
        return [event for line in lines if (event := json.loads(line))["event"] in kinds]


@asynccontextmanager
async def running_plant(folder: Path, *, speed: int) -> AsyncIterator[PlantProcess]:
    """Start a plant with one machine of each kind on free ports."""
    config = folder / "config.toml"
    rows = [_row(name, *row) for name, row in MACHINES.items()]
    config.write_text(f'[clock]\nspeed = {speed}\n[paths]\nstate = "var"\n' + "\n".join(rows), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devices.plant", "--config", str(config), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        assert ready["event"] == "ready"
        yield PlantProcess(load_site(config), process)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


def _row(name: str, kind: str, profile: str, url: str, more: str) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = url.format(port=free.getsockname()[1])
    return f'[[machine]]\nid = "{name}"\nkind = "{kind}"\nprofile = "{profile}"\nurl = "{address}"\nwaiver = "opcua-none"\n{more}'
