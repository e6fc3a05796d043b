"""Intents: what people, hospitals, couriers, the clock and the machines say. Imperative; each may be refused.

`actor` is a badge, `station` the id of a configured station (empty for a hospital or a machine).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.alarm import Ailment
from controller.model.people import Person
from controller.model.prescription import Handling, Override, Prescription, RecipeClass
from controller.model.stock import Lot, Zone
from devices.model import LinkState, Mode, OrderStatus, Receipt, RefusedReason, State, Step

# --- hospitals ---


@dataclass(frozen=True, slots=True)
class ReceivePrescription:
    """A hospital sends a prescription or a newer version. `digest`: sha256 of the canonical body."""

    prescription: Prescription
    digest: str


@dataclass(frozen=True, slots=True)
class AnswerReturn:
    """The prescriber answers a return: signs again, or withdraws."""

    case: str
    version: int
    overrides: tuple[Override, ...] = ()
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class CancelPrescription:
    """The hospital no longer wants it."""

    case: str
    reason: str


# --- people ---


@dataclass(frozen=True, slots=True)
class SignReview:
    """A pharmacist decides: `approve`, `return` or `reject`. `handlings`: item herb -> confirmed handling."""

    case: str
    actor: str
    station: str
    decision: str
    recipe_class: RecipeClass | None = None
    handlings: Mapping[str, Handling] = field(default_factory=dict[str, "Handling"])
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScanCode:
    """Any code at any station; `into` is the target of a bind."""

    code: str
    into: str
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class RecordWeight:
    """One weighing of one herb in grams; `source`: `keyed` or `scale`."""

    batch: str
    herb: str
    grams: float
    actor: str
    station: str
    source: str = "keyed"


@dataclass(frozen=True, slots=True)
class SignVerify:
    """A second person has checked the pail against the prescription."""

    batch: str
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class AttestSeparate:
    """A part was made apart: its packet was scanned and the person states the minutes."""

    batch: str
    herb: str
    code: str
    minutes: int
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class SignRelease:
    """A pharmacist releases a batch."""

    batch: str
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class AcceptDeviation:
    """A person takes a deviation on: of a batch (`reason` names the hold) or of a lot after an excursion."""

    target: str
    reason: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class Continue:
    """A person ends a hold where nothing is missing."""

    batch: str
    reason: str
    actor: str
    station: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """A person has looked: the machine did not act on the order whose outcome nobody knew; it is asked again."""

    batch: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class Skip:
    """A person has a step left out that the medicine can do without."""

    batch: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class AssumeOk:
    """A person has looked: the machine did what the order asked for, though it cannot say so."""

    batch: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class RunDeficit:
    """A person orders the missing minutes."""

    batch: str
    actor: str
    station: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Migrate:
    """A person has a batch carried from its pot to another, which boils what is missing."""

    batch: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class Scrap:
    """A person destroys a batch; it is made again."""

    batch: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class ApproveRecipe:
    """A pharmacist approves the recipe table in force. `digest`: of the content that was looked at."""

    digest: str
    actor: str
    station: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmDelivery:
    """A courier says how a parcel ended: `delivered`, `refused` or `returned`."""

    parcel: str
    outcome: str
    actor: str
    station: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class AcknowledgeAlarm:
    """A person has seen an alarm."""

    alarm: str
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class ShelveAlarm:
    """A person puts an alarm aside for some plant minutes."""

    alarm: str
    minutes: int
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class UnshelveAlarm:
    """A person takes an alarm from the shelf."""

    alarm: str
    actor: str
    station: str


@dataclass(frozen=True, slots=True)
class TakeOutOfService:
    """A person takes a machine, or an alarm, out of service. `target`: its id; that of an alarm has a colon."""

    target: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class ReturnToService:
    """A person puts a machine, or an alarm, back into service."""

    target: str
    actor: str
    station: str
    note: str


@dataclass(frozen=True, slots=True)
class EnrolPerson:
    """An administrator enters or changes a person."""

    person: Person


@dataclass(frozen=True, slots=True)
class EnrolRecipe:
    """The recipe table was read at start. `simulated`: so are all machines of the site; its first table needs no signature."""

    simulated: bool


@dataclass(frozen=True, slots=True)
class EnrolStock:
    """The stock file as read at start: lots and zones that are new or changed; `machines`: (id, kind) of the site."""

    lots: tuple[Lot, ...]
    zones: tuple[Zone, ...]
    machines: tuple[tuple[str, str], ...]


# --- machines ---


@dataclass(frozen=True, slots=True)
class BoilTruth:
    """What watching a decoct order gave so far, in plant seconds at the boil.

    `measured_at`: source time of the last valid sample, ms.
    """

    credit_s: float
    covered_s: float
    counter_s: float
    measured_at: int


@dataclass(frozen=True, slots=True)
class ReportMachine:
    """A machine was read and something that matters has changed. `readings`: last good values by tag."""

    machine: str
    at: int
    state: State
    step: Step
    mode: Mode
    boot: int
    fault: int
    epoch: int
    order: int
    order_status: OrderStatus
    order_value: int
    refused_order: int
    refused_reason: RefusedReason
    batch: str
    boil_began_at: int
    boil: BoilTruth | None = None
    readings: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class ReportLink:
    """The road to a machine was lost or is back."""

    machine: str
    link: LinkState


@dataclass(frozen=True, slots=True)
class ReportPeer:
    """Whoever answers for a machine is not the one we trust, `why`; or with an empty `why` has proved that it is."""

    machine: str
    why: str


@dataclass(frozen=True, slots=True)
class ReportSelf:
    """The process that runs the line ails, `detail`; or with an empty `detail` does no more. `source`: which part of it."""

    ailment: Ailment
    detail: str
    source: str = "line"


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What became of an order on its way to the machine."""

    machine: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class ReportZone:
    """A storage sensor's good reading; submitted when inside/outside changes and at least every few minutes."""

    zone: str
    celsius: float
    humidity: float


