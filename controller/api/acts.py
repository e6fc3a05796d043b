"""People act: an intent is named by its type, carries its actor, and stands at the station of the key.

What needs a signature carries the badge's PIN as well. Whether the person may do it, and may do it now, the line says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, cast

from fastapi import APIRouter, Request, Response
from pydantic import Field, Strict, TypeAdapter, with_config
from typing_extensions import TypedDict

from controller.api.body import STRICT
from controller.api.desk import Call, Here, answer_json
from controller.api.openapi import described
from controller.api.problems import Problematic
from controller.api.straight import Straight
from controller.api.strict import check, read_json
from controller.api.views import fact_view
from controller.model import intents
from controller.model.prescription import Handling, RecipeClass
from controller.store import StoredFact
from controller.texts.inert import clean
from controller.wire import IntentAnswer

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=Straight)

HerbName = Annotated[str, Field(min_length=1, max_length=64)]
Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Alarm = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
Reason = Annotated[str, Field(max_length=100)]
Note = Annotated[str, Field(max_length=500)]
Pin = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
_Word = Strict(strict=False)


@with_config(STRICT)
class SignReviewBody(TypedDict):
    """A pharmacist decides on a prescription in review."""

    type: Literal["SignReview"]
    actor: Ref
    pin: Pin
    case: Ref
    decision: Literal["approve", "return", "reject"]
    recipe_class: NotRequired[Annotated[RecipeClass, _Word] | None]
    handlings: NotRequired[Annotated[dict[HerbName, Annotated[Handling, _Word]], Field(max_length=60)]]
    reason: NotRequired[Note]


@with_config(STRICT)
class RecordWeightBody(TypedDict):
    """One weighing of one herb, in grams."""

    type: Literal["RecordWeight"]
    actor: Ref
    batch: Ref
    herb: HerbName
    grams: Annotated[float, Field(gt=0, le=100_000)]
    source: NotRequired[Literal["keyed"]]


@with_config(STRICT)
class SignVerifyBody(TypedDict):
    """A second person has checked a pail."""

    type: Literal["SignVerify"]
    actor: Ref
    pin: Pin
    batch: Ref


@with_config(STRICT)
class AttestSeparateBody(TypedDict):
    """A part was made apart."""

    type: Literal["AttestSeparate"]
    actor: Ref
    batch: Ref
    herb: HerbName
    code: Ref
    minutes: Annotated[int, Field(ge=0, le=1440)]


@with_config(STRICT)
class SignReleaseBody(TypedDict):
    """A pharmacist releases a batch."""

    type: Literal["SignRelease"]
    actor: Ref
    pin: Pin
    batch: Ref


@with_config(STRICT)
class AcceptDeviationBody(TypedDict):
    """A person takes on a deviation of a batch, or the excursion of a zone."""

    type: Literal["AcceptDeviation"]
    actor: Ref
    pin: Pin
    target: Ref
    reason: NotRequired[Reason]
    note: Note


@with_config(STRICT)
class ContinueBody(TypedDict):
    """A person ends a hold where nothing is missing."""

    type: Literal["Continue"]
    actor: Ref
    pin: Pin
    batch: Ref
    reason: NotRequired[Reason]
    note: NotRequired[Note]


@with_config(STRICT)
class RetryBody(TypedDict):
    """A person who looked has an order sent again that did not act."""

    type: Literal["Retry"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: Note


@with_config(STRICT)
class SkipBody(TypedDict):
    """A person has a step left out that the medicine can do without."""

    type: Literal["Skip"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: Note


@with_config(STRICT)
class AssumeOkBody(TypedDict):
    """A person who looked says that an order was done."""

    type: Literal["AssumeOk"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: Note


@with_config(STRICT)
class RunDeficitBody(TypedDict):
    """A person orders the missing minutes."""

    type: Literal["RunDeficit"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: NotRequired[Note]


@with_config(STRICT)
class MigrateBody(TypedDict):
    """A person has a batch carried to another pot."""

    type: Literal["Migrate"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: Note


@with_config(STRICT)
class ScrapBody(TypedDict):
    """A person destroys a batch."""

    type: Literal["Scrap"]
    actor: Ref
    pin: Pin
    batch: Ref
    note: Note


@with_config(STRICT)
class ApproveRecipeBody(TypedDict):
    """A pharmacist approves the recipe table in force."""

    type: Literal["ApproveRecipe"]
    actor: Ref
    pin: Pin
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    note: NotRequired[Note]


@with_config(STRICT)
class ConfirmDeliveryBody(TypedDict):
    """A courier says how a parcel ended."""

    type: Literal["ConfirmDelivery"]
    actor: Ref
    parcel: Ref
    outcome: Literal["delivered", "refused", "returned"]
    note: NotRequired[Note]


@with_config(STRICT)
class ShelveAlarmBody(TypedDict):
    """A person puts an alarm aside for some minutes of plant time."""

    type: Literal["ShelveAlarm"]
    actor: Ref
    pin: Pin
    alarm: Alarm
    minutes: Annotated[int, Field(ge=1, le=10_000)]
    note: Note


@with_config(STRICT)
class UnshelveAlarmBody(TypedDict):
    """A person takes an alarm from the shelf before its time."""

    type: Literal["UnshelveAlarm"]
    actor: Ref
    pin: Pin
    alarm: Alarm


@with_config(STRICT)
class TakeOutOfServiceBody(TypedDict):
    """A person takes a machine, or an alarm, out of service."""

    type: Literal["TakeOutOfService"]
    actor: Ref
    pin: Pin
    target: Alarm
    note: Note


@with_config(STRICT)
class ReturnToServiceBody(TypedDict):
    """A person puts a machine, or an alarm, back into service."""

    type: Literal["ReturnToService"]
    actor: Ref
    pin: Pin
    target: Alarm
    note: Note


_TEXTS = frozenset({"reason", "note"})


@dataclass(frozen=True, slots=True)
class _Act:
    """One type of intent: the shape of its body, and the intent it makes."""

    shape: TypeAdapter[Any]
    intent: Callable[..., intents.ExternalIntent]
    absent: Mapping[str, str]


def _act(body: Any, intent: Callable[..., intents.ExternalIntent], **absent: str) -> _Act:
    return _Act(TypeAdapter(body), intent, absent)


ACTS: Mapping[str, _Act] = {
    "SignReview": _act(SignReviewBody, intents.SignReview),
    "RecordWeight": _act(RecordWeightBody, intents.RecordWeight),
    "SignVerify": _act(SignVerifyBody, intents.SignVerify),
    "AttestSeparate": _act(AttestSeparateBody, intents.AttestSeparate),
    "SignRelease": _act(SignReleaseBody, intents.SignRelease),
    "AcceptDeviation": _act(AcceptDeviationBody, intents.AcceptDeviation, reason=""),
    "Continue": _act(ContinueBody, intents.Continue, reason=""),
    "Retry": _act(RetryBody, intents.Retry),
    "Skip": _act(SkipBody, intents.Skip),
    "AssumeOk": _act(AssumeOkBody, intents.AssumeOk),
    "RunDeficit": _act(RunDeficitBody, intents.RunDeficit),
    "Migrate": _act(MigrateBody, intents.Migrate),
    "Scrap": _act(ScrapBody, intents.Scrap),
    "ApproveRecipe": _act(ApproveRecipeBody, intents.ApproveRecipe),
    "ConfirmDelivery": _act(ConfirmDeliveryBody, intents.ConfirmDelivery),
    "ShelveAlarm": _act(ShelveAlarmBody, intents.ShelveAlarm),
    "UnshelveAlarm": _act(UnshelveAlarmBody, intents.UnshelveAlarm),
    "TakeOutOfService": _act(TakeOutOfServiceBody, intents.TakeOutOfService),
    "ReturnToService": _act(ReturnToServiceBody, intents.ReturnToService),
}
_ANY = Annotated[
    SignReviewBody
    | RecordWeightBody
    | SignVerifyBody
    | AttestSeparateBody
    | SignReleaseBody
    | AcceptDeviationBody
    | ContinueBody
    | RetryBody
    | SkipBody
    | AssumeOkBody
    | RunDeficitBody
    | MigrateBody
    | ScrapBody
    | ApproveRecipeBody
    | ConfirmDeliveryBody
    | ShelveAlarmBody
    | UnshelveAlarmBody
    | TakeOutOfServiceBody
    | ReturnToServiceBody,
    Field(discriminator="type"),
]


@router.post("/intents", **described(_ANY, {200: IntentAnswer}))
async def act(request: Request, here: Here) -> Response:
    """Do what a person asks for, or say why not."""
    body = await read_json(request)
    kind = cast("dict[str, object]", body).get("type") if isinstance(body, dict) else None
    wanted = ACTS.get(str(kind))
    if wanted is None:
        message = f"one of {', '.join(ACTS)} is needed"
        raise Problematic(422, "body-invalid", errors=[{"pointer": "/type", "message": message}])
    fields: dict[str, Any] = {**wanted.absent, **check(body, wanted.shape)}
    del fields["type"]
    pin: str | None = fields.pop("pin", None)
    if pin is not None:
        await here.desk.pins.check(fields["actor"], pin)
    for name in _TEXTS & fields.keys():
        fields[name] = clean(fields[name])
    answer = await here.desk.accepted(wanted.intent(**fields, station=here.caller.scope))
    return answer_json(told(here, str(kind), answer.facts))


def told(here: Call, action: str, facts: Sequence[StoredFact]) -> IntentAnswer:
    """Say what an act did; its first fact that is not a checkpoint gives the text."""
    main = next((fact for fact in facts if fact.kind != "CheckpointRecorded"), None)
    body = fact_view(main)["body"] if main else {}
    text = here.context.texts.say("done", main.kind if main else "nothing", body)
    return {
        "action": action,
        "facts": [fact_view(fact) for fact in facts if here.caller.sees_fact(fact.kind)],
        "text_zh": text.zh,
        "text_en": text.en,
    }
