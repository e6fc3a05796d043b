"""Fold one fact into the floor. Never refuses, never fails, looks at nothing but the floor and the fact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, assert_never

from controller.model import facts as f
from controller.model.alarm import Alarm, Quiet
from controller.model.batch import Batch, BoilRecord, Deviation, Stage, Weighing
from controller.model.case import Case, Parcel, Status
from controller.model.equipment import Equipment
from controller.model.plan import AHEAD
from controller.model.recipe import ApprovedRecipe
from controller.pipeline.rows import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.model.floor import Floor
    from controller.model.stock import Lot

_STATUS = {
    Stage.DISPENSING: Status.DISPENSING,
    Stage.DISPENSED: Status.DISPENSED,
    Stage.VERIFIED: Status.VERIFIED,
    Stage.SOAK_ASSIGNED: Status.VERIFIED,
    Stage.SOAKING: Status.SOAKING,
    Stage.SOAKED: Status.SOAKING,
    Stage.CHARGED: Status.DECOCTING,
    Stage.MOVING: Status.DECOCTING,
    Stage.CARRIED: Status.DECOCTING,
    Stage.BOILING: Status.DECOCTING,
    Stage.MAIN_WAITS: Status.DECOCTING,
    Stage.BOILED: Status.DECOCTING,
    Stage.COLLECTED: Status.DECOCTING,
    Stage.CONCENTRATED: Status.DECOCTING,
    Stage.DRAIN_WAITS: Status.DECOCTING,
    Stage.DRAINED: Status.DECOCTING,
    Stage.PACKING: Status.PACKING,
    Stage.QUALITY_CHECK: Status.QUALITY_CHECK,
    Stage.RELEASED: Status.RELEASED,
    Stage.BOXED: Status.AWAITING_HANDOVER,
}
CLEANING = ("rinse", "flush", "stop")


def evolve(floor: Floor, fact: f.Fact) -> Floor:
    """Return the floor after `fact`."""
    return _fold(replace(floor, at=max(floor.at, fact.at)), fact)


def _fold(floor: Floor, fact: f.Fact) -> Floor:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line a fact is the point
    match fact:
        case f.PrescriptionReceived():
            return _received(floor, fact)
        case f.PrescriptionAmended():
            return _amended(floor, fact)
        case f.AmendmentHeld():
            return _case(floor, fact.case, amendment=fact.prescription, amendment_digest=fact.digest)
        case f.PrescriptionReturned():
            return _case(floor, fact.case, status=Status.RETURNED, returned=True, findings=fact.findings)
        case f.ReturnAnswered():
            return _case(
                floor, fact.case, status=Status.IN_REVIEW, prescription=fact.prescription, findings=fact.findings
            )
        case f.ReviewSigned():
            return _case(
                floor,
                fact.case,
                status=Status.APPROVED,
                prescription=fact.prescription,
                findings=fact.findings,
                reviewer=fact.by,
                reviewed_at=fact.at,
            )
        case f.PrescriptionRejected():
            return _case(floor, fact.case, status=Status.REJECTED, ended_at=fact.at)
        case f.PrescriptionCancelled():
            return _case(floor, fact.case, status=Status.CANCELLED, held=False, ended_at=fact.at)
        case f.PromiseMissed():
            return _case(floor, fact.case, late=True)
        case f.BatchOpened():
            return _opened(floor, fact)
        case f.PailBound():
            return _batch(floor, fact.batch, pail=fact.pail, dispensers=(fact.by,))
        case f.DrawerScanned():
            return _drawn(floor, fact)
        case f.HerbWeighed():
            return _weighed(floor, fact)
        case f.CheckpointRecorded():
            return _on(floor, fact.batch, lambda b: replace(b, checkpoints=(*b.checkpoints, fact.checkpoint)))
        case f.DispensingFinished():
            return _batch(floor, fact.batch, stage=Stage.DISPENSED)
        case f.BatchVerified():
            return _on(floor, fact.batch, lambda b: replace(b, verifier=fact.by, stage=_after_verification(b)))
        case f.SoakAssigned():
            return _soak_assigned(floor, fact)
        case f.SoakPositionLost():
            return _position_lost(floor, fact)
        case f.PotReserved():
            return _reserved(floor, fact.batch, fact.pot, fact.pot_free_at)
        case f.PotLost():
            return _batch(_unreserved(floor, fact.pot, fact.batch), fact.batch, pot="")
        case f.MoveOrdered():
            return _on(floor, fact.batch, lambda b: replace(_at_rest(b), stage=Stage.MOVING))
        case f.PotEmptied():
            return _emptied_pot(floor, fact)
        case f.PailPlaced():
            return _on(floor, fact.batch, lambda b: replace(b, operators=_with(b.operators, fact.by)))
        case f.SoakBegan():
            return _batch(floor, fact.batch, stage=Stage.SOAKING, soak_began_at=fact.at)
        case f.SoakEnded():
            return _batch(floor, fact.batch, stage=Stage.SOAKED)
        case f.OrderIssued():
            return _issued(floor, fact)
        case f.OrderAccepted():
            return _accepted(floor, fact)
        case f.OrderFinished() | f.OrderAttested():
            return _finished(floor, fact)
        case f.OrderDropped():
            return _dropped(floor, fact)
        case f.OrderRecalled():
            return _machine(floor, fact.machine, recalled=True)
        case f.NumberingRaised():
            return _machine(floor, fact.machine, next_order=fact.next_order)
        case f.PailCharged():
            return _charged(floor, fact)
        case f.BoilBegan():
            return _boil(
                floor,
                fact.batch,
                fact.name,
                began_at=fact.began_at,
                ends_at=fact.ends_at,
                opens_at=fact.opens_at,
                closes_at=fact.closes_at,
            )
        case f.BoilMeasured():
            return _boil(
                floor,
                fact.batch,
                fact.name,
                credit_s=fact.credit_s,
                covered_s=fact.covered_s,
                counter_s=fact.counter_s,
                measured_at=fact.measured_at,
            )
        case f.BoilSettled():
            return _settled(floor, fact)
        case f.DeficitOrdered():
            return _deficit(floor, fact)
        case f.MainAdded():
            return _on(
                floor,
                fact.batch,
                lambda b: replace(
                    b,
                    main_added_at=fact.at,
                    stage=Stage.BOILING,
                    boil=b.boil + 1,
                    operators=_with(b.operators, fact.by),
                ),
            )
        case f.HopperLoaded():
            return _on(
                floor, fact.batch, lambda b: replace(b, loaded_at=fact.at, operators=_with(b.operators, fact.by))
            )
        case f.LateAdded() if floor.machines.get(fact.by) is not None:
            return _batch(floor, fact.batch, late_at=fact.at)
        case f.LateAdded():
            return _on(floor, fact.batch, lambda b: replace(b, late_at=fact.at, operators=_with(b.operators, fact.by)))
        case f.LateMissed():
            return _batch(floor, fact.batch, late_missed=True)
        case f.SeparateAttested():
            made = fact.attestation
            return _on(
                floor,
                fact.batch,
                lambda b: replace(b, attestations=(*b.attestations, made), operators=_with(b.operators, made.by)),
            )
        case f.PackerAwaited():
            return _packer_awaited(floor, fact)
        case f.PackerTaken():
            floor = _batch(floor, fact.batch, packer=fact.packer, awaits="")
            return _on_machine(
                floor,
                fact.packer,
                lambda m: replace(m, batch=fact.batch, clean=False, waiting=_without(m.waiting, fact.batch)),
            )
        case f.PackingBegan():
            return _batch(floor, fact.batch, stage=Stage.PACKING)
        case f.BatchPacked():
            return _batch(floor, fact.batch, stage=Stage.QUALITY_CHECK, packed=fact.count, bags=fact.bags)
        case f.HoldPlaced():
            return _on(floor, fact.batch, lambda b: replace(b, holds=(*b.holds, fact.hold)))
        case f.HoldEnded():
            return _hold_ended(floor, fact)
        case f.DeviationAccepted():
            return _on(floor, fact.batch, lambda b: replace(b, deviations=(*b.deviations, fact.deviation)))
        case f.StepSkipped():
            return _on(floor, fact.batch, lambda b: _skipped(b, fact))
        case f.BatchScrapped():
            return _scrapped(floor, fact)
        case f.BatchReleased():
            floor = _batch(floor, fact.batch, stage=Stage.RELEASED, released_by=fact.by)
            return _case(floor, fact.case, parcel=Parcel(fact.parcel, fact.pickup_code), released_at=fact.at)
        case f.BagBoxed():
            return _on(floor, fact.batch, lambda b: replace(b, boxed=b.boxed + 1, boxed_bags=b.boxed_bags | {fact.bag}))
        case f.BatchBoxed():
            return _batch(floor, fact.batch, stage=Stage.BOXED)
        case f.ParcelHandedOver():
            return _handed_over(floor, fact)
        case f.DeliveryConfirmed():
            return _ended(floor, fact)
        case f.MachineEnrolled():
            return _enrolled(floor, fact)
        case f.MachineObserved():
            return _machine(
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
            return _machine(floor, fact.machine, link=fact.link, link_since=fact.at)
        case f.MachineCleaned():
            return _machine(floor, fact.machine, clean=True, clean_celsius=fact.celsius, rinses=0)
        case f.MachineFreed():
            return _machine(floor, fact.machine, batch="", given_up=0, free_at=fact.at)
        case f.MachineTakenOut():
            return _machine(floor, fact.machine, out_by=fact.by, out_at=fact.at, out_note=fact.note)
        case f.MachinePutBack():
            return _machine(floor, fact.machine, out_by="", out_at=0, out_note="")
        case f.LotEnrolled():
            return put(_emptied(floor, fact.lot), "lot", fact.lot.id, fact.lot)
        case f.ZoneEnrolled():
            return put(floor, "zone", fact.zone.id, fact.zone)
        case f.ZoneSeen():
            return _zone(floor, fact.zone, first_at=fact.at)
        case f.ZoneExcursion():
            floor = _zone(floor, fact.zone, out=True, excursion_at=fact.at, excursion_value=fact.celsius)
            return _lots(floor, fact.lots, quarantined=True, deviation_by="")
        case f.ZoneReturned():
            return _zone(floor, fact.zone, out=False)
        case f.ExcursionAssessed():
            floor = _zone(floor, fact.zone, excursion_at=0)
            return _lots(floor, fact.lots, quarantined=False, deviation_by=fact.by)
        case f.AlarmRaised():
            return _raised(floor, fact)
        case f.AlarmAwaited():
            return _awaited(floor, fact)
        case f.AlarmAcknowledged():
            return _alarm(floor, fact.alarm, acknowledged_by=fact.by, acknowledged_at=fact.at)
        case f.AlarmReturned():
            return _alarm(floor, fact.alarm, returned_at=fact.at, clears_at=fact.clears_at)
        case f.AlarmRecurred():
            return _on_alarm(floor, fact.alarm, lambda a: _recurred(a, fact.detail))
        case f.AlarmCleared():
            return _on_alarm(floor, fact.alarm, lambda a: _cleared(a, fact.at))
        case f.AlarmRepeated():
            return _alarm(floor, fact.alarm, repeats=fact.times, repeats_at=fact.repeats_at)
        case f.AlarmEscalated():
            return _alarm(floor, fact.alarm, called=fact.step, called_role=fact.role, calls_at=fact.calls_at)
        case f.AlarmShelved():
            return _alarm(floor, fact.alarm, shelved_until=fact.until, shelved_by=fact.by)
        case f.AlarmUnshelved():
            return _on_alarm(floor, fact.alarm, lambda a: _unshelved(a, fact))
        case f.AlarmSuppressed():
            return _alarm(floor, fact.alarm, suppressed_by=fact.by_alarm)
        case f.AlarmUnsuppressed():
            return _on_alarm(floor, fact.alarm, lambda a: _unsuppressed(a, fact))
        case f.RecipeApproved():
            approved = ApprovedRecipe(fact.version, fact.digest, fact.content, fact.by, fact.at, fact.note)
            return put(floor, "recipe", fact.digest, approved)
        case f.AlarmTakenOut():
            return _alarm(floor, fact.alarm, out_by=fact.by, out_at=fact.at, out_note=fact.note)
        case f.AlarmPutBack():
            return _on_alarm(floor, fact.alarm, lambda a: _put_back(a, fact))
        case f.PersonEnrolled():
            return put(floor, "person", fact.person.badge, fact.person)
        case _:
            assert_never(fact)


# --- one aggregate at a time; a fact about something that is no longer open changes nothing ---


def _on(floor: Floor, key: str, change: Callable[[Batch], Batch]) -> Floor:
    old = floor.batches.get(key)
    if old is None:
        return floor
    new = change(old)
    floor = put(floor, "batch", key, new)
    case = floor.cases.get(new.case)
    if case is None or case.batch != new.id:
        return floor
    fresh = new.stage is Stage.DISPENSING and not new.pail and not new.replaces
    status = Status.APPROVED if fresh else _STATUS.get(new.stage, case.status)
    if case.status is Status.IN_TRANSIT:
        status = case.status
    if (case.status, case.held) != (status, new.held):
        floor = put(floor, "case", case.id, replace(case, status=status, held=new.held))
    return floor


def _batch(floor: Floor, key: str, **changes: Any) -> Floor:
    return _on(floor, key, lambda batch: replace(batch, **changes))


def _case(floor: Floor, key: str, **changes: Any) -> Floor:
    case = floor.cases.get(key)
    return floor if case is None else put(floor, "case", key, replace(case, **changes))


def _on_machine(floor: Floor, key: str, change: Callable[[Equipment], Equipment]) -> Floor:
    machine = floor.machines.get(key)
    return floor if machine is None else put(floor, "machine", key, change(machine))


def _machine(floor: Floor, key: str, **changes: Any) -> Floor:
    return _on_machine(floor, key, lambda machine: replace(machine, **changes))


def _zone(floor: Floor, key: str, **changes: Any) -> Floor:
    zone = floor.zones.get(key)
    return floor if zone is None else put(floor, "zone", key, replace(zone, **changes))


def _lots(floor: Floor, keys: tuple[str, ...], **changes: Any) -> Floor:
    for key in keys:
        lot = floor.lots.get(key)
        if lot is not None:
            floor = put(floor, "lot", key, replace(lot, **changes))
    return floor


def _emptied(floor: Floor, lot: Lot) -> Floor:
    """Take another lot out of the drawer that this one fills: a drawer holds one lot."""
    other = floor.lots.get(floor.drawers.get(lot.drawer, ""))
    return floor if other is None or other.id == lot.id else _lots(floor, (other.id,), drawer="")


def _on_alarm(floor: Floor, key: str, change: Callable[[Alarm], Alarm]) -> Floor:
    alarm = floor.alarms.get(key)
    return floor if alarm is None else put(floor, "alarm", key, change(alarm))


def _alarm(floor: Floor, key: str, **changes: Any) -> Floor:
    return _on_alarm(floor, key, lambda alarm: replace(alarm, **changes))


def _awaited(floor: Floor, fact: f.AlarmAwaited) -> Floor:
    """Wait for a condition to last; an alarm that is there already stays what it is."""
    old = floor.alarms.get(fact.alarm)
    alarm = old or Alarm(fact.alarm, fact.rule, fact.source, fact.priority, 0, active=False)
    return put(floor, "alarm", fact.alarm, replace(alarm, awaited_until=fact.until, detail=fact.detail))


def _raised(floor: Floor, fact: f.AlarmRaised) -> Floor:
    """Raise an alarm; one that comes again on its shelf, or out of service, stays there."""
    alarm = Alarm(
        fact.alarm,
        fact.rule,
        fact.source,
        fact.priority,
        fact.at,
        detail=fact.detail,
        suppressed_by=fact.suppressed_by,
        repeats_at=fact.repeats_at,
        calls_at=fact.calls_at,
    )
    old = floor.alarms.get(fact.alarm)
    if old is not None:
        alarm = replace(
            alarm,
            shelved_until=old.shelved_until,
            shelved_by=old.shelved_by,
            out_by=old.out_by,
            out_at=old.out_at,
            out_note=old.out_note,
            recurrences=old.recurrences + bool(old.raised_at),
        )
    return put(floor, "alarm", fact.alarm, alarm)


def _recurred(alarm: Alarm, detail: str) -> Alarm:
    return replace(alarm, returned_at=0, clears_at=0, recurrences=alarm.recurrences + 1, detail=detail or alarm.detail)


def _cleared(alarm: Alarm, at: int) -> Alarm:
    """End an alarm, or the wait for one."""
    if not alarm.active:
        return replace(alarm, awaited_until=0)
    return replace(alarm, active=False, cleared_at=at, returned_at=0, clears_at=0)


def _unshelved(alarm: Alarm, fact: f.AlarmUnshelved) -> Alarm:
    """Put an alarm back before people: seen by whoever took it down, unseen where its time ran out."""
    alarm = replace(alarm, shelved_until=0, shelved_by="")
    return _before_people(alarm, fact, fact.by, fact.at) if alarm.active or fact.by else alarm


def _unsuppressed(alarm: Alarm, fact: f.AlarmUnsuppressed) -> Alarm:
    """Let an alarm speak again; one that its machine's state kept quiet is new to everybody, since much may have happened."""
    seen_by, seen_at = (
        ("", 0) if alarm.suppressed_by in tuple(Quiet) else (alarm.acknowledged_by, alarm.acknowledged_at)
    )
    return _before_people(replace(alarm, suppressed_by=""), fact, seen_by, seen_at)