# --- the clock ---


@dataclass(frozen=True, slots=True)
class Tick:
    """Deadlines up to `world.now` have come."""


# --- inner: only `react` makes these, and they are never refused ---


@dataclass(frozen=True, slots=True)
class Advance:
    """Do the next automatic thing for a batch."""

    batch: str


@dataclass(frozen=True, slots=True)
class FillSoaks:
    """Give free soaking positions to batches that wait."""


@dataclass(frozen=True, slots=True)
class Rehouse:
    """Take a batch's reservation from a pot that cannot be used."""

    batch: str


@dataclass(frozen=True, slots=True)
class CleanMachine:
    """Rinse or flush a machine that a batch has left."""

    machine: str


@dataclass(frozen=True, slots=True)
class Hush:
    """Suppress the alarms of a machine that its state makes needless, and let those speak again that it does not."""

    machine: str


ExternalIntent = (
    ReceivePrescription
    | AnswerReturn
    | CancelPrescription
    | SignReview
    | ScanCode
    | RecordWeight
    | SignVerify
    | AttestSeparate
    | SignRelease
    | AcceptDeviation
    | Continue
    | Retry
    | Skip
    | AssumeOk
    | RunDeficit
    | Migrate
    | Scrap
    | ApproveRecipe
    | ConfirmDelivery
    | AcknowledgeAlarm
    | ShelveAlarm
    | UnshelveAlarm
    | TakeOutOfService
    | ReturnToService
    | EnrolPerson
    | EnrolRecipe
    | EnrolStock
    | ReportMachine
    | ReportLink
    | ReportPeer
    | ReportSelf
    | ReportOrder
    | ReportZone
    | Tick
)
InnerIntent = Advance | FillSoaks | Rehouse | CleanMachine | Hush
Intent = ExternalIntent | InnerIntent
