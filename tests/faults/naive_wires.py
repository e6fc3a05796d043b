"""The negative controls of the wire: who asks again when no answer comes, and who believes what a library hands over.

The same machines, the same proxies, the same judgement as for ours; both must be caught.
"""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import TYPE_CHECKING

import uvloop
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from devices import codec
from devices.errors import CodecError, LinkError
from devices.links import open_link
from devices.machine import ProfiledMachine
from devices.model import Order, OrderStatus, State
from tests.faults.floor import Floor, Witness
from tests.faults.frames import LATE_S, Liar
from tests.faults.late import Gateway
from tests.faults.orders import VERBS
from tests.faults.verdict import Row, double_starts_of, plant_events, quietly
from tests.faults.wires import (
    LIES,
    LOSSY_TIMEOUT_S,
    LYING_TIMEOUT_S,
    QUIET_POTS,
    SOAKS,
    Losses,
    judged,
    reached,
    working,
)

if TYPE_CHECKING:
    from pathlib import Path

    from devices.site import MachineSite
    from tests.faults.verdict import Tell

_AT_LEAST_S, _LOOK_S = 60.0, 0.02
_PATIENCE_S = 1.0
_FOREVER = 2**62
_REGISTERS = 8


def lose_replies(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Let `n` orders act whose answers are lost, before a controller that then asks again under the next number."""
    return uvloop.run(_lose_replies(folder, n, seed, tell))


async def _lose_replies(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("reply lost after execution", n, seed, control="naive")
    async with Floor(folder, soaks=SOAKS, quiet_pots=QUIET_POTS, timeout_s=LOSSY_TIMEOUT_S) as floor:
        losses = [Losses(wire, Random(f"{seed} {name}")) for name, wire in floor.proxies.items()]
        began: dict[str, list[int]] = {name: [] for name in floor.names}
        async with working(*(_insist(floor, floor.site.machines[name], began[name]) for name in floor.names)):
            await reached(lambda: sum(loss.lost for loss in losses), n, _AT_LEAST_S + n, tell)
        row.n = sum(loss.lost for loss in losses)
        quiet = [name for name in floor.names if floor.profiles[floor.site.machines[name].profile].handshake != "echo"]
    judged(row, folder)
    events = plant_events(folder)
    row.seen["double_without_numbers"] = sum(double_starts_of(events[name], began[name]) for name in quiet)
    return row


def keep_requests(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Keep `n` orders in the wire, before one who, hearing nothing for a second, asks again under the next number."""
    return uvloop.run(_keep_requests(folder, n, seed, tell))


async def _keep_requests(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("requests late, twice, overtaken", n, seed, control="naive")
    async with Floor(folder, soaks=SOAKS, timeout_s=LOSSY_TIMEOUT_S) as floor:
        gateways = [Gateway(wire, Random(f"{seed} {name}")) for name, wire in floor.proxies.items()]
        async with working(*(_insist(floor, floor.site.machines[name], [], _PATIENCE_S) for name in floor.names)):
            await reached(lambda: sum(gate.kept.total() for gate in gateways), n, _AT_LEAST_S + n, tell)
        row.n = sum(gate.kept.total() for gate in gateways)
    return judged(row, folder)


async def _insist(floor: Floor, site: MachineSite, began: list[int], pause_s: float = 0.0) -> None:
    """Send each batch until an answer says that it arrived, `pause_s` after the last time.

    `began`: when each was first sent, ms plant time.
    """
    profile = floor.profiles[site.profile]
    link = open_link(site, profile)
    machine = ProfiledMachine(site, profile, link)
    verb, parameters = VERBS[site.kind]
    batch = number = 0
    while True:
        batch += 1
        arrived = False
        began.append(floor.clock.now())
        while not arrived:
            await asyncio.sleep(_LOOK_S)
            with contextlib.suppress(LinkError, CodecError):
                await machine.connect()
                said = await machine.read()
                if said.order_status is OrderStatus.RUNNING or said.state is State.EXECUTE:
                    continue
                number += 1
                order = Order(number, site.id, verb, f"{site.id}-{batch}", verb, parameters, _FOREVER)
                try:
                    await link.command(codec.command_values(profile, order, 1))
                    arrived = True
                finally:
                    await asyncio.sleep(0 if arrived else pause_s)


def lie(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Deliver `n` wrong frames of ten kinds to pymodbus as it comes."""
    return uvloop.run(_lie(folder, n, seed, tell))


async def _lie(folder: Path, n: int, seed: int, tell: Tell) -> Row:
    row = Row("wrong frames of 10 kinds", n, seed, control="naive")
    # What pymodbus cannot decode it raises in a callback, where nobody but the loop hears of it.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with Floor(folder, soaks=SOAKS, timeout_s=LYING_TIMEOUT_S) as floor:
        liars: list[Liar] = []
        for name in floor.names:
            site = floor.site.machines[name]
            witness = floor.witnesses[name] = Witness(open_link(site, floor.profiles[site.profile]))
            liars.append(Liar(Random(f"{seed} {name}"), LIES, lambda witness=witness: witness))
            floor.proxies[name].spoil = liars[-1]
        async with working(*(_believe(floor, name) for name in floor.names)):
            await reached(lambda: sum(liar.told.total() for liar in liars), n, _AT_LEAST_S + n / 5, tell)
        row.n = sum(liar.told.total() for liar in liars)
        row.also = {"accepted_as_good": sum(len(witness.believed) for witness in floor.witnesses.values())}
    return judged(row, folder)


async def _believe(floor: Floor, name: str) -> None:
    """Read for ever; what is no error is good."""
    witness = floor.witnesses[name]
    client = AsyncModbusTcpClient("127.0.0.1", port=floor.proxies[name].port, timeout=LYING_TIMEOUT_S, retries=0)
    try:
        while True:
            before = len(witness.spoilt)
            with contextlib.suppress(ModbusException):
                if not client.connected:
                    await client.connect()
                answer = await client.read_holding_registers(0, count=_REGISTERS, device_id=1)
                if not answer.isError():
                    witness.believed += witness.spoilt[before:]
            await asyncio.sleep(LATE_S / 10)
    finally:
        client.close()
