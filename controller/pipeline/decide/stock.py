"""Stock and storage: the stock file, the zones' sensors, and what an excursion does to lots."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.people import Role
from controller.model.refusal import Refusal
from controller.pipeline.decide.alarms import cleared, raised
from controller.pipeline.decide.decision import DESKS, refuse_actor, refuse_station
from controller.pipeline.decide.enrolment import enrolled

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import AcceptDeviation, EnrolPerson, EnrolStock, ReportZone
    from controller.model.stock import Lot, Zone
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def enrol_stock(floor: Floor, intent: EnrolStock, world: World) -> Decision:
    """Take in what is new or changed in the stock and site files; what the line knows of a lot or zone stays with it."""
    machines = chain.from_iterable(enrolled(floor, key, kind, world) for key, kind in intent.machines)
    zones = (
        f.ZoneEnrolled(world.now, zone)
        for zone in (_with_history(zone, floor.zones.get(zone.id)) for zone in intent.zones)
        if zone != floor.zones.get(zone.id)
    )
    lots = (
        f.LotEnrolled(world.now, lot)
        for lot in (_with_marks(lot, floor.lots.get(lot.id)) for lot in intent.lots)
        if lot != floor.lots.get(lot.id)
    )
    return (*machines, *zones, *lots)


def _with_history(zone: Zone, known: Zone | None) -> Zone:
    if known is None:
        return zone
    return replace(
        zone,
        first_at=known.first_at,
        excursion_at=known.excursion_at,
        excursion_value=known.excursion_value,
        out=known.out,
    )


def _with_marks(lot: Lot, known: Lot | None) -> Lot:
    return lot if known is None else replace(lot, quarantined=known.quarantined, deviation_by=known.deviation_by)


def enrol_person(_floor: Floor, intent: EnrolPerson, world: World) -> Decision:
    """Enter or change a person."""
    return (f.PersonEnrolled(world.now, intent.person),)


def report_zone(floor: Floor, intent: ReportZone, world: World) -> Decision:
    """Compare a good reading with the zone's limits."""
    zone = floor.zones.get(intent.zone)
    if zone is None:
        return Refusal("not-found", {"id": intent.zone})
    inside = _inside(zone, intent, world)
    if not inside and not zone.out:
        lots = tuple(sorted(lot.id for lot in floor.lots.values() if lot.zone == zone.id))
        excursion = f.ZoneExcursion(world.now, zone.id, intent.celsius, intent.humidity, lots)
        detail = f"{intent.celsius:.1f} °C {intent.humidity:.0f} %RH"
        return (excursion, *raised(floor, "zone-excursion", zone.id, world, detail))
    if inside and zone.out:
        return (f.ZoneReturned(world.now, zone.id),)
    if inside and not zone.first_at:
        return (f.ZoneSeen(world.now, zone.id),)
    return ()


def _inside(zone: Zone, intent: ReportZone, world: World) -> bool:
    """Say whether a reading is inside the limits; for a zone that has left them, inside by the deadband too."""
    band = world.book.alarms.rules["zone-excursion"].deadband
    warm, damp = (band.get(value, 0.0) if zone.out else 0.0 for value in ("celsius", "humidity"))
    return (
        zone.celsius[0] + warm <= intent.celsius <= zone.celsius[1] - warm
        and zone.humidity[0] + damp <= intent.humidity <= zone.humidity[1] - damp
    )


def assess_excursion(floor: Floor, intent: AcceptDeviation, world: World) -> Decision:
    """Let a pharmacist assess an excursion once; the lots then pass with the deviation."""
    if no := refuse_actor(floor, intent.actor, Role.PHARMACIST) or refuse_station(world, intent.station, *DESKS):
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