def _put_back(alarm: Alarm, fact: f.AlarmPutBack) -> Alarm:
    """Put an alarm back into service: what stands is new to everybody, what is over has been seen by whoever did it."""
    alarm = replace(alarm, out_by="", out_at=0, out_note="")
    return _before_people(alarm, fact, "" if alarm.active else fact.by, fact.at)


def _before_people(
    alarm: Alarm, fact: f.AlarmUnshelved | f.AlarmPutBack | f.AlarmUnsuppressed, seen_by: str, seen_at: int
) -> Alarm:
    """Begin anew to call people, unless somebody has seen it."""
    return replace(
        alarm,
        acknowledged_by=seen_by,
        acknowledged_at=seen_at if seen_by else 0,
        repeats=0,
        repeats_at=fact.repeats_at,
        called=0,
        called_role="",
        calls_at=fact.calls_at,
    )


def _with(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return values if value in values else (*values, value)


def _without(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(entry for entry in values if entry != value)


# --- the facts that need more than one line ---


def _received(floor: Floor, fact: f.PrescriptionReceived) -> Floor:
    case = Case(
        id=fact.case,
        prescription=fact.prescription,
        content_digest=fact.digest,
        received_at=fact.at,
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        status=Status.IN_REVIEW,
        findings=fact.findings,
    )
    return put(floor, "case", case.id, case)


def _amended(floor: Floor, fact: f.PrescriptionAmended) -> Floor:
    return _case(
        floor,
        fact.case,
        prescription=fact.prescription,
        content_digest=fact.digest,
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        findings=fact.findings,
        status=Status.IN_REVIEW,
        reviewer="",
        reviewed_at=0,
        batch="",
        held=False,
        late=False,
        amendment=None,
        amendment_digest="",
    )


def _opened(floor: Floor, fact: f.BatchOpened) -> Floor:
    batch = Batch(
        id=fact.batch,
        case=fact.case,
        attempt=fact.attempt,
        opened_at=fact.at,
        rank=fact.rank,
        plan=fact.plan,
        stage=Stage.DISPENSING,
        packets=fact.packets,
        weighings=tuple(Weighing() for _ in fact.plan.items),
        boils=tuple(BoilRecord(boil.name, boil.minutes * 60) for boil in fact.plan.boils),
        replaces=fact.replaces,
    )
    floor = put(floor, "batch", batch.id, batch)
    case = floor.cases.get(fact.case)
    if case is None:
        return floor
    return _case(
        floor,
        fact.case,
        status=Status.APPROVED if not fact.replaces else Status.DISPENSING,
        batch=fact.batch,
        batches=(*case.batches, fact.batch),
        promised_at=fact.promised_at,
        promise_at_risk=fact.promise_at_risk,
        held=False,
        late=False,
    )


def _drawn(floor: Floor, fact: f.DrawerScanned) -> Floor:
    def change(batch: Batch) -> Batch:
        weighings = list(batch.weighings)
        old = weighings[fact.item]
        weighings[fact.item] = replace(old, lot=fact.lot, drawer=fact.drawer, by=fact.by)
        return replace(batch, weighings=tuple(weighings), dispensers=_with(batch.dispensers, fact.by))

    return _on(floor, fact.batch, change)


def _weighed(floor: Floor, fact: f.HerbWeighed) -> Floor:
    def change(batch: Batch) -> Batch:
        weighings = list(batch.weighings)
        old = weighings[fact.item]
        weighings[fact.item] = replace(old, grams=(*old.grams, fact.grams), by=fact.by, done=fact.done)
        return replace(batch, weighings=tuple(weighings), dispensers=_with(batch.dispensers, fact.by))

    return _on(floor, fact.batch, change)


def _after_verification(batch: Batch) -> Stage:
    return Stage.VERIFIED if batch.plan.decocted else Stage.QUALITY_CHECK


def _soak_assigned(floor: Floor, fact: f.SoakAssigned) -> Floor:
    floor = _machine(floor, fact.machine, batch=fact.batch)
    floor = _batch(floor, fact.batch, stage=Stage.SOAK_ASSIGNED, soak_machine=fact.machine)
    return _reserved(floor, fact.batch, fact.pot, fact.pot_free_at)


def _position_lost(floor: Floor, fact: f.SoakPositionLost) -> Floor:
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    floor = _machine(_unreserved(floor, batch.pot, batch.id), fact.machine, batch="")
    return _batch(floor, batch.id, stage=Stage.VERIFIED, soak_machine="", pot="")


def _unreserved(floor: Floor, pot: str, batch: str) -> Floor:
    return _on_machine(floor, pot, lambda m: replace(m, next_batch="") if m.next_batch == batch else m)


def _reserved(floor: Floor, key: str, pot: str, free_at: int) -> Floor:
    batch = floor.batches.get(key)
    if batch is not None and batch.pot and batch.pot != pot:
        floor = _unreserved(floor, batch.pot, key)
    floor = _on_machine(floor, pot, lambda m: replace(m, next_batch=key, free_at=max(m.free_at, free_at)))
    return _batch(floor, key, pot=pot)


def _issued(floor: Floor, fact: f.OrderIssued) -> Floor:
    order = f.order_of(fact)
    floor = _on_machine(
        floor,
        fact.machine,
        lambda m: replace(
            m,
            next_order=max(m.next_order, fact.number + 1),
            pending=order,
            accepted=False,
            recalled=False,
            begun_at=0,
            begun_by="",
            rinses=m.rinses + (fact.verb in CLEANING and fact.verb != "stop"),
        ),
    )
    if fact.verb in CLEANING:
        return floor
    return _batch(floor, fact.batch, order=fact.number, order_machine=fact.machine, order_step=fact.step)


def _accepted(floor: Floor, fact: f.OrderAccepted) -> Floor:
    if not fact.by:
        return _machine(floor, fact.machine, accepted=True)
    floor = _machine(floor, fact.machine, accepted=True, begun_at=fact.at, begun_by=fact.by)
    if not floor.machines[fact.machine].by_hand:
        return floor
    return _on(floor, fact.batch, lambda b: replace(b, operators=_with(b.operators, fact.by)))


def _finished(floor: Floor, fact: f.OrderFinished | f.OrderAttested) -> Floor:
    machine = floor.machines.get(fact.machine)
    floor = _machine(floor, fact.machine, pending=None, accepted=False, recalled=False, begun_at=0, begun_by="")

    def change(batch: Batch) -> Batch:
        if (batch.order, batch.order_machine) != (fact.number, fact.machine):
            return batch
        done = _worked(replace(_at_rest(batch), done_step=fact.step), fact, machine)
        if fact.step.startswith("charge"):
            return replace(done, stage=Stage.BOILED if done.boils[done.boil].settled else Stage.BOILING)
        if fact.step.startswith("drain."):
            return _drained(done, fact)
        if fact.step.startswith("concentrate"):
            return replace(done, stage=Stage.CONCENTRATED)
        return done

    return _on(floor, fact.batch, change)


def _drained(batch: Batch, fact: f.OrderFinished | f.OrderAttested) -> Batch:
    """Go on after a drain: into the receiver between decoctions and before concentrating, else to the packer."""
    collects = batch.plan.concentrate_ml and batch.stage is Stage.BOILED
    value_ml = fact.value if isinstance(fact, f.OrderFinished) else 0
    if batch.last_boil and not collects:
        return replace(batch, stage=Stage.DRAINED, to_packer_ml=value_ml)
    batch = replace(batch, liquids=(*batch.liquids, value_ml))
    if batch.last_boil:
        return replace(batch, stage=Stage.COLLECTED)
    return replace(batch, stage=Stage.BOILING, boil=batch.boil + 1)


def _worked(batch: Batch, fact: f.OrderFinished | f.OrderAttested, machine: Equipment | None) -> Batch:
    """Enter who worked a machine by hand, and the minutes at the boil on that word."""
    if isinstance(fact, f.OrderFinished) or machine is None or not machine.by_hand:
        return batch
    batch = replace(batch, operators=_with(batch.operators, fact.by))
    if machine.pending is None or machine.pending.verb != "decoct":
        return batch
    boils = tuple(
        replace(record, attested_s=fact.seconds) if index == batch.boil else record
        for index, record in enumerate(batch.boils)
    )
    return replace(batch, boils=boils)


def _dropped(floor: Floor, fact: f.OrderDropped) -> Floor:
    floor = _on_machine(
        floor,
        fact.machine,
        lambda m: (
            replace(m, pending=None, accepted=False, recalled=False, begun_at=0, begun_by="")
            if m.pending and m.pending.number == fact.number
            else m
        ),
    )
    return _on(
        floor,
        fact.batch,
        lambda b: (
            replace(_at_rest(b), interrupted=_interrupted(b, fact))
            if (b.order, b.order_machine) == (fact.number, fact.machine)
            else b
        ),
    )


def _at_rest(batch: Batch) -> Batch:
    """Return the batch without its order; the add-late window that a boil opened closes with the boil."""
    boils = tuple(replace(record, opens_at=0, closes_at=0) for record in batch.boils)
    return replace(batch, order=0, order_machine="", order_step="", boils=boils)


def _interrupted(batch: Batch, fact: f.OrderDropped) -> str:
    """Return the step that began and did not end; an order that never began leaves no trace in the machine."""
    return fact.step.partition(".again.")[0] if fact.outcome in ("failed", "abandoned") else batch.interrupted


def _charged(floor: Floor, fact: f.PailCharged) -> Floor:
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    busy_ms = batch.plan.pot_minutes * 60_000
    floor = _machine(floor, fact.pot, batch=fact.batch, next_batch="", clean=False, free_at=fact.at + busy_ms)
    return _batch(
        floor,
        fact.batch,
        stage=Stage.CHARGED,
        pot=fact.pot,
        charged_at=fact.at,
        operators=_with(batch.operators, fact.by),
    )


def _emptied_pot(floor: Floor, fact: f.PotEmptied) -> Floor:
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    moves, operators = batch.moves + 1, _with(batch.operators, fact.by)
    floor = _machine(floor, fact.pot, given_up=moves)
    return _batch(floor, batch.id, stage=Stage.CARRIED, pot="", pail=fact.pail, moves=moves, operators=operators)


def _packer_awaited(floor: Floor, fact: f.PackerAwaited) -> Floor:
    """Stand in line for a packer; who has it and put nothing in gives it back as clean as it was, and is the first in line."""

    def change(machine: Equipment) -> Equipment:
        if machine.batch != fact.batch:
            return replace(machine, waiting=_with(machine.waiting, fact.batch))
        return replace(machine, batch="", clean=True, waiting=(fact.batch, *_without(machine.waiting, fact.batch)))

    floor = _batch(floor, fact.batch, stage=Stage.DRAIN_WAITS, awaits=fact.packer, packer="")
    return _on_machine(floor, fact.packer, change)


def _boil(floor: Floor, key: str, name: str, **changes: Any) -> Floor:
    return _on(
        floor,
        key,
        lambda b: replace(b, boils=tuple(replace(r, **changes) if r.name == name else r for r in b.boils)),
    )


def _settled(floor: Floor, fact: f.BoilSettled) -> Floor:
    floor = _boil(floor, fact.batch, fact.name, settled=True)
    return _batch(floor, fact.batch, stage=Stage.MAIN_WAITS if fact.name in AHEAD else Stage.BOILED)


def _deficit(floor: Floor, fact: f.DeficitOrdered) -> Floor:
    def close(record: BoilRecord) -> BoilRecord:
        return replace(
            record,
            closed_credit_s=record.total_credit_s,
            closed_covered_s=record.total_covered_s,
            closed_counter_s=record.total_counter_s,
            credit_s=0.0,
            covered_s=0.0,
            counter_s=0.0,
            measured_at=0,
            began_at=0,
            ends_at=0,
            deficits=record.deficits + 1,
        )

    return _on(
        floor,
        fact.batch,
        lambda b: replace(b, boils=tuple(close(r) if r.name == fact.name else r for r in b.boils)),
    )


def _hold_ended(floor: Floor, fact: f.HoldEnded) -> Floor:
    repeats = 1 if fact.choice in ("continue", "migrate", "retry") and fact.by else 0
    return _on(
        floor,
        fact.batch,
        lambda b: replace(b, holds=tuple(h for h in b.holds if h.reason != fact.reason), repeats=b.repeats + repeats),
    )


def _skipped(batch: Batch, fact: f.StepSkipped) -> Batch:
    """Go on as if the step were done, with the deviation that it was not."""
    deviation = Deviation(f"skipped-{fact.step}", fact.at, fact.note, fact.by, fact.at)
    return replace(
        batch,
        stage=Stage.CONCENTRATED,
        skipped=(*batch.skipped, fact.step),
        deviations=(*batch.deviations, deviation),
    )


def _scrapped(floor: Floor, fact: f.BatchScrapped) -> Floor:
    batch = floor.batches.get(fact.batch)
    if batch is None:
        return floor
    floor = _unreserved(floor, batch.pot, batch.id)
    pot = floor.machines.get(batch.pot)
    if pot is not None and pot.pending is None and not pot.batch:
        floor = _machine(floor, batch.pot, free_at=fact.at)
    if batch.awaits:
        floor = _on_machine(floor, batch.awaits, lambda m: replace(m, waiting=_without(m.waiting, batch.id)))
    floor = put(floor, "batch", batch.id, replace(batch, stage=Stage.SCRAPPED, holds=()))
    return _case(floor, fact.case, held=False, batch="")


def _handed_over(floor: Floor, fact: f.ParcelHandedOver) -> Floor:
    case = floor.cases.get(fact.case)
    if case is None or case.parcel is None:
        return floor
    parcel = replace(case.parcel, courier=fact.to, handed_over_at=fact.at)
    return _case(floor, fact.case, status=Status.IN_TRANSIT, parcel=parcel)


def _ended(floor: Floor, fact: f.DeliveryConfirmed) -> Floor:
    batch = floor.batches.get(fact.batch)
    if batch is not None:
        floor = put(floor, "batch", batch.id, replace(batch, stage=Stage.COMPLETED))
    return _case(floor, fact.case, status=Status(fact.outcome), ended_at=fact.at)


def _enrolled(floor: Floor, fact: f.MachineEnrolled) -> Floor:
    old = floor.machines.get(fact.machine) or Equipment(fact.machine, fact.kind)
    site = replace(old, kind=fact.kind, pot_class=fact.pot_class, by_hand=fact.by_hand, monitor_only=fact.monitor_only)
    return put(floor, "machine", fact.machine, site)
