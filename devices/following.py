"""A machine that names no order is followed from the moment it was seen to take one, and only in unbroken sight. Pure.

`Following(order)` once it took the order, then `see(snapshot)` for every snapshot, in order: the machine's own words with what is
concluded from them filled in. Once it cannot tell any more, no later state brings the order back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from devices import handshake
from devices.model import OrderStatus, Quality

if TYPE_CHECKING:
    from devices.model import Order, Snapshot

_MEASURED: Final = {"pack": "Count", "soak": "Level", "charge": "Level", "water": "Level"}
_TEMPERATURE: Final = "ActualTemperature"


@dataclass(frozen=True, slots=True)
class Following:
    """One order of one machine. `status`: NONE for ever once the machine cannot tell.

    `celsius`: last good temperature while it was at work, NaN before: at the end the vessel is empty already.
    """

    order: Order
    status: OrderStatus = OrderStatus.RUNNING
    celsius: float = math.nan

    def see(self, snapshot: Snapshot) -> tuple[Following, Snapshot]:
        """Return what is known now, and the snapshot as a machine with order registers would have said it."""
        lost = self.status is OrderStatus.NONE
        status = OrderStatus.NONE if lost else handshake.standing(self.order, snapshot)
        now_c = _good(snapshot, _TEMPERATURE)
        used = math.isnan(now_c) or (status is not OrderStatus.RUNNING and not math.isnan(self.celsius))
        seen = Following(self.order, status, self.celsius if used else now_c)
        order = self.order
        return seen, replace(
            snapshot, order=order.number, batch=order.batch, order_status=status, order_value=seen.value(snapshot)
        )

    def value(self, snapshot: Snapshot) -> int:
        """Return what the order came to, in the unit of its verb, as far as the machine measures it; 0 where it does not."""
        match self.order.verb:
            case "decoct":
                return snapshot.counter_s
            case "rinse":
                return _whole(self.celsius * 100)
            case verb:
                return _whole(_good(snapshot, _MEASURED.get(verb, "")))


def _good(snapshot: Snapshot, tag: str) -> float:
    reading = snapshot.readings.get(tag)
    return math.nan if reading is None or reading.quality is not Quality.GOOD else reading.value


def _whole(value: float) -> int:
    return round(value) if math.isfinite(value) else 0
