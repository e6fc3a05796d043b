"""The simulated plant as a process of its own, with a line to its faults and its logs."""

from __future__ import annotations

import asyncio
import json
import select
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from controller.demo.ports import free_ports
from devices.profile import all_profiles
from devices.site import Site, load_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devices.profile import Profile
    from devices.site import MachineSite

SCHEMES = {"modbus": "modbus", "opcua": "opc.tcp"}
UP_S, END_S = 60.0, 30.0
TRIES = 3
PROFILES = {name: profile for name, profile in all_profiles().items() if profile.protocol in SCHEMES}


class PlantProcess:
    """A running plant. `site` is the site file that it and its drivers share; `mine` the number of the set that is spoken of."""

    def __init__(self, site: Site, mine: int = 0) -> None:
        self.site = site
        self._mine = mine

    def with_set(self, number: int) -> PlantProcess:
        """The same plant, speaking of its machines of another set."""
        return PlantProcess(self.site, number)

    def place(self, profile: str) -> MachineSite:
        """The machine of the set that has this profile."""
        return self.site.machines[_name(profile, self._mine)]

    async def inflict(self, machine: str, fault: str, value: float | None = None) -> None:
        """Make the machine with this profile misbehave; see the plant's faults."""
        reader, writer = await asyncio.open_unix_connection(str(self.site.state / "plant" / "control.sock"))
        named = self.place(machine).id
        writer.write(json.dumps({"machine": named, "fault": fault, "value": value}).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(reader.readline(), 5))
        writer.close()
        await writer.wait_closed()
        assert answer["ok"], answer

    def events(self, machine: str, *kinds: str) -> list[dict[str, Any]]:
        """What the machine with this profile itself says that it did."""
        log = self.site.state / "plant" / f"{self.place(machine).id}.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines()
        return [event for line in lines if (event := json.loads(line))["event"] in kinds]


@contextmanager
def running_plant(folder: Path, *, speed: int, sets: int = 1) -> Iterator[PlantProcess]:
    """Start a plant with `sets` machines of every packaged profile on free ports; those of the first set are called like it.

    Each pot drains to the first packer on the same kind of wire.
    """
    config = folder / "config.toml"
    process = _started(config, speed, sets)
    try:
        yield PlantProcess(load_site(config))
    finally:
        _ended(process)


def _started(config: Path, speed: int, sets: int) -> subprocess.Popen[bytes]:
    """Start it, on other ports where somebody else has taken one of them before it listened."""
    for _ in range(TRIES):
        ports = iter(free_ports(sets * len(PROFILES)))
        rows = [_row(profile, number, next(ports)) for number in range(sets) for profile in PROFILES.values()]
        config.write_text(f'[clock]\nspeed = {speed}\n[paths]\nstate = "var"\n' + "\n".join(rows), encoding="utf-8")
        command = [sys.executable, "-m", "devices.plant", "--config", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        said, _, _ = select.select([process.stdout], [], [], UP_S)
        if said and b'"ready"' in process.stdout.readline():
            return process
        _ended(process)
    raise AssertionError("the plant did not start")


def _ended(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    process.terminate()
    process.wait(END_S)
    process.stdout.close()


def _name(profile: str, number: int) -> str:
    return f"{profile}-{number}" if number else profile


def _row(profile: Profile, number: int, port: int) -> str:
    url = f"{SCHEMES[profile.protocol]}://127.0.0.1:{port}"
    row = {"id": _name(profile.id, number), "kind": profile.kind, "profile": profile.id, "url": url}
    if profile.protocol == "modbus":
        row["url"] += f"/{1 + list(PROFILES).index(profile.id)}"
    else:
        row["waiver"] = "opcua-none"
    if profile.kind == "decoction":
        packers = (other.id for other in PROFILES.values() if other.kind == "packing")
        packer = next(packer for packer in packers if PROFILES[packer].protocol == profile.protocol)
        row["packer"] = _name(packer, number)
    lines = [f"{key} = {json.dumps(value)}" for key, value in row.items()]
    return "\n".join(["[[machine]]", *lines, *(["volume_ml = [1500, 12000]"] if profile.kind == "decoction" else [])])
