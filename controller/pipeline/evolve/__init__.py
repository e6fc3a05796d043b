"""Fold one fact into the floor. Never refuses, never fails, looks at nothing but the floor and the fact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from controller.model import facts as f
from controller.model.batch import Stage
from controller.model.case import Parcel, Status
from controller.model.recipe import ApprovedRecipe
from controller.pipeline.evolve import alarms, boils, cases, dispensing, holds, orders, packing, pots, site, touch
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from controller.model.floor import Floor


def evolve(floor: Floor, fact: f.Fact) -> Floor:
    """Return the floor after `fact`."""
    return _fold(floor._replace(at=max(floor.at, fact.at)), fact)


def _fold(floor: Floor, fact: f.Fact) -> Floor:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line a fact is the point
    match fact:
        case f.PrescriptionReceived():
            return cases.received(floor, fact)
        case f.PrescriptionAmended():
            return cases.amended(floor, fact)
        case f.AmendmentHeld():
            return touch.case(floor, fact.case, amendment=fact.prescription, amendment_digest=fact.digest)
        case f.PrescriptionReturned():
            return touch.case(floor, fact.case, status=Status.RETURNED, returned=True, findings=fact.findings)
        case f.ReturnAnswered():
            return touch.case(
                floor, fact.case, status=Status.IN_REVIEW, prescription=fact.prescription, findings=fact.findings
            )
        case f.ReviewSigned():
            return touch.case(
                floor,
                fact.case,
                status=Status.APPROVED,
                prescription=fact.prescription,
                findings=fact.findings,
                reviewer=fact.by,
                reviewed_at=fact.at,
            )
        case f.PrescriptionRejected():
            return touch.case(floor, fact.case, status=Status.REJECTED, ended_at=fact.at)
        case f.PrescriptionCancelled():
            return touch.case(floor, fact.case, status=Status.CANCELLED, held=False, ended_at=fact.at)
        case f.PromiseMissed():
            return touch.case(floor, fact.case, late=True)
        case f.BatchOpened():
            return dispensing.opened(floor, fact)
        case f.PailBound():
            return touch.batch(floor, fact.batch, pail=fact.pail, dispensers=(fact.by,))
        case f.DrawerScanned():
            return dispensing.drawn(floor, fact)
        case f.HerbWeighed():
            return dispensing.weighed(floor, fact)
        case f.CheckpointRecorded():
            return touch.batch_by(
                floor, fact.batch, lambda b: replace(b, checkpoints=(*b.checkpoints, fact.checkpoint))
            )
        case f.DispensingFinished():
            return touch.batch(floor, fact.batch, stage=Stage.DISPENSED)
        case f.BatchVerified():
            return touch.batch_by(
                floor, fact.batch, lambda b: replace(b, verifier=fact.by, stage=dispensing.after_verification(b))
            )
        case f.SoakAssigned():
            return pots.soak_assigned(floor, fact)
        case f.SoakPositionLost():
            return pots.position_lost(floor, fact)
        case f.PotReserved():
            return pots.reserved(floor, fact.batch, fact.pot, fact.pot_free_at)
        case f.PotLost():
            return touch.batch(pots.unreserved(floor, fact.pot, fact.batch), fact.batch, pot="")
        case f.MoveOrdered():
            return touch.batch_by(floor, fact.batch, lambda b: replace(orders.at_rest(b), stage=Stage.MOVING))
        case f.PotEmptied():
            return pots.emptied(floor, fact)
        case f.PailPlaced():
            return touch.worked(floor, fact.batch, fact.by)
        case f.SoakBegan():
            return touch.batch(floor, fact.batch, stage=Stage.SOAKING, soak_began_at=fact.at)
        case f.SoakEnded():
            return touch.batch(floor, fact.batch, stage=Stage.SOAKED)
        case f.OrderIssued():
            return orders.issued(floor, fact)
        case f.OrderAccepted():
            return orders.accepted(floor, fact)
        case f.OrderFinished() | f.OrderAttested():
            return orders.finished(floor, fact)
        case f.OrderDropped():
            return orders.dropped(floor, fact)
        case f.OrderRecalled():
            return touch.machine(floor, fact.machine, recalled=True)
        case f.NumberingRaised():
            return touch.machine(floor, fact.machine, next_order=fact.next_order)
        case f.PailCharged():
            return pots.charged(floor, fact)
        case f.BoilBegan():
            return boils.boil(
                floor,
                fact.batch,
                fact.name,
                began_at=fact.began_at,
                ends_at=fact.ends_at,
                opens_at=fact.opens_at,
                closes_at=fact.closes_at,
            )
        case f.BoilMeasured():
            return boils.boil(
                floor,
                fact.batch,
                fact.name,
                credit_s=fact.credit_s,
                covered_s=fact.covered_s,
                counter_s=fact.counter_s,
                measured_at=fact.measured_at,
            )
        case f.BoilSettled():
            return boils.settled(floor, fact)
        case f.DeficitOrdered():
            return boils.deficit(floor, fact)
        case f.MainAdded():
            return boils.main_added(floor, fact)
        case f.HopperLoaded():
            return touch.worked(floor, fact.batch, fact.by, loaded_at=fact.at)
        case f.LateAdded() if floor.machines.get(fact.by) is not None:
            return touch.batch(floor, fact.batch, late_at=fact.at)
        case f.LateAdded():
            return touch.worked(floor, fact.batch, fact.by, late_at=fact.at)
        case f.LateMissed():
            return touch.batch(floor, fact.batch, late_missed=True)
        case f.SeparateAttested():
            made = fact.attestation
            floor = touch.worked(floor, fact.batch, made.by)
            return touch.batch_by(floor, fact.batch, lambda b: replace(b, attestations=(*b.attestations, made)))
        case f.PackerAwaited():
            return packing.awaited(floor, fact)
        case f.PackerTaken():
            return packing.taken(floor, fact)
        case f.PackingBegan():
            return touch.batch(floor, fact.batch, stage=Stage.PACKING)
        case f.BatchPacked():
            return touch.batch(floor, fact.batch, stage=Stage.QUALITY_CHECK, packed=fact.count, bags=fact.bags)
        case f.HoldPlaced():
            return touch.batch_by(floor, fact.batch, lambda b: replace(b, holds=(*b.holds, fact.hold)))
        case f.HoldEnded():
            return holds.ended(floor, fact)
        case f.DeviationAccepted():
            return touch.batch_by(floor, fact.batch, lambda b: replace(b, deviations=(*b.deviations, fact.deviation)))
        case f.StepSkipped():
            return touch.batch_by(floor, fact.batch, lambda b: holds.skipped(b, fact))
        case f.BatchScrapped():
            return holds.scrapped(floor, fact)
        case f.BatchReleased():
            floor = touch.batch(floor, fact.batch, stage=Stage.RELEASED, released_by=fact.by)
            return touch.case(floor, fact.case, parcel=Parcel(fact.parcel, fact.pickup_code), released_at=fact.at)
        case f.BagBoxed():
            return touch.batch_by(
                floor, fact.batch, lambda b: replace(b, boxed=b.boxed + 1, boxed_bags=b.boxed_bags | {fact.bag})
            )
        case f.BatchBoxed():
            return touch.batch(floor, fact.batch, stage=Stage.BOXED)
        case f.ParcelHandedOver():
            return cases.handed_over(floor, fact)
        case f.DeliveryConfirmed():
            return cases.ended(floor, fact)
        case f.MachineEnrolled():
            return site.enrolled(floor, fact)
        case f.MachineObserved():
            return touch.machine(
                floor,
                fact.machine,
                state=fact.state,
                mode=fact.mode,
                boot=fact.boot,
                fault=fact.fault,
                order=fact.order,
                order_status=fact.order_status,
                order_value=fact.order_value,
            )
        case f.MachineLinked():
            return touch.machine(floor, fact.machine, link=fact.link, link_since=fact.at)
        case f.MachineCleaned():
            return touch.machine(floor, fact.machine, clean=True, clean_celsius=fact.celsius, rinses=0)
        case f.MachineFreed():
            return touch.machine(floor, fact.machine, batch="", given_up=0, free_at=fact.at)
        case f.MachineTakenOut():
            return touch.machine(floor, fact.machine, out_by=fact.by, out_at=fact.at, out_note=fact.note)
        case f.MachinePutBack():
            return touch.machine(floor, fact.machine, out_by="", out_at=0, out_note="")
        case f.LotEnrolled():
            return site.received(floor, fact.lot)
        case f.ZoneEnrolled():
            return put(floor, "zone", fact.zone.id, fact.zone)
        case f.ZoneSeen():
            return touch.zone(floor, fact.zone, first_at=fact.at)
        case f.ZoneExcursion():
            floor = touch.zone(floor, fact.zone, out=True, excursion_at=fact.at, excursion_value=fact.celsius)
            return touch.lots(floor, fact.lots, quarantined=True, deviation_by="")
        case f.ZoneReturned():
            return touch.zone(floor, fact.zone, out=False)
        case f.ExcursionAssessed():
            floor = touch.zone(floor, fact.zone, excursion_at=0)
            return touch.lots(floor, fact.lots, quarantined=False, deviation_by=fact.by)
        case f.AlarmRaised():
            return alarms.raised(floor, fact)
        case f.AlarmAwaited():
            return alarms.awaited(floor, fact)
        case f.AlarmAcknowledged():
            return touch.alarm(floor, fact.alarm, acknowledged_by=fact.by, acknowledged_at=fact.at)
        case f.AlarmReturned():
            return touch.alarm(floor, fact.alarm, returned_at=fact.at, clears_at=fact.clears_at)
        case f.AlarmRecurred():
            return touch.alarm_by(floor, fact.alarm, lambda a: alarms.recurred(a, fact.detail))
        case f.AlarmCleared():
            return touch.alarm_by(floor, fact.alarm, lambda a: alarms.cleared(a, fact.at))
        case f.AlarmRepeated():
            return touch.alarm(floor, fact.alarm, repeats=fact.times, repeats_at=fact.repeats_at)
        case f.AlarmEscalated():
            return touch.alarm(floor, fact.alarm, called=fact.step, called_role=fact.role, calls_at=fact.calls_at)
        case f.AlarmShelved():
            return touch.alarm(floor, fact.alarm, shelved_until=fact.until, shelved_by=fact.by)
        case f.AlarmUnshelved():
            return touch.alarm_by(floor, fact.alarm, lambda a: alarms.unshelved(a, fact))
        case f.AlarmSuppressed():
            return touch.alarm(floor, fact.alarm, suppressed_by=fact.by_alarm)
        case f.AlarmUnsuppressed():
            return touch.alarm_by(floor, fact.alarm, lambda a: alarms.unsuppressed(a, fact))
        case f.RecipeApproved():
            approved = ApprovedRecipe(fact.version, fact.digest, fact.content, fact.by, fact.at, fact.note)
            return put(floor, "recipe", fact.digest, approved)
        case f.AlarmTakenOut():
            return touch.alarm(floor, fact.alarm, out_by=fact.by, out_at=fact.at, out_note=fact.note)
        case f.AlarmPutBack():
            return touch.alarm_by(floor, fact.alarm, lambda a: alarms.put_back(a, fact))
        case f.PersonEnrolled():
            return put(floor, "person", fact.person.badge, fact.person)
        case _:
            assert_never(fact)
