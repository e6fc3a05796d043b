"""Wrong answers of OPC UA servers to our readers and to orders, and to a naive reader who believes what the library hands over.

What is no error counts as believed: an answer whose frame was wrong, a spoilt value without a flaw, and any reading that is
judged good though the source times of its answer are long ago.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import uvloop
from asyncua import Client, ua

from devices.errors import CodecError, LinkError
from devices.links import open_link
from devices.model import Quality
from devices.plausibility import Plausibility
from tests.faults.floor import Floor, TagWitness
from tests.faults.opcua_frames import KINDS, STALE, Lie, OpcUaLiar
from tests.faults.orders import Customer
from tests.faults.verdict import Row, quietly
from tests.faults.wires import judged, reached, working

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.verdict import Tell

PACKERS, BUYERS = 6, 2
TIMEOUT_S = 0.3
SHARE = 0.5
_LOST_AFTER_S = 180.0


def lie(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Give `n` wrong answers, between right ones, to readers and to orders."""
    return uvloop.run(_lie(folder, n, seed, tell))


async def _lie(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row(f"wrong OPC UA answers, {len(KINDS)} kinds", n, seed)
    async with Floor(folder, soaks=1, packers=PACKERS, timeout_s=TIMEOUT_S, witness=TagWitness) as floor:
        names = [name for name in floor.names if floor.site.machines[name].kind == "packing"]
        liars = [_liar(floor, name, seed) for name in names]
        customers = [Customer(floor.machine(name), floor.clock.now) for name in names[:BUYERS]]
        readers = [_Reader(floor, name) for name in names[BUYERS:]]
        async with working(*(customer.run() for customer in customers), *(reader.run() for reader in readers)):
            await reached(lambda: sum(liar.told.total() for liar in liars), n, _LOST_AFTER_S + n / 5, tell)
        row.n = sum(liar.told.total() for liar in liars)
        believed = Counter(each.kind for witness in floor.witnesses.values() for each in witness.believed)
        row.also = {"accepted_as_good": 0, **{f"accepted_as_good: {kind}": count for kind, count in believed.items()}}
        row.recoveries = [heal for reader in readers for heal in reader.heals]
    kinds = sum((liar.told for liar in liars), Counter[str]())
    honest = sum(reader.good for reader in readers)
    return judged(row, folder, batches=sum(customer.batches for customer in customers), good_reads=honest, **kinds)


def _liar(floor: Floor, name: str, seed: int) -> OpcUaLiar:
    tags = [tag.name for tag in floor.profiles[floor.site.machines[name].profile].scanned]
    made = OpcUaLiar(Random(f"{seed} {name}"), SHARE, tags, lambda: floor.witnesses.get(name))
    floor.proxies[name].spoil = made
    return made


class _Reader:
    """Reads one machine without a pause. `good`: reads whose every reading was good; `heals`: failed to good, wall seconds."""

    def __init__(self, floor: Floor, name: str) -> None:
        self._machine = floor.machine(name)
        self._witness = floor.witnesses[name]
        self._plausibility = Plausibility(self._machine.profile, floor.clock.speed)
        self.good = 0
        self.heals: list[float] = []

    async def run(self) -> None:
        """Read until cancelled."""
        failed_s = 0.0
        while True:
            before = len(self._witness.spoilt)
            try:
                await self._machine.connect()
                snapshot, _ = self._plausibility.judge(await self._machine.read())
            except (LinkError, CodecError):
                failed_s = failed_s or time.monotonic()
            else:
                good = [reading.quality is Quality.GOOD for reading in snapshot.readings.values()]
                if any(good) and Lie(STALE) in self._witness.spoilt[before:]:
                    self._witness.believed.append(Lie(STALE))
                if all(good):
                    self.good += 1
                    self.heals += [time.monotonic() - failed_s] if failed_s else []
                    failed_s = 0.0
            await asyncio.sleep(0)


def believe(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Give `n` wrong answers to asyncua as it comes."""
    return uvloop.run(_believe_all(folder, n, seed, tell))


async def _believe_all(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row(f"wrong OPC UA answers, {len(KINDS)} kinds", n, seed, control="naive")
    async with Floor(folder, soaks=1, packers=PACKERS, timeout_s=TIMEOUT_S, witness=TagWitness) as floor:
        names = [name for name in floor.names if floor.site.machines[name].kind == "packing"]
        for name in names:
            site = floor.site.machines[name]
            floor.witnesses[name] = TagWitness(open_link(site, floor.profiles[site.profile]))
        liars = [_liar(floor, name, seed) for name in names]
        async with working(*(_believe(floor, name) for name in names)):
            await reached(lambda: sum(liar.told.total() for liar in liars), n, _LOST_AFTER_S + n / 5, tell)
        row.n = sum(liar.told.total() for liar in liars)
        row.also = {"accepted_as_good": sum(len(witness.believed) for witness in floor.witnesses.values())}
    return judged(row, folder)


async def _believe(floor: Floor, name: str) -> None:
    """Read for ever; what is no error is good."""
    witness, profile = floor.witnesses[name], floor.profiles[floor.site.machines[name].profile]
    assert profile.opcua is not None
    while True:
        client = Client(f"opc.tcp://127.0.0.1:{floor.proxies[name].port}", timeout=TIMEOUT_S)
        with contextlib.suppress(ua.UaError, OSError, TimeoutError, ValueError, AttributeError, IndexError):
            async with client:
                space = await client.get_namespace_index(profile.opcua.namespace)
                nodes = [client.get_node(ua.NodeId(tag.node, space)) for tag in profile.scanned]
                while True:
                    before = len(witness.spoilt)
                    await client.read_values(nodes)
                    witness.believed += witness.spoilt[before:]
                    await asyncio.sleep(0)
        await asyncio.sleep(TIMEOUT_S / 10)
