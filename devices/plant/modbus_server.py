"""Machines behind Modbus TCP, over TLS where they have papers; the only home of pymodbus in the plant.

One server for each host and port, one unit for each machine behind it. Registers are made when they are read, all of one
instant. An order acts when its commit word is written, in one write or as the last of several, and the word is cleared.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devices.errors import SiteError
from devices.plant.orders import order_from
from devices.plant.registers import RegisterMap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devices.plant.machine import Machine
    from devices.plant.papers import Papers

UNIT_AT, FUNCTION_AT, CODE_AT = (
    6,
    7,
    8,
)  # places in a Modbus TCP frame; a function with its high bit set is an exception
NOBODY = SimDevice(0, simdata=SimData(0, datatype=DataType.INVALID))  # answers for the units that are not there


class ModbusPort:
    """The machines behind one host and port, by unit. `now`: ms plant time; `papers`: of the port, None for plain TCP."""

    def __init__(
        self,
        host: str,
        port: int,
        machines: Mapping[int, Machine],
        now: Callable[[], int],
        papers: Papers | None = None,
    ) -> None:
        self._where = f"{host}:{port}"
        self._units = {unit: _Unit(machine, now) for unit, machine in machines.items()}
        devices = [NOBODY, *(unit.device(number) for number, unit in self._units.items())]
        manners: dict[str, Any] = {
            "address": (host, port),
            "trace_packet": self._pass,
            "trace_connect": self._connected,
        }
        self._server = (
            ModbusTcpServer(devices, **manners)
            if papers is None
            else ModbusTlsServer(devices, sslctx=papers.tls(), **manners)
        )

    async def open(self) -> None:
        """Start to listen. Raises SiteError when the port is taken."""
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError as error:
            raise SiteError(f"cannot listen on {self._where}", advice="stop what uses the port") from error

    async def close(self) -> None:
        """Hang up and stop to listen."""
        await self._server.shutdown()

    def _pass(self, sending: bool, packet: bytes) -> bytes:  # noqa: FBT001 - pymodbus calls it so
        """Let a packet through, unless a fault swallows the answer; say of a unit that is not there that it is not."""
        unit = self._units.get(packet[UNIT_AT]) if len(packet) > UNIT_AT else None
        if unit is None:
            nobody = sending and packet[FUNCTION_AT] & 0x80
            return packet[:CODE_AT] + bytes((ExcCodes.GATEWAY_NO_RESPONSE,)) if nobody else packet
        if unit.machine.faults.refuses:
            self._hang_up_soon()
        return b"" if sending and unit.swallows_answer() else packet

    def _connected(self, connected: bool) -> None:  # noqa: FBT001 - pymodbus calls it so
        if connected and all(unit.machine.faults.refuses for unit in self._units.values()):
            self._hang_up_soon()

    def _hang_up_soon(self) -> None:
        """Close every connection of the port, once pymodbus is through with the present one."""
        asyncio.get_running_loop().call_soon(self._hang_up)

    def _hang_up(self) -> None:
        for connection in list(self._server.active_connections.values()):
            connection.close()


class _Unit:
    """One machine behind its port."""

    def __init__(self, machine: Machine, now: Callable[[], int]) -> None:
        self.machine = machine
        self._now = now
        self._registers = RegisterMap(machine.table)
        self._loses_answer = False

    def device(self, number: int) -> SimDevice:
        """Describe which registers exist: values may be read, heartbeat and command block also written."""
        exist = [(at, size, True) for at, size in self._registers.readable]
        exist += [(at, 1, False) for at in self._registers.writable.values()]
        if self._registers.block is not None:
            exist.append((self._registers.block.address, self._registers.block_size, False))
        blocks = [
            SimData(at, values=[0] * size, datatype=DataType.REGISTERS, readonly=readonly)
            for at, size, readonly in exist
        ]
        return SimDevice(number, simdata=blocks, action=self._serve)

    def swallows_answer(self) -> bool:
        """Say whether the answer that is about to leave gets lost."""
        lost, self._loses_answer = self._loses_answer, False
        return lost or self.machine.faults.is_mute

    async def _serve(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Answer one request: `current` are all registers from `start`, `written` the words of a write to `address`."""
        del count
        faults = self.machine.faults
        if faults.is_mute:
            return ExcCodes.DEVICE_BUSY
        try:
            match function, written:
                case 3 | 4, None:  # as many machines do, it shows the same registers as holding and as input
                    if faults.slow_s:
                        await asyncio.sleep(faults.slow_s)
                    self._show(current, start)
                case 16, list():
                    self._take(cast("list[int]", written), address, current, start)
                    await asyncio.sleep(faults.slow_s)
                case _:
                    return ExcCodes.ILLEGAL_FUNCTION
        except Exception:  # pymodbus would turn a bug of ours into an answer and tell nobody
            logging.getLogger(__name__).exception("%s function %d at %d", self.machine.name, function, address)
            raise
        return None

    def _show(self, current: list[int], start: int) -> None:
        for at, words in self._registers.words(self.machine.view(self._now()).values):
            current[at - start : at - start + len(words)] = words

    def _take(self, written: list[int], address: int, current: list[int], start: int) -> None:
        """Hear the heartbeat; act on an order whose commit word is among what was written."""
        beat_at = self._registers.writable.get("Heartbeat", -1) - address
        if 0 <= beat_at < len(written):
            self.machine.beat(written[beat_at])
        block = self._registers.block
        if block is None:
            return
        commit_at = block.address + self._registers.block_size - 1 - address
        if not 0 <= commit_at < len(written) or written[commit_at] != block.commit:
            return
        whole = current.copy()
        whole[address - start : address - start + len(written)] = written
        first = block.address - start
        order = order_from(block, self._registers.fields(whole[first : first + self._registers.block_size]))
        self.machine.order(order, self._now())
        written[commit_at] = 0
        self._loses_answer = self.machine.faults.loses_reply()
