"""An order as it comes off the wire, and whether a machine takes it: once, from the newest controller, within its limits.

Refused orders have no effect. The first reason in the order of `judge` counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.plant.packml import Mode, Reason, State
from devices.plant.registers import checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.plant.process import Process
    from devices.plant.registers import Value
    from devices.plant.retain import Memory
    from devices.plant.tables import Block, Table, Verb

STOP = "stop"
READY = frozenset({State.IDLE, State.COMPLETE, State.STOPPED, State.HELD})


@dataclass(frozen=True, slots=True)
class Order:
    """What a controller asks. `verb`: its code; `parameters`: p1, p2, ...; `sound`: the checksum fits.

    What the block has no room for is 0 or empty.
    """

    epoch: int
    number: int
    verb: int
    batch: str
    step: str
    parameters: tuple[int, ...]
    sound: bool


def order_from(block: Block, fields: Mapping[str, Value]) -> Order:
    """Read an order from the fields of the block; what does not fit its type is not sound."""
    texts = {name: str(fields.get(name, "")) for name in ("batch", "step")}
    try:
        sound = "checksum" not in fields or checksum(block, fields) == fields["checksum"]
        sound = sound and all(text.isascii() for text in texts.values())
    except ValueError:
        sound = False
    numbered = [name for name, _ in block.fields if name[0] == "p" and name[1:].isdigit()]
    return Order(
        epoch=int(fields.get("epoch", 0)),
        number=int(fields.get("number", 0)),
        verb=int(fields["verb"]),
        batch=texts["batch"],
        step=texts["step"],
        parameters=tuple(int(fields[name]) for name in numbered),
        sound=sound,
    )


def judge(order: Order, table: Table, memory: Memory, process: Process) -> Reason:
    """Say why a machine does not take this order; NONE when it does."""
    verb = table.verbs.get(order.verb)
    stops = verb is not None and verb.name == STOP
    numbered = table.block is not None and table.block.is_numbered
    checks = (
        (Reason.CHECKSUM, not order.sound),
        (Reason.EPOCH, order.epoch < memory.epoch),
        (Reason.DUPLICATE, numbered and order.number <= memory.order),
        (Reason.MODE, memory.mode != Mode.PRODUCE),
        (Reason.BUSY, memory.state not in READY and not stops),
        (Reason.VERB, verb is None),
        (Reason.PARAMETER, verb is not None and not _fits(verb, order, process)),
    )
    return next((reason for reason, applies in checks if applies), Reason.NONE)


def parameters(verb: Verb, order: Order) -> dict[str, int]:
    """Name p1, p2, ... as the verb does, in our units; those it does not use are ignored."""
    return {limit.name: value * limit.scale for limit, value in zip(verb.limits, order.parameters, strict=False)}


def _fits(verb: Verb, order: Order, process: Process) -> bool:
    inside = len(order.parameters) >= len(verb.limits) and all(
        limit.low <= value * limit.scale <= limit.high
        for limit, value in zip(verb.limits, order.parameters, strict=False)
    )
    return inside and process.fits(verb.name, parameters(verb, order))
