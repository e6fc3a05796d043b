"""Reads whatever an unknown machine answers: first which registers there are, then all of them again and again. It never writes.

`ModbusSource.find()` asks for ever smaller blocks where the machine refuses, table by table, and remembers the blocks that it
takes; `sweep()` reads those. Each use makes a connection and lets it go, so that a machine which allows one is left to others
while a person thinks.
"""

from __future__ import annotations

import asyncio
import struct
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, Protocol

from devices.errors import LinkDown, LinkError, LinkRefused, LinkTimeout
from devices.learning.record import BIT_TABLES, REGISTER_TABLES, Place, Sweep
from devices.links.modbus_wire import ModbusWire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from devices.site import MachineSite

TIMEOUT_S: Final = 2.0
GAP_S: Final = 0.01
_ILLEGAL_FUNCTION: Final = 1
_BLOCK: Final = 100
"""Registers or bits asked for at once at first; few machines that take this refuse more."""
_ALIKE: Final = 0.5
"""Share of registers that are equal where two tables are one: some move between two reads."""
_MOST_SILENCES: Final = 3
"""Blocks of a table that may stay without an answer before the rest of it is left alone."""


class Source(Protocol):
    """An unknown machine on some wire."""

    async def find(self, progress: Callable[[str], None]) -> None:
        """Find out what there is to read. Raises LinkError where there is no machine at all."""
        ...

    async def watch(self, seconds: float, now: Callable[[], int]) -> Sequence[Sweep]:
        """Read all of it for `seconds` of the wall, at least three times. `now`: plant time in ms. Raises LinkError."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbours in one table that the machine gives in one request."""

    table: str
    address: int
    count: int


class ModbusSource:
    """The four tables of one Modbus unit, addresses of `ranges` (first, last). `runs`: what it gave, once `find` is done."""

    def __init__(self, site: MachineSite, ranges: Sequence[tuple[int, int]]) -> None:
        self._wire = ModbusWire(site, timeout_s=TIMEOUT_S, gap_s=GAP_S)
        self._ranges = ranges
        self._silences = 0
        self.runs: list[Run] = []
        self.longest_s = 0.0

    async def find(self, progress: Callable[[str], None]) -> None:
        """Find out which registers and bits there are."""
        async with self._connected():
            for table in (*REGISTER_TABLES, *BIT_TABLES):
                found = await self._table(table)
                if table == "input" and await self._repeats(found):
                    progress(f"{table}: = holding")
                    continue
                self.runs += found
                progress(f"{table}: {_ranges_in_words(found)}")

    async def watch(self, seconds: float, now: Callable[[], int]) -> Sequence[Sweep]:
        """Read all of it for `seconds` of the wall, at least three times."""
        sweeps: list[Sweep] = []
        deadline_s = time.monotonic() + seconds
        async with self._connected():
            while len(sweeps) < _LEAST_SWEEPS or time.monotonic() < deadline_s:
                began_s = time.monotonic()
                sweeps.append(await self._sweep(now() / 1000))
                await asyncio.sleep(max(0.0, _PERIOD_S - (time.monotonic() - began_s)))
        return sweeps

    async def _sweep(self, at_s: float) -> Sweep:
        values: dict[Place, float] = {}
        for run in self.runs:
            data = await self._wire.read(run.table, run.address, run.count)
            self.longest_s = max(self.longest_s, self._wire.took_s)
            for at, value in enumerate(_values(run, data)):
                values[Place(run.table, run.address + at)] = value
        return Sweep(at_s, values)

    async def _repeats(self, found: Sequence[Run]) -> bool:
        """Say whether these are the holding registers under another name, as many machines show them."""
        if not found or [(run.address, run.count) for run in found] != [(run.address, run.count) for run in self.runs]:
            return False
        alike = total = 0
        for run, other in zip(self.runs, found, strict=True):
            ours = _values(run, await self._wire.read(run.table, run.address, run.count))
            theirs = _values(other, await self._wire.read(other.table, other.address, other.count))
            alike += sum(one == two for one, two in zip(ours, theirs, strict=True))
            total += run.count
        return alike >= _ALIKE * total

    async def _table(self, table: str) -> list[Run]:
        self._silences = 0
        found: list[Run] = []
        for first, last in self._ranges:
            waiting = [Run(table, at, min(_BLOCK, last + 1 - at)) for at in range(first, last + 1, _BLOCK)][::-1]
            while waiting:
                run = waiting.pop()
                answer = await self._try(run)
                if answer is None:
                    return _joined(found)
                if answer:
                    found.append(run)
                elif run.count > 1:
                    half = run.count // 2
                    waiting += [Run(table, run.address + half, run.count - half), Run(table, run.address, half)]
        return _joined(found)

    async def _try(self, run: Run) -> bool | None:
        """Say whether the machine gives this block; None where the whole table is not worth asking for."""
        try:
            await self._wire.read(run.table, run.address, run.count)
        except LinkRefused as refusal:
            return None if refusal.code == _ILLEGAL_FUNCTION else False
        except LinkDown:
            raise
        except LinkTimeout:
            self._silences += 1
            await self._wire.connect()
            return False if self._silences < _MOST_SILENCES else None
        except LinkError:
            await self._wire.connect()
            return False
        return True

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[None]:
        await self._wire.connect()
        try:
            yield
        finally:
            self._wire.close()


_LEAST_SWEEPS: Final = 3
_PERIOD_S: Final = 0.25


def _values(run: Run, data: bytes) -> Sequence[int]:
    if run.table in REGISTER_TABLES:
        return struct.unpack(f">{run.count}H", data)
    return [data[at // 8] >> at % 8 & 1 for at in range(run.count)]


def _joined(found: Sequence[Run]) -> list[Run]:
    """Join neighbours, as far as the largest block that the machine gave."""
    most = max((run.count for run in found), default=0)
    joined: list[Run] = []
    for run in sorted(found, key=lambda run: run.address):
        last = joined[-1] if joined else None
        if last is not None and last.address + last.count == run.address and last.count + run.count <= most:
            joined[-1] = Run(run.table, last.address, last.count + run.count)
        else:
            joined.append(run)
    return joined


def _ranges_in_words(found: Sequence[Run]) -> str:
    """Name the addresses without their blocks: `0-41, 100-143`."""
    addresses = [at for run in found for at in range(run.address, run.address + run.count)]
    groups = groupby(enumerate(addresses), key=lambda pair: pair[1] - pair[0])
    spans = [[address for _, address in group] for _, group in groups]
    return ", ".join(f"{span[0]}-{span[-1]}" for span in spans) or "-"
