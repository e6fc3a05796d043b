"""Stock and storage: the stock file, the zones' sensors, and what an excursion does to lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared, raised
from controller.pipeline.decide.decision import refuse_actor

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import AcceptDeviation, EnrolPerson, EnrolStock, ReportZone
    from controller.model.stock import Zone
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def enrol_stock(floor: Floor, intent: EnrolStock, world: World) -> Decision:
    """Take in what is new in the stock and site files; what the line knows already keeps its history."""
    machines = (
        f.MachineEnrolled(world.now, key, kind, world.book.pot_class(key).key if kind == "decoction" else "")
        for key, kind in intent.machines
        if key not in floor.machines
    )
    zones = (f.ZoneEnrolled(world.now, zone) for zone in intent.zones if zone.id not in floor.zones)
    lots = (f.LotEnrolled(world.now, lot) for lot in intent.lots if lot.id not in floor.lots)
    return (*machines, *zones, *lots)


def enrol_person(_floor: Floor, intent: EnrolPerson, world: World) -> Decision:
    """Enter or change a person."""
    return (f.PersonEnrolled(world.now, intent.person),)


def report_zone(floor: Floor, intent: ReportZone, world: World) -> Decision:
    """Compare a good reading with the zone's limits."""
    zone = floor.zones.get(intent.zone)
    if zone is None:
        return Refusal("not-found", {"id": intent.zone})
    inside = _inside(zone, intent)
    if not inside and not zone.out:
        lots = tuple(sorted(lot.id for lot in floor.lots.values() if lot.zone == zone.id))
        excursion = f.ZoneExcursion(world.now, zone.id, intent.celsius, intent.humidity, lots)
        detail = f"{intent.celsius:.1f} Cel {intent.humidity:.0f} %RH"
        return (excursion, *raised(floor, "zone-excursion", zone.id, world, detail))
    if inside and zone.out:
        return (f.ZoneReturned(world.now, zone.id),)
    if inside and not zone.first_at:
        return (f.ZoneSeen(world.now, zone.id),)
    return ()


def _inside(zone: Zone, intent: ReportZone) -> bool:
    warm, damp = zone.celsius, zone.humidity
    return warm[0] <= intent.celsius <= warm[1] and damp[0] <= intent.humidity <= damp[1]


def assess_excursion(floor: Floor, intent: AcceptDeviation, world: World) -> Decision:
    """Let a pharmacist assess an excursion once; the lots then pass with the deviation."""
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST):
        return no
    zone = floor.zones[intent.target]
    if not zone.excursion_at:
        return Refusal("already-done", {"zone": zone.id})
    if zone.out:
        return Refusal("zone-out", {"zone": zone.id}, next_action="scan-again-later")
    if not intent.note:
        return Refusal("reason-missing", {"zone": zone.id})
    lots = tuple(sorted(lot.id for lot in floor.lots.values() if lot.zone == zone.id and lot.quarantined))
    assessed = f.ExcursionAssessed(world.now, zone.id, lots, intent.actor, intent.note)
    return (assessed, *cleared(floor, "zone-excursion", zone.id, world))
