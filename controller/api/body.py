"""The prescription as hospitals send it (contract, section 4), as a schema: what is not here is an error.

Checking also cleans every text, reads instants and resolves the names of herbs, so that all errors of a body are found in one
pass. The context of the check is a `Reading`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NotRequired, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    WithJsonSchema,
    with_config,
)
from pydantic import ValidationInfo as Info
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from controller.api.instants import from_text
from controller.model.formulary import Formulary
from controller.model.prescription import (
    DeliveryMethod,
    Handling,
    Preparation,
    RecipeClass,
    Route,
    Sex,
    Urgency,
)
from controller.texts.inert import clean

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_GRAM_DECIMALS = 3


@dataclass(slots=True)
class Reading:
    """What a check looks at besides the body; `changed`: whether any text is not as it was sent."""

    formulary: Formulary
    changed: bool = False


def _words(text: str, info: Info) -> str:
    cleaned = clean(text)
    if cleaned != text:
        cast("Reading", info.context).changed = True
    return cleaned


def _needed(text: str) -> str:
    if not text:
        raise PydanticCustomError("empty", "this text says nothing")
    return text


def _herb(text: str, info: Info) -> str:
    reading = cast("Reading", info.context)
    herbs = reading.formulary.herbs
    herb = herbs.get(text) or herbs.get(clean(text))
    if herb is None:
        raise PydanticCustomError("herb", "the herb {herb} is not in the formulary", {"herb": clean(text)})
    if herb.name != text:
        reading.changed = True
    return herb.name


def _grams(grams: float) -> float:
    if round(grams, _GRAM_DECIMALS) != grams:
        raise PydanticCustomError("decimals", "at most three decimals")
    return float(grams)


def _instant(value: Any) -> int:
    at = from_text(value) if isinstance(value, str) else None
    if at is None:
        raise PydanticCustomError("instant", "not an instant of RFC 3339 with an offset")
    return at


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("day", "not a day of the calendar") from error
    return text


Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_words), AfterValidator(_needed)]
Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_words), AfterValidator(_needed)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_words)]
Herb = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_herb)]
Grams = Annotated[float, Field(gt=0, le=1000), AfterValidator(_grams)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
Moment = Annotated[int, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
_Word = Strict(strict=False)  # a word of ours comes as text, which strict mode would not take for an enumeration


@with_config(STRICT)
class OverrideBody(TypedDict):
    """The prescriber signs again for one finding."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    herbs: Annotated[list[Herb], Field(max_length=60)]
    reason: Words
    signed_by: Name
    signed_at: Moment


@with_config(STRICT)
class PatientBody(TypedDict):
    """Who it is for. Null or absent is unknown."""

    id: Name
    name: Name
    sex: Annotated[Sex, _Word]
    birth_date: Day
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

    herb: Herb
    grams: Grams
    handling: Annotated[Handling, _Word]


@with_config(STRICT)
class DeliveryBody(TypedDict):
    """How and where the parcel goes; a courier or a drone needs to know where."""

    method: Annotated[DeliveryMethod, _Word]
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
    diagnosis: NotRequired[Line]
    pattern: NotRequired[Line]
    doses: Annotated[int, Field(ge=1, le=30)]
    servings_per_dose: Annotated[int, Field(ge=1, le=6)]
    serving_ml: Annotated[int, Field(ge=30, le=500)]
    route: Annotated[Route, _Word]
    urgency: Annotated[Urgency, _Word]
    preparation: Annotated[Preparation, _Word]
    recipe_class: NotRequired[Annotated[Annotated[RecipeClass, _Word] | None, Field(alias="class")]]
    items: Annotated[list[ItemBody], Field(min_length=1, max_length=60)]
    delivery: DeliveryBody


POSTED = TypeAdapter(PrescriptionBody)
