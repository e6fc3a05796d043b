"""The fold of the journal into a batch record: every fact of one prescription, in order, and nothing from anywhere else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from controller.model import facts as f
from controller.render.record import FORM
from controller.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.model.batch import Hold
    from controller.model.finding import Finding
    from controller.model.prescription import Prescription
    from controller.render.record import BatchEntry, BoilEntry, Record, Sheet
    from controller.store import StoredFact

_NOTHING = (0.0, 0.0, 0.0)
_SAID_BY_THE_HOLD = frozenset({"continue", "retry", "assume_ok"})
"""Choices that have no fact of their own with the name of who signed and what was seen."""


def record_of(timeline: Sequence[StoredFact], sheet: Sheet) -> Record:
    """Fold the facts of one prescription, all of them in order."""
    fold = _Fold(sheet)
    bodies = [encode(stored.fact) for stored in timeline]
    chain = hashlib.sha256()
    for stored, body in zip(timeline, bodies, strict=True):
        chain.update(f"{stored.seq} {stored.kind} {body}\n".encode())
        fold.record["timeline"].append(
            {"seq": stored.seq, "at": stored.at, "kind": stored.kind, "body": json.loads(body)}
        )
        fold.take(stored.fact)
    said = "\n".join(bodies)
    fold.record["people"] = {badge: name for badge, name in sheet.people.items() if badge in said}
    fold.record["digest"] = chain.hexdigest()
    return fold.record


class _Fold:
    """A record that grows fact by fact."""

    def __init__(self, sheet: Sheet) -> None:
        self._people = sheet.people
        self._batches: dict[str, BatchEntry] = {}
        self._seen: dict[str, tuple[float, float, float]] = {}
        self.record: Record = {
            "form": FORM,
            "site": sheet.site,
            "hospital": {"code": "", "name": sheet.hospital},
            "printed_at": sheet.printed_at,
            "patient": sheet.patient,
            "diagnosis": sheet.diagnosis,
            "prescription": {},
            "received_at": 0,
            "promised_at": 0,
            "findings": [],
            "batches": [],
            "delivery": {},
            "end": "",
            "ended_at": 0,
            "signatures": [],
            "people": {},
            "timeline": [],
            "digest": "",
        }

    def take(self, fact: f.Fact) -> None:
        """Add what a fact says. Facts that only move the line (assignments, waiting) stay in the timeline alone."""
        match fact:
            case f.PrescriptionReceived() | f.PrescriptionAmended():
                self.record["received_at"] = self.record["received_at"] or fact.at
                self.record["promised_at"] = fact.promised_at
                self._prescribed(fact.prescription, fact.findings)
            case f.ReturnAnswered():
                self._prescribed(fact.prescription, fact.findings)
            case f.ReviewSigned():
                self._prescribed(fact.prescription, fact.findings)
                self._sign("review", fact.by, fact.at)
            case f.PrescriptionRejected():
                self._end("rejected", fact.at)
                self._sign("reject", fact.by, fact.at, fact.reason)
            case f.PrescriptionCancelled():
                self._end("cancelled", fact.at)
            case f.BatchOpened():
                self._open(fact)
            case f.ParcelHandedOver() | f.DeliveryConfirmed():
                self._delivered(fact)
            case _:
                entry = self._batches.get(getattr(fact, "batch", ""))
                if entry is not None:
                    self._dispensed(entry, fact)
                    self._cooked(entry, fact)
                    self._ordered(entry, fact)
                    self._judged(entry, fact)

    def _dispensed(self, entry: BatchEntry, fact: f.Fact) -> None:
        match fact:
            case f.PailBound() | f.PotEmptied():
                entry["machines"]["pail"] = fact.pail
            case f.DrawerScanned():
                entry["herbs"][fact.item] |= {"lot": fact.lot, "drawer": fact.drawer}
            case f.HerbWeighed():
                entry["herbs"][fact.item]["weighed"].append(fact.grams)
                entry["herbs"][fact.item] |= {"by": fact.by, "source": fact.source}
            case f.BatchVerified():
                self._sign("verify", fact.by, fact.at, batch=fact.batch)
            case _:
                pass

    def _cooked(self, entry: BatchEntry, fact: f.Fact) -> None:
        match fact:
            case f.SoakAssigned():
                entry["machines"] |= {"soaking": fact.machine, "decoction": fact.pot}
            case f.PotReserved():
                entry["machines"]["decoction"] = fact.pot
            case f.PackerTaken():
                entry["machines"]["packing"] = fact.packer
            case f.SoakBegan():
                entry["soak"]["began_at"] = fact.at
            case f.PailCharged():
                entry["soak"].setdefault("charged_at", fact.at)
            case f.MainAdded() | f.HopperLoaded():
                what = "main" if isinstance(fact, f.MainAdded) else "hopper"
                entry["additions"].append({"what": what, "at": fact.at, "by": fact.by, "minutes": None})
            case f.LateAdded():
                entry["additions"].append({"what": "add-late", "at": fact.at, "by": fact.by, "minutes": fact.minutes})
            case f.LateMissed():
                entry["additions"].append({"what": "late-missed", "at": fact.at, "by": "", "minutes": None})
            case f.SeparateAttested():
                done = fact.attestation
                entry["additions"].append({"what": done.herb, "at": done.at, "by": done.by, "minutes": done.minutes})
            case f.BatchPacked():
                entry["packed"] = fact.count
            case _:
                pass

    def _ordered(self, entry: BatchEntry, fact: f.Fact) -> None:
        match fact:
            case f.OrderIssued():
                self._issued(entry, fact)
            case f.OrderFinished():
                _order_ended(entry, fact, "finished")
            case f.OrderAttested():
                _order_ended(entry, fact, "attested")
            case f.OrderDropped():
                _order_ended(entry, fact, fact.outcome)
            case f.BoilBegan():
                boil = _boil(entry, fact.name)
                boil["began_at"] = boil["began_at"] or fact.began_at
            case f.BoilMeasured():
                self._measured(entry, fact)
            case f.BoilSettled():
                _boil(entry, fact.name)["settled"] = True
            case f.DeficitOrdered():
                self._sign("run-deficit", fact.by, fact.at, f"{fact.name} {fact.missing_s} s {fact.note}", fact.batch)
            case f.MoveOrdered():
                self._sign("migrate", fact.by, fact.at, f"{fact.pot}: {fact.note}", fact.batch)
            case _:
                pass

    def _judged(self, entry: BatchEntry, fact: f.Fact) -> None:
        match fact:
            case f.CheckpointRecorded():
                entry["checkpoints"].append({**asdict(fact.checkpoint), "gate": fact.checkpoint.gate})
            case f.HoldPlaced():
                entry["holds"].append(_held(fact.hold))
            case f.HoldEnded():
                self._hold_ended(entry, fact)
            case f.DeviationAccepted():
                taken = fact.deviation
                note = f"{taken.reason}: {taken.note}"
                self._sign("accept-deviation", taken.accepted_by, fact.at, note, fact.batch)
            case f.StepSkipped():
                self._sign("skip", fact.by, fact.at, f"{fact.step}: {fact.note}", fact.batch)
            case f.BatchReleased():
                entry["end"], entry["ended_at"] = "released", fact.at
                self._sign("release", fact.by, fact.at, batch=fact.batch)
            case f.BatchScrapped():
                entry["end"], entry["ended_at"] = "scrapped", fact.at
                self._sign("scrap", fact.by, fact.at, f"{fact.reason}: {fact.note}", fact.batch)
            case _:
                pass

    def _delivered(self, fact: f.ParcelHandedOver | f.DeliveryConfirmed) -> None:
        delivery = self.record["delivery"]
        if isinstance(fact, f.ParcelHandedOver):
            delivery |= {"parcel": fact.parcel, "to": fact.to, "by": fact.by, "handed_over_at": fact.at}
            self._sign("hand-over", fact.by, fact.at, batch=fact.batch)
        else:
            delivery |= {"outcome": fact.outcome, "note": fact.note, "confirmed_at": fact.at}
            self._end(fact.outcome, fact.at)
            self._sign("receipt", fact.by, fact.at, fact.note, fact.batch)

    def _prescribed(self, prescription: Prescription, findings: Sequence[Finding]) -> None:
        self.record["findings"] = [asdict(finding) for finding in findings]
        self.record["hospital"]["code"] = prescription.hospital
        body: dict[str, Any] = json.loads(encode(prescription))
        del body["patient"]
        self.record["prescription"] = body

    def _open(self, fact: f.BatchOpened) -> None:
        plan = fact.plan
        entry: BatchEntry = {
            "id": fact.batch,
            "attempt": fact.attempt,
            "replaces": fact.replaces,
            "opened_at": fact.at,
            "recipe_version": plan.recipe_version,
            "formulary_version": plan.formulary_version,
            "recipe_digest": plan.recipe_digest,
            "settings": [asdict(one) for one in plan.settings],
            "herbs": [{**asdict(item), "lot": "", "drawer": "", "weighed": [], "by": ""} for item in plan.items],
            "machines": {},
            "soak": {"least_minutes": plan.soak_minutes, "water_ml": plan.soak_water_ml} if plan.boils else {},
            "boils": [
                {
                    "name": boil.name,
                    "required_s": boil.minutes * 60,
                    "began_at": 0,
                    "credit_s": 0.0,
                    "covered_s": 0.0,
                    "counter_s": 0.0,
                    "orders": 0,
                    "settled": False,
                }
                for boil in plan.boils
            ],
            "additions": [],
            "packed": 0,
            "planned_bags": plan.bags,
            "checkpoints": [],
            "holds": [],
            "orders": [],
            "end": "",
            "ended_at": 0,
        }
        self._batches[fact.batch] = entry
        self.record["batches"].append(entry)

    def _issued(self, entry: BatchEntry, fact: f.OrderIssued) -> None:
        order = {"number": fact.number, "machine": fact.machine, "verb": fact.verb, "step": fact.step}
        entry["orders"].append({**order, "issued_at": fact.at, "outcome": "", "ended_at": 0})
        if fact.verb == "decoct":
            self._seen[entry["id"]] = _NOTHING
            for boil in entry["boils"]:
                boil["orders"] += fact.step == boil["name"] or fact.step.startswith(f"{boil['name']}.")

    def _measured(self, entry: BatchEntry, fact: f.BoilMeasured) -> None:
        """Add what came since the last measurement: a fact tells the seconds of its own order so far."""
        boil = _boil(entry, fact.name)
        credit_s, covered_s, counter_s = self._seen.get(fact.batch, _NOTHING)
        boil["credit_s"] = round(boil["credit_s"] + fact.credit_s - credit_s, 3)
        boil["covered_s"] = round(boil["covered_s"] + fact.covered_s - covered_s, 3)
        boil["counter_s"] = round(boil["counter_s"] + fact.counter_s - counter_s, 3)
        self._seen[fact.batch] = (fact.credit_s, fact.covered_s, fact.counter_s)

    def _hold_ended(self, entry: BatchEntry, fact: f.HoldEnded) -> None:
        for hold in entry["holds"]:
            if hold["reason"] == fact.reason and not hold["ended_at"]:
                hold |= {"ended_at": fact.at, "choice": fact.choice, "by": fact.by, "end_note": fact.note}
        if fact.choice in _SAID_BY_THE_HOLD:
            act = fact.choice.replace("_", "-")
            self._sign(act, fact.by, fact.at, f"{fact.reason}: {fact.note}", fact.batch)

    def _end(self, end: str, at: int) -> None:
        self.record["end"], self.record["ended_at"] = end, at

    def _sign(self, act: str, badge: str, at: int, note: str = "", batch: str = "") -> None:
        """Note a signature; what ended by itself has none."""
        if not badge:
            return
        name = self._people.get(badge, "")
        self.record["signatures"].append(
            {"act": act, "badge": badge, "name": name, "at": at, "note": note, "batch": batch}
        )


def _held(hold: Hold) -> dict[str, Any]:
    more = {"ended_at": 0, "choice": "", "by": "", "end_note": ""}
    return {
        "reason": hold.reason,
        "cause": hold.cause,
        "at": hold.at,
        "machine": hold.machine,
        "note": hold.note,
        **more,
    }


def _order_ended(entry: BatchEntry, fact: f.OrderFinished | f.OrderAttested | f.OrderDropped, outcome: str) -> None:
    """Close an order: by machine and number, for a batch that was moved has orders of one number on two machines."""
    for order in entry["orders"]:
        if (order["machine"], order["number"]) == (fact.machine, fact.number) and not order["ended_at"]:
            order |= {"outcome": outcome, "ended_at": fact.at}


def _boil(entry: BatchEntry, name: str) -> BoilEntry:
    return next(boil for boil in entry["boils"] if boil["name"] == name)
