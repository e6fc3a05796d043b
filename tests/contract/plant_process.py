"""The simulated plant as a process of its own, with a line to its faults and its logs."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from controller.demo.ports import free_ports
from devices.profile import all_profiles
from devices.site import Site, load_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from devices.profile import Profile

SCHEMES = {"modbus": "modbus", "opcua": "opc.tcp"}
PROFILES = {name: profile for name, profile in all_profiles().items() if profile.protocol in SCHEMES}


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
    """Start a plant with one machine of every packaged profile, called like it, on free ports.

    Each pot drains to the first packer on the same kind of wire.
    """
    config = folder / "config.toml"
    rows = [_row(profile) for profile in PROFILES.values()]
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


def _row(profile: Profile) -> str:
    url = f"{SCHEMES[profile.protocol]}://127.0.0.1:{free_ports(1)[0]}"
    row = {"id": profile.id, "kind": profile.kind, "profile": profile.id, "url": url}
    if profile.protocol == "modbus":
        row["url"] += f"/{1 + list(PROFILES).index(profile.id)}"
    else:
        row["waiver"] = "opcua-none"
    if profile.kind == "decoction":
        packers = (other.id for other in PROFILES.values() if other.kind == "packing")
        row["packer"] = next(packer for packer in packers if PROFILES[packer].protocol == profile.protocol)
    lines = [f"{key} = {json.dumps(value)}" for key, value in row.items()]
    return "\n".join(["[[machine]]", *lines, *(["volume_ml = [1500, 12000]"] if profile.kind == "decoction" else [])])
