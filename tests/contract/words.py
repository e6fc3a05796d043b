"""The orders, sites and snapshots that the tests of the drivers speak with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from devices.model import Mode, Order, OrderStatus, Quality, Reading, Snapshot, State
from devices.site import MachineSite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BATCH = "B-20261122-0031-1"
FOREVER = 2**62
CHARGE = {"load_ml": 4000, "herb_g": 300, "absorb_ml": 450}
KINDS = {"pot": "decoction", "soak": "soaking", "packer": "packing", "scale": "scale", "storage": "storage"}


async def until(condition: Callable[[], object], seconds: float) -> None:
    """Wait for what other tasks, threads or processes will bring about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  there is nobody who could set an event
            await asyncio.sleep(0.005)


def place(
    profile: str = "pot-modbus", url: str = "memory://here", *, name: str = "pot-03", waiver: str = "opcua-none"
) -> MachineSite:
    """One [[machine]] with `profile` at `url`."""
    return MachineSite(name, KINDS[profile.partition("-")[0]], profile, url, name, waiver=waiver)


def order(
    number: int = 17,
    verb: str = "charge",
    *,
    batch: str = BATCH,
    parameters: Mapping[str, int] | None = None,
    not_after: int = FOREVER,
    machine: str = "pot-03",
) -> Order:
    """Order `number`, with parameters that a pot takes."""
    defaults = {"charge": CHARGE, "stop": {}, "decoct": {"hold_s": 600, "boil_centi_c": 9900}}
    chosen = defaults[verb] if parameters is None else parameters
    return Order(number, machine, verb, batch, "charge", chosen, not_after)


def snapshot(**said: Any) -> Snapshot:
    """A pot at rest that has said the given things."""
    defaults: dict[str, Any] = {
        "machine": "pot-03",
        "at": 1_000,
        "received_s": 1.0,
        "state": State.IDLE,
        "mode": Mode.PRODUCE,
        "boot": 1,
        "order_status": OrderStatus.NONE,
    }
    return Snapshot(**{**defaults, **said})


def warm(value: float, at: int) -> Reading:
    """A good temperature of `value` degrees at `at` ms."""
    return Reading(value, Quality.GOOD, at)
