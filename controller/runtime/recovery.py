"""A line goes on where it stopped: its open rows make the floor, and only what the site files have new is entered.

`restore` is all that start-up costs: it follows the number of open things, never the length of history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import structlog

from controller.config import ConfigError
from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.model.intents import EnrolStock
from controller.pipeline import restore_row

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from controller.model.stock import Lot, Zone
    from controller.model.world import Book
    from controller.pipeline import Aggregate
    from controller.store import Loaded

_LOG = structlog.get_logger(__name__)


def restore(loaded: Loaded, machines: Collection[str]) -> Floor:
    """Put the open rows together. `machines`: ids of the site. Raises ConfigError where one at work is not there any more."""
    floor = Floor()
    missing: list[str] = []
    for kind, key, aggregate in loaded.rows:
        if isinstance(aggregate, Equipment) and key not in machines:
            _LOG.warning("machine-left-out", machine=key)
            if aggregate.batch or aggregate.next_batch or aggregate.pending is not None:
                missing.append(f"machine {key}: still at work for batch {aggregate.batch or aggregate.next_batch}")
            continue
        floor = restore_row(floor, kind, key, cast("Aggregate", aggregate))
    if missing:
        raise ConfigError(f"{problem}, but not in the site file" for problem in missing)
    return floor._replace(at=loaded.last_at)


def new_in_files(floor: Floor, book: Book, zones: Sequence[Zone], lots: Sequence[Lot]) -> EnrolStock | None:
    """Return what the files have and the floor has not, or has otherwise; None where there is nothing."""
    known = floor.machines
    machines = tuple(
        (machine.id, machine.kind)
        for machine in book.machines.values()
        if machine.id not in known or known[machine.id].enrolment != book.enrolment(machine.id)
    )
    changed_zones = tuple(zone for zone in zones if _zone_in_file(floor.zones.get(zone.id)) != zone)
    changed_lots = tuple(lot for lot in lots if _lot_in_file(floor.lots.get(lot.id)) != lot)
    if not (machines or changed_zones or changed_lots):
        return None
    return EnrolStock(changed_lots, changed_zones, machines)


def _zone_in_file(zone: Zone | None) -> Zone | None:
    """Return the zone without what it lived through."""
    return zone and replace(zone, first_at=0, excursion_at=0, excursion_value=0.0, out=False)


def _lot_in_file(lot: Lot | None) -> Lot | None:
    return lot and replace(lot, quarantined=False, deviation_by="")
