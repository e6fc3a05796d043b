"""What a hospital posted, taken apart: medicine for the line, the person for `subjects`, and one form by which equal contents are equal.

`post(body, ...)` cleans every text, resolves names of herbs, and answers with every error at once; nothing of a person is in the
`Prescription` or in the body that is kept for comparison.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from controller.api.inert import clean
from controller.api.instants import from_text
from controller.api.kept import canonical, person_of, without_person
from controller.api.problems import Problematic
from controller.model.prescription import DeliveryMethod, Item, Override, Patient, Prescription
from controller.store import SubjectRow, subject_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.api.body import DeliveryBody, ItemBody, OverrideBody, PatientBody, PrescriptionBody
    from controller.model.formulary import Formulary
    from controller.wire import FieldError

_OLDEST_YEARS = 130
_GRAM_DECIMALS = 3
_BROUGHT = frozenset({DeliveryMethod.COURIER, DeliveryMethod.DRONE})


@dataclass(frozen=True, slots=True)
class Posted:
    """One version of a prescription. `digest`: sha256 of the canonical form; `kept`: that form without the person."""

    prescription: Prescription
    subject: SubjectRow
    digest: str
    form: Mapping[str, Any]
    kept: str


@dataclass(slots=True)
class _Desk:
    """Collects errors by place, and the originals of texts that had to be cleaned."""

    herbs: Formulary
    errors: list[FieldError] = field(default_factory=list["FieldError"])
    raw: dict[str, str] = field(default_factory=dict[str, str])

    def wrong(self, place: str, message: str) -> None:
        self.errors.append({"pointer": place, "message": message})

    def words(self, place: str, text: str, *, needed: bool = True) -> str:
        cleaned = clean(text)
        if cleaned != text:
            self.raw[place] = text
        if needed and not cleaned:
            self.wrong(place, "this text says nothing")
        return cleaned

    def herb(self, place: str, name: str) -> str:
        herb = self.herbs.herbs.get(name) or self.herbs.herbs.get(clean(name))
        if herb is None:
            self.wrong(place, f"the herb {clean(name)} is not in the formulary")
            return ""
        return herb.name

    def instant(self, place: str, text: str) -> int:
        at = from_text(text)
        if at is None:
            self.wrong(place, "not an instant of RFC 3339 with an offset")
            return 0
        return at

    def done(self) -> None:
        if self.errors:
            raise Problematic(422, "body-invalid", errors=self.errors)


def post(body: PrescriptionBody, formulary: Formulary) -> Posted:
    """Take a checked body apart. Raises Problematic 422 with every error."""
    desk = _Desk(formulary)
    issued_at = desk.instant("/issued_at", body["issued_at"])
    prescriber = body["prescriber"]
    form: dict[str, Any] = {
        "hospital": body["hospital"],
        "prescription_no": body["prescription_no"],
        "version": body["version"],
        "issued_at": issued_at,
        "patient": _patient(desk, body["patient"]),
        "prescriber": {
            "name": desk.words("/prescriber/name", prescriber["name"]),
            "department": desk.words("/prescriber/department", prescriber.get("department", ""), needed=False),
            "overrides": _overrides(desk, "/prescriber/overrides", prescriber.get("overrides", [])),
        },
        "diagnosis": desk.words("/diagnosis", body.get("diagnosis", ""), needed=False),
        "pattern": desk.words("/pattern", body.get("pattern", ""), needed=False),
        "doses": body["doses"],
        "servings_per_dose": body["servings_per_dose"],
        "serving_ml": body["serving_ml"],
        "route": body["route"],
        "urgency": body["urgency"],
        "preparation": body["preparation"],
        "class": body.get("recipe_class"),
        "items": [_item(desk, index, item) for index, item in enumerate(body["items"])],
        "delivery": _delivery(desk, body["delivery"]),
    }
    age = _age(desk, form["patient"]["birth_date"], body["issued_at"])
    desk.done()
    return _posted(form, age, desk.raw)


def overrides_from(rows: list[OverrideBody], formulary: Formulary) -> tuple[Override, ...]:
    """Read the overrides of an answer to a return. Raises Problematic 422 with every error."""
    desk = _Desk(formulary)
    forms = _overrides(desk, "/overrides", rows)
    desk.done()
    return tuple(_override(form) for form in forms)


def _patient(desk: _Desk, patient: PatientBody) -> dict[str, Any]:
    allergies = patient.get("allergies")
    return {
        "id": desk.words("/patient/id", patient["id"]),
        "name": desk.words("/patient/name", patient["name"]),
        "sex": patient["sex"],
        "birth_date": patient["birth_date"],
        "pregnant": patient.get("pregnant"),
        "lactating": patient.get("lactating"),
        "allergies": None
        if allergies is None
        else [desk.words(f"/patient/allergies/{index}", text) for index, text in enumerate(allergies)],
    }


def _overrides(desk: _Desk, place: str, rows: list[OverrideBody]) -> list[dict[str, Any]]:
    return [
        {
            "rule": row["rule"],
            "herbs": [desk.herb(f"{place}/{index}/herbs/{n}", herb) for n, herb in enumerate(row["herbs"])],
            "reason": desk.words(f"{place}/{index}/reason", row["reason"]),
            "signed_by": desk.words(f"{place}/{index}/signed_by", row["signed_by"]),
            "signed_at": desk.instant(f"{place}/{index}/signed_at", row["signed_at"]),
        }
        for index, row in enumerate(rows)
    ]


def _item(desk: _Desk, index: int, item: ItemBody) -> dict[str, Any]:
    grams = float(item["grams"])
    if round(grams, _GRAM_DECIMALS) != grams:
        desk.wrong(f"/items/{index}/grams", f"at most {_GRAM_DECIMALS} decimals")
    return {"herb": desk.herb(f"/items/{index}/herb", item["herb"]), "grams": grams, "handling": item["handling"]}


def _delivery(desk: _Desk, delivery: DeliveryBody) -> dict[str, Any]:
    needed = delivery["method"] in _BROUGHT
    form: dict[str, Any] = {"method": delivery["method"]}
    for key in ("recipient", "phone", "address"):
        form[key] = desk.words(f"/delivery/{key}", delivery.get(key, ""), needed=needed)
    return form


def _age(desk: _Desk, birth_date: str, issued: str) -> int:
    """Return whole years at the day of issue where the hospital stands."""
    try:
        born, day = date.fromisoformat(birth_date), date.fromisoformat(issued[:10])
    except ValueError:
        desk.wrong("/patient/birth_date", "not a day of the calendar")
        return 0
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    if not 0 <= age <= _OLDEST_YEARS:
        desk.wrong("/patient/birth_date", "not the birth date of a patient at the day of issue")
    return age


def _posted(form: dict[str, Any], age: int, raw: dict[str, str]) -> Posted:
    person = person_of(form)
    if raw:
        person["raw"] = raw
    data, salt, subject = canonical(person), secrets.token_hex(16), secrets.token_hex(16)
    return Posted(
        prescription=_prescription(form, age, subject, subject_digest(salt, data)),
        subject=SubjectRow(subject, salt, data),
        digest=hashlib.sha256(canonical(form).encode()).hexdigest(),
        form=form,
        kept=canonical(without_person(form, subject)),
    )


def _prescription(form: dict[str, Any], age: int, subject: str, digest: str) -> Prescription:
    patient = form["patient"]
    return Prescription(
        hospital=form["hospital"],
        prescription_no=form["prescription_no"],
        version=form["version"],
        issued_at=form["issued_at"],
        patient=Patient(
            subject=subject,
            digest=digest,
            sex=patient["sex"],
            age_years=age,
            pregnant=patient["pregnant"],
            lactating=patient["lactating"],
            allergies=None if patient["allergies"] is None else tuple(patient["allergies"]),
        ),
        prescriber=form["prescriber"]["name"],
        overrides=tuple(_override(row) for row in form["prescriber"]["overrides"]),
        doses=form["doses"],
        servings_per_dose=form["servings_per_dose"],
        serving_ml=form["serving_ml"],
        route=form["route"],
        urgency=form["urgency"],
        preparation=form["preparation"],
        recipe_class=form["class"],
        items=tuple(Item(item["herb"], item["grams"], item["handling"]) for item in form["items"]),
        delivery=form["delivery"]["method"],
    )


def _override(form: Mapping[str, Any]) -> Override:
    herbs = tuple(form["herbs"])
    return Override(form["rule"], herbs, form["reason"], form["signed_by"], form["signed_at"])
