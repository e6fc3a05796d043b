"""What the site file and the stock file brought."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.equipment import Equipment
from controller.pipeline.evolve import touch
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.floor import Floor
    from controller.model.stock import Lot


def enrolled(floor: Floor, fact: f.MachineEnrolled) -> Floor:
    """Enter a machine of the site file, or what changed of it."""
    old = floor.machines.get(fact.machine) or Equipment(fact.machine, fact.kind)
    site = replace(old, kind=fact.kind, pot_class=fact.pot_class, by_hand=fact.by_hand, monitor_only=fact.monitor_only)
    return put(floor, "machine", fact.machine, site)


def received(floor: Floor, lot: Lot) -> Floor:
    """Enter a lot, and take another out of the drawer that it fills: a drawer holds one lot."""
    other = floor.lots.get(floor.drawers.get(lot.drawer, ""))
    if other is not None and other.id != lot.id:
        floor = touch.lots(floor, (other.id,), drawer="")
    return put(floor, "lot", lot.id, lot)
