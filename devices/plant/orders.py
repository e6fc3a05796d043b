"""An order as it comes off the wire, before the machine has judged it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.plant.registers import checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.plant.registers import Value
    from devices.plant.tables import Block


@dataclass(frozen=True, slots=True)
class Order:
    """What a controller asks. `verb`: its code; `parameters`: p1, p2, ...; `sound`: the checksum fits."""

    epoch: int
    number: int
    verb: int
    batch: str
    step: str
    parameters: tuple[int, ...]
    sound: bool


def order_from(block: Block, fields: Mapping[str, Value]) -> Order:
    """Read an order from the fields of the block; what does not fit its type is not sound."""
    texts = {name: str(fields[name]) for name in ("batch", "step")}
    try:
        sound = checksum(block, fields) == fields["checksum"] and all(text.isascii() for text in texts.values())
    except ValueError:
        sound = False
    parameters = [name for name, _ in block.fields if name[0] == "p" and name[1:].isdigit()]
    return Order(
        epoch=int(fields["epoch"]),
        number=int(fields["number"]),
        verb=int(fields["verb"]),
        batch=texts["batch"],
        step=texts["step"],
        parameters=tuple(int(fields[name]) for name in parameters),
        sound=sound,
    )
