"""What a hospital posted, taken apart: medicine for the line, the person for `subjects`, one form that equal contents share.

`post(raw, formulary)` answers with every error at once. Nothing of a person is in the `Prescription` or in the body that is kept
for comparison.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from controller.api.body import POSTED, Reading
from controller.api.kept import canonical, changed_texts, kept_text, person_of, without_person
from controller.api.problems import Problematic
from controller.api.strict import check
from controller.model.prescription import DeliveryMethod, Item, Override, Patient, Prescription
from controller.store import SubjectRow, subject_digest
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controller.api.body import OverrideBody, PrescriptionBody
    from controller.model.formulary import Formulary
    from controller.wire import FieldError

_OLDEST_YEARS = 130
_BROUGHT = frozenset({DeliveryMethod.COURIER, DeliveryMethod.DRONE})


@dataclass(frozen=True, slots=True)
class Posted:
    """One version of a prescription. `digest`: sha256 of its canonical content; `kept`: that without the person."""

    prescription: Prescription
    subject: SubjectRow
    digest: str
    form: Mapping[str, Any]
    kept: str


def post(raw: Any, formulary: Formulary) -> Posted:
    """Check a parsed body and take it apart. Raises Problematic 422 with every error."""
    reading = Reading(formulary)
    across = list(_across(raw))
    try:
        body = check(raw, POSTED, reading)
    except Problematic as problem:
        problem.errors += across
        raise
    if across:
        raise Problematic(422, "body-invalid", errors=across)
    form = _form(body)
    person = person_of(form)
    body_text, person_text = canonical(without_person(form)), canonical(person)
    data = canonical({**person, "raw": changed_texts(raw, form)}) if reading.changed else person_text
    random = secrets.token_hex(32)  # at once, since each look at the system's randomness lets another thread go first
    salt, subject = random[:32], random[32:]
    years = _years(body["patient"]["birth_date"], raw["issued_at"])
    return Posted(
        prescription=_prescription(body, years, subject, subject_digest(salt, data)),
        subject=SubjectRow(subject, salt, data),
        digest=hashlib.sha256(f"{body_text}\n{person_text}".encode()).hexdigest(),
        form=form,
        kept=kept_text(body_text, subject),
    )


def overrides_from(rows: Sequence[OverrideBody]) -> tuple[Override, ...]:
    """Return checked overrides as the line knows them."""
    return tuple(
        Override(row["rule"], tuple(row["herbs"]), row["reason"], row["signed_by"], row["signed_at"]) for row in rows
    )


def _across(raw: Any) -> Iterator[FieldError]:
    """Find what is wrong between fields, whatever else is; what is no text at all is left to the schema."""
    match raw:
        case {"patient": {"birth_date": str(birth_date)}, "issued_at": str(issued_at)}:
            if not 0 <= _years(birth_date, issued_at) <= _OLDEST_YEARS:
                yield {
                    "pointer": "/patient/birth_date",
                    "message": "not the birth date of a patient at the day of issue",
                }
        case _:
            pass
    match raw:
        case {"delivery": {"method": str(method), **where}} if method in _BROUGHT:
            for key in ("recipient", "phone", "address"):
                text = where.get(key, "")
                if isinstance(text, str) and not clean(text):
                    yield {"pointer": f"/delivery/{key}", "message": "whoever brings it needs this"}
        case _:
            pass


def _years(birth_date: str, issued_at: str) -> int:
    """Return whole years at the day of issue where the hospital stands, 0 where one of them is no date."""
    try:
        born, day = date.fromisoformat(birth_date), date.fromisoformat(issued_at[:10])
    except ValueError:
        return 0
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _form(body: PrescriptionBody) -> dict[str, Any]:
    """Return the body with everything that may be left out, under the contract's names."""
    patient, prescriber, delivery = body["patient"], body["prescriber"], body["delivery"]
    form = cast("dict[str, Any]", {"diagnosis": "", "pattern": "", "recipe_class": None, **body})
    form["class"] = form.pop("recipe_class")
    form["patient"] = {"pregnant": None, "lactating": None, "allergies": None, **patient}
    form["prescriber"] = {"department": "", "overrides": [], **prescriber}
    form["delivery"] = {"recipient": "", "phone": "", "address": "", **delivery}
    return form


def _prescription(body: PrescriptionBody, years: int, subject: str, digest: str) -> Prescription:
    patient = body["patient"]
    allergies = patient.get("allergies")
    return Prescription(
        hospital=body["hospital"],
        prescription_no=body["prescription_no"],
        version=body["version"],
        issued_at=body["issued_at"],
        patient=Patient(
            subject=subject,
            digest=digest,
            sex=patient["sex"],
            age_years=years,
            pregnant=patient.get("pregnant"),
            lactating=patient.get("lactating"),
            allergies=None if allergies is None else tuple(allergies),
        ),
        prescriber=body["prescriber"]["name"],
        overrides=overrides_from(body["prescriber"].get("overrides", [])),
        doses=body["doses"],
        servings_per_dose=body["servings_per_dose"],
        serving_ml=body["serving_ml"],
        route=body["route"],
        urgency=body["urgency"],
        preparation=body["preparation"],
        recipe_class=body.get("recipe_class"),
        items=tuple(Item(item["herb"], item["grams"], item["handling"]) for item in body["items"]),
        delivery=body["delivery"]["method"],
    )
