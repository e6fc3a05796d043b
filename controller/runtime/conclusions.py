"""What a machine without order numbers does is concluded from the order that the journal says it took, never from what we sent.

`take` comes before anything is credited or reported. After a restart the floor gives the order back, and the machine's first
words decide whether it is still at it; a doubt that a person was asked about is not settled by a later state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.following import Following

if TYPE_CHECKING:
    from collections.abc import Collection

    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from devices.model import Order, Snapshot


class Conclusions:
    """Follows the orders of `machines`: those that keep no order numbers."""

    def __init__(self, machines: Collection[str]) -> None:
        self._machines = frozenset(machines)
        self._followed: dict[str, Following] = {}

    def take(self, snapshot: Snapshot, floor: Floor) -> Snapshot:
        """Return what one read of a machine comes to, in the words of a machine that names its order."""
        if snapshot.machine not in self._machines:
            return snapshot
        machine = floor.machines.get(snapshot.machine)
        if machine is None or machine.pending is None or not machine.accepted:
            return snapshot
        followed = self._followed.get(machine.id)
        if followed is None or followed.order != machine.pending:
            if _doubted(floor, machine, machine.pending):
                return snapshot
            followed = Following(machine.pending)
        self._followed[machine.id], concluded = followed.see(snapshot)
        return concluded


def _doubted(floor: Floor, machine: Equipment, order: Order) -> bool:
    batch = floor.batches.get(order.batch)
    return batch is not None and any(hold.reason == "unknown" and hold.machine == machine.id for hold in batch.holds)
