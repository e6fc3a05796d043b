"""The prescription as hospitals send it (contract, section 4), as a schema: what is not here is an error.

`POSTED` checks types, words and ranges; what needs the formulary, the calendar or two fields together is in `posted`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, Strict, TypeAdapter, with_config
from typing_extensions import NotRequired, TypedDict

from controller.model.prescription import (
    DeliveryMethod,
    Handling,
    Preparation,
    RecipeClass,
    Route,
    Sex,
    Urgency,
)

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Line = Annotated[str, Field(max_length=300)]
Words = Annotated[str, Field(min_length=1, max_length=500)]
Moment = Annotated[str, Field(min_length=20, max_length=35, json_schema_extra={"format": "date-time"})]
Version = Annotated[int, Field(ge=1, le=1_000_000)]

# A word of ours comes as text, which strict mode would not take for an enumeration.
_Handling = Annotated[Handling, Strict(strict=False)]
_Sex = Annotated[Sex, Strict(strict=False)]
_Route = Annotated[Route, Strict(strict=False)]
_Urgency = Annotated[Urgency, Strict(strict=False)]
_Preparation = Annotated[Preparation, Strict(strict=False)]
_Class = Annotated[RecipeClass, Strict(strict=False)]
_Method = Annotated[DeliveryMethod, Strict(strict=False)]


@with_config(STRICT)
class OverrideBody(TypedDict):
    """The prescriber signs again for one finding."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    herbs: Annotated[list[Name], Field(max_length=60)]
    reason: Words
    signed_by: Name
    signed_at: Moment


@with_config(STRICT)
class PatientBody(TypedDict):
    """Who it is for. Null or absent is unknown."""

    id: Name
    name: Name
    sex: _Sex
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"})]
    pregnant: NotRequired[bool | None]
    lactating: NotRequired[bool | None]
    allergies: NotRequired[Annotated[list[Name], Field(max_length=60)] | None]


@with_config(STRICT)
class PrescriberBody(TypedDict):
    """Who prescribed it, and what was signed twice."""

    name: Name
    department: NotRequired[Line]
    overrides: NotRequired[Annotated[list[OverrideBody], Field(max_length=60)]]


@with_config(STRICT)
class ItemBody(TypedDict):
    """One herb, grams per dose."""

    herb: Name
    grams: Annotated[float, Field(gt=0, le=1000)]
    handling: _Handling


@with_config(STRICT)
class DeliveryBody(TypedDict):
    """How and where the parcel goes; a courier or a drone needs to know where."""

    method: _Method
    recipient: NotRequired[Line]
    phone: NotRequired[Line]
    address: NotRequired[Line]


@with_config(STRICT)
class PrescriptionBody(TypedDict):
    """One version of one prescription."""

    hospital: Code
    prescription_no: Code
    version: Version
    issued_at: Moment
    patient: PatientBody
    prescriber: PrescriberBody
    diagnosis: NotRequired[Annotated[str, Field(max_length=500)]]
    pattern: NotRequired[Annotated[str, Field(max_length=500)]]
    doses: Annotated[int, Field(ge=1, le=30)]
    servings_per_dose: Annotated[int, Field(ge=1, le=6)]
    serving_ml: Annotated[int, Field(ge=30, le=500)]
    route: _Route
    urgency: _Urgency
    preparation: _Preparation
    recipe_class: NotRequired[Annotated[_Class | None, Field(alias="class")]]
    items: Annotated[list[ItemBody], Field(min_length=1, max_length=60)]
    delivery: DeliveryBody


POSTED = TypeAdapter(PrescriptionBody)
