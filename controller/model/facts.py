"""Facts: what has happened, for ever. Made only by `pipeline.decide`; folded only by `pipeline.evolve`.

`at`: ms plant time. `about`: the aggregate whose timeline a fact belongs to: its case where it has one.
A fact is never changed: a new field needs a default and a golden sample of the old form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, get_args

from controller.model.alarm import Priority
from controller.model.batch import Attestation, Deviation, Hold
from controller.model.checkpoint import Checkpoint
from controller.model.finding import Finding
from controller.model.people import Person
from controller.model.plan import Plan
from controller.model.prescription import Prescription
from controller.model.stock import Lot, Zone
from devices.model import LinkState, Mode, Order, OrderStatus, State


class _HasCase(Protocol):
    @property
    def case(self) -> str: ...


class _HasMachine(Protocol):
    @property
    def machine(self) -> str: ...


class _HasZone(Protocol):
    @property
    def zone(self) -> str: ...


class _HasAlarm(Protocol):
    @property
    def alarm(self) -> str: ...


class OfCase:
    """A fact in the timeline of its prescription."""

    __slots__ = ()

    @property
    def about(self: _HasCase) -> str:
        """Whose timeline this belongs to."""
        return self.case


class OfMachine:
    """A fact in the timeline of its machine."""

    __slots__ = ()

    @property
    def about(self: _HasMachine) -> str:
        """Whose timeline this belongs to."""
        return self.machine


class OfZone:
    """A fact in the timeline of its zone."""

    __slots__ = ()

    @property
    def about(self: _HasZone) -> str:
        """Whose timeline this belongs to."""
        return self.zone


class OfAlarm:
    """A fact in the timeline of its alarm."""

    __slots__ = ()

    @property
    def about(self: _HasAlarm) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


# --- hospitals and review ---


@dataclass(frozen=True, slots=True)
class PrescriptionReceived(OfCase):
    """A prescription was accepted."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PrescriptionAmended(OfCase):
    """A newer version replaced one of which nothing had been weighed."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class AmendmentHeld(OfCase):
    """A newer version came after weighing; a pharmacist decides."""

    at: int
    case: str
    batch: str
    prescription: Prescription
    digest: str


@dataclass(frozen=True, slots=True)
class PrescriptionReturned(OfCase):
    """Review sent it back to the prescriber."""

    at: int
    case: str
    findings: tuple[Finding, ...]
    by: str


@dataclass(frozen=True, slots=True)
class ReturnAnswered(OfCase):
    """The prescriber signed again."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ReviewSigned(OfCase):
    """A pharmacist approved; `prescription` has the settled class and handlings."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]
    by: str


@dataclass(frozen=True, slots=True)
class PrescriptionRejected(OfCase):
    """It ended without being made."""

    at: int
    case: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class PrescriptionCancelled(OfCase):
    """The hospital cancelled in time."""

    at: int
    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class PromiseMissed(OfCase):
    """The promised time passed."""

    at: int
    case: str


# --- dispensing and verification ---


@dataclass(frozen=True, slots=True)
class BatchOpened(OfCase):
    """A batch was planned. `packets`: (name, code) of what is weighed apart."""

    at: int
    case: str
    batch: str
    attempt: int
    plan: Plan
    packets: tuple[tuple[str, str], ...]
    replaces: str
    promised_at: int
    promise_at_risk: bool
    rank: int


@dataclass(frozen=True, slots=True)
class PailBound(OfCase):
    """A pail was given to the batch."""

    at: int
    case: str
    batch: str
    pail: str
    by: str


@dataclass(frozen=True, slots=True)
class DrawerScanned(OfCase):
    """A herb was taken from a drawer of a lot. `item`: index into the plan."""

    at: int
    case: str
    batch: str
    item: int
    lot: str
    drawer: str
    by: str


@dataclass(frozen=True, slots=True)
class HerbWeighed(OfCase):
    """One weighing within tolerance, grams."""

    at: int
    case: str
    batch: str
    item: int
    grams: float
    done: bool
    by: str
    source: str


@dataclass(frozen=True, slots=True)
class CheckpointRecorded(OfCase):
    """A checkpoint of one of the five gates."""

    at: int
    case: str
    batch: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class DispensingFinished(OfCase):
    """Every herb has been weighed."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class BatchVerified(OfCase):
    """A second person checked it."""

    at: int
    case: str
    batch: str
    by: str


# --- soaking ---


@dataclass(frozen=True, slots=True)
class SoakAssigned(OfCase):
    """A soaking position and a pot were reserved."""

    at: int
    case: str
    batch: str
    machine: str
    pot: str
    pot_free_at: int


@dataclass(frozen=True, slots=True)
class PotReserved(OfCase):
    """Another pot was reserved."""

    at: int
    case: str
    batch: str
    pot: str
    pot_free_at: int


@dataclass(frozen=True, slots=True)
class SoakPositionLost(OfCase):
    """The soaking position cannot be used before the pail was placed; the batch waits for another."""

    at: int
    case: str
    batch: str
    machine: str


@dataclass(frozen=True, slots=True)
class PotLost(OfCase):
    """The reserved pot cannot be used; another must be found."""

    at: int
    case: str
    batch: str
    pot: str


@dataclass(frozen=True, slots=True)
class PailPlaced(OfCase):
    """The pail stands in its soaking position."""

    at: int
    case: str
    batch: str
    machine: str
    by: str


@dataclass(frozen=True, slots=True)
class SoakBegan(OfCase):
    """Water was asked for: from here a cancellation comes too late."""

    at: int
    case: str
    batch: str
    soak_max_at: int


@dataclass(frozen=True, slots=True)
class SoakEnded(OfCase):
    """The least soaking time is over."""

    at: int
    case: str
    batch: str


# --- orders ---


@dataclass(frozen=True, slots=True)
class OrderIssued(OfCase):
    """An order was decided; it is carried only after this is durable."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    verb: str
    step: str
    parameters: Mapping[str, int]
    not_after: int
    tag: str
    boot: int = 0


@dataclass(frozen=True, slots=True)
class OrderAccepted(OfCase):
    """The machine echoed it, or, where it names no orders, was seen to leave its rest for it: that is `concluded`.

    `by`: who saw the machine at it, where our own sight was broken, or who began it by hand.
    """

    at: int
    case: str
    batch: str
    machine: str
    number: int
    concluded: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class OrderFinished(OfCase):
    """The machine says it is done, or that is `concluded` from its state. `value` in the unit of the verb."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    value: int
    concluded: bool = False


@dataclass(frozen=True, slots=True)
class OrderAttested(OfCase):
    """A person who looked, or worked the machine by hand, says that it is done; the machine cannot.

    `seconds`: how long it lasted between two words of a person, 0 where that was not timed.
    """

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    by: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class OrderDropped(OfCase):
    """It came to nothing: `expired`, `refused`, `failed`, `disproved`, `abandoned` or `unknown`."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderRecalled(OfCase):
    """It is to be done anew, and a wire may still hold it: it has no end before its number is used up."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str


@dataclass(frozen=True, slots=True)
class NumberingRaised(OfMachine):
    """The machine has echoed a higher order number than we knew."""

    at: int
    machine: str
    next_order: int


# --- decoction ---


@dataclass(frozen=True, slots=True)
class PailCharged(OfCase):
    """The pail went into its pot."""

    at: int
    case: str
    batch: str
    pot: str
    by: str


@dataclass(frozen=True, slots=True)
class BoilBegan(OfCase):
    """Boiling began. Instants in ms; `opens_at`, `closes_at` are 0 without an add-late window."""

    at: int
    case: str
    batch: str
    name: str
    began_at: int
    ends_at: int
    opens_at: int
    closes_at: int


@dataclass(frozen=True, slots=True)
class BoilMeasured(OfCase):
    """Seconds at the boil of the present order so far."""

    at: int
    case: str
    batch: str
    name: str
    credit_s: float
    covered_s: float
    counter_s: float
    measured_at: int


@dataclass(frozen=True, slots=True)
class BoilSettled(OfCase):
    """This boil of the plan counts as done."""

    at: int
    case: str
    batch: str
    name: str


@dataclass(frozen=True, slots=True)
class DeficitOrdered(OfCase):
    """A person ordered the missing seconds to be boiled."""

    at: int
    case: str
    batch: str
    name: str
    missing_s: int
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class MoveOrdered(OfCase):
    """A person ordered what is in the pot into another; nothing more is asked of this one for it."""

    at: int
    case: str
    batch: str
    pot: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class PotEmptied(OfCase):
    """What was in the pot is in a pail."""

    at: int
    case: str
    batch: str
    pot: str
    pail: str
    by: str


@dataclass(frozen=True, slots=True)
class MainAdded(OfCase):
    """The herbs that wait for the decoct-first ones went in."""

    at: int
    case: str
    batch: str
    by: str


@dataclass(frozen=True, slots=True)
class HopperLoaded(OfCase):
    """The add-late herbs are in the hopper of their pot, which drops them by itself."""

    at: int
    case: str
    batch: str
    pot: str
    by: str


@dataclass(frozen=True, slots=True)
class LateAdded(OfCase):
    """The add-late herbs went in. `by`: a person, or the pot whose hopper dropped them."""

    at: int
    case: str
    batch: str
    by: str
    minutes: float


@dataclass(frozen=True, slots=True)
class LateMissed(OfCase):
    """The add-late window closed without them."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class SeparateAttested(OfCase):
    """A part made apart is there, on a person's word."""

    at: int
    case: str
    batch: str
    attestation: Attestation


# --- packing ---


@dataclass(frozen=True, slots=True)
class PackerAwaited(OfCase):
    """The liquid waits for its packer."""

    at: int
    case: str
    batch: str
    packer: str


@dataclass(frozen=True, slots=True)
class PackerTaken(OfCase):
    """The packer is the batch's until its flush."""

    at: int
    case: str
    batch: str
    packer: str


@dataclass(frozen=True, slots=True)
class PackingBegan(OfCase):
    """The last liquid is in the packer."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class BatchPacked(OfCase):
    """The packer counted. `bags`: codes printed on them."""

    at: int
    case: str
    batch: str
    count: int
    bags: tuple[str, ...]


# --- holds and ends of a batch ---


@dataclass(frozen=True, slots=True)
class HoldPlaced(OfCase):
    """Nothing new is started for the batch."""

    at: int
    case: str
    batch: str
    hold: Hold


@dataclass(frozen=True, slots=True)
class HoldEnded(OfCase):
    """A hold ended by itself (`by` empty) or by a person."""

    at: int
    case: str
    batch: str
    reason: str
    choice: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class DeviationAccepted(OfCase):
    """A person took a deviation on."""

    at: int
    case: str
    batch: str
    deviation: Deviation


@dataclass(frozen=True, slots=True)
class StepSkipped(OfCase):
    """A person had a step left out that is no part of the medicine's safety; a deviation, `reason` what had held the batch."""

    at: int
    case: str
    batch: str
    machine: str
    step: str
    reason: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class BatchScrapped(OfCase):
    """A batch was destroyed; its prescription goes on."""

    at: int
    case: str
    batch: str
    reason: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class BatchReleased(OfCase):
    """All gates passed and a pharmacist signed."""

    at: int
    case: str
    batch: str
    by: str
    parcel: str
    pickup_code: str


# --- delivery ---


@dataclass(frozen=True, slots=True)
class BagBoxed(OfCase):
    """A bag went into its parcel."""

    at: int
    case: str
    batch: str
    bag: str
    by: str


@dataclass(frozen=True, slots=True)
class BatchBoxed(OfCase):
    """Everything of the batch is in the parcel."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class ParcelHandedOver(OfCase):
    """The parcel left us. `to`: the badge or pickup code it was bound to."""

    at: int
    case: str
    batch: str
    parcel: str
    to: str
    by: str


@dataclass(frozen=True, slots=True)
class DeliveryConfirmed(OfCase):
    """The parcel's end: `delivered`, `handed_over` or `undelivered`."""

    at: int
    case: str
    batch: str
    outcome: str
    by: str
    note: str


# --- machines ---


@dataclass(frozen=True, slots=True)
class MachineEnrolled(OfMachine):
    """A machine of the site file, new or changed. What the last three mean: `equipment.Enrolment`."""

    at: int
    machine: str
    kind: str
    pot_class: str
    by_hand: bool = False
    monitor_only: bool = False


@dataclass(frozen=True, slots=True)
class MachineObserved(OfMachine):
    """What the machine said when something that matters changed."""

    at: int
    machine: str
    state: State
    mode: Mode
    boot: int
    fault: int
    order: int
    order_status: OrderStatus
    order_value: int


@dataclass(frozen=True, slots=True)
class MachineLinked(OfMachine):
    """The road to the machine was lost or is back."""

    at: int
    machine: str
    link: LinkState


@dataclass(frozen=True, slots=True)
class MachineCleaned(OfMachine):
    """Rinsed or flushed; `celsius` 0 for a flush."""

    at: int
    machine: str
    celsius: float


@dataclass(frozen=True, slots=True)
class MachineFreed(OfMachine):
    """No batch is in the machine any more."""

    at: int
    machine: str


@dataclass(frozen=True, slots=True)
class MachineTakenOut(OfMachine):
    """A person took it out of service: it gets no new work."""

    at: int
    machine: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class MachinePutBack(OfMachine):
    """A person put it back into service."""

    at: int
    machine: str
    by: str
    note: str


# --- stock ---


@dataclass(frozen=True, slots=True)
class LotEnrolled:
    """A lot of the stock file."""

    at: int
    lot: Lot

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.lot.id


@dataclass(frozen=True, slots=True)
class ZoneEnrolled:
    """A zone of the site file."""

    at: int
    zone: Zone

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone.id


@dataclass(frozen=True, slots=True)
class ZoneSeen(OfZone):
    """The zone's first good reading inside its limits."""

    at: int
    zone: str


@dataclass(frozen=True, slots=True)
class ZoneExcursion(OfZone):
    """The zone left its limits; its lots are quarantined."""

    at: int
    zone: str
    celsius: float
    humidity: float
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZoneReturned(OfZone):
    """The zone is inside its limits again."""

    at: int
    zone: str


@dataclass(frozen=True, slots=True)
class ExcursionAssessed(OfZone):
    """A pharmacist assessed the excursion; the lots pass with the deviation."""

    at: int
    zone: str
    lots: tuple[str, ...]
    by: str
    note: str


# --- recipes ---


@dataclass(frozen=True, slots=True)
class RecipeApproved:
    """A recipe table was approved. `content`: all its numbers, canonical JSON, whose sha256 is `digest`."""

    at: int
    version: str
    digest: str
    content: str
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return "recipe"


# --- alarms and people ---


@dataclass(frozen=True, slots=True)
class AlarmRaised(OfAlarm):
    """A condition needs a person."""

    at: int
    alarm: str
    rule: str
    source: str
    priority: Priority
    detail: str
    suppressed_by: str = ""
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmAwaited(OfAlarm):
    """A condition holds that is an alarm if it still does at `until`."""

    at: int
    alarm: str
    rule: str
    source: str
    priority: Priority
    detail: str
    until: int


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged(OfAlarm):
    """A person has seen it."""

    at: int
    alarm: str
    by: str


@dataclass(frozen=True, slots=True)
class AlarmReturned(OfAlarm):
    """The condition is over; the alarm stands until `clears_at`, or with 0 until somebody has acknowledged it."""

    at: int
    alarm: str
    clears_at: int


@dataclass(frozen=True, slots=True)
class AlarmRecurred(OfAlarm):
    """The condition came again while the alarm still stood."""

    at: int
    alarm: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlarmCleared(OfAlarm):
    """The condition is over. `raised_at`: since when the alarm stood, 0 where it never came to that."""

    at: int
    alarm: str
    raised_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmRepeated(OfAlarm):
    """Nobody has acknowledged it: it is said again, for the `times`th time."""

    at: int
    alarm: str
    times: int
    repeats_at: int


@dataclass(frozen=True, slots=True)
class AlarmEscalated(OfAlarm):
    """Nobody acknowledged it in time: step `step` calls the next, `role`; `calls_at` 0 where there is nobody after."""

    at: int
    alarm: str
    step: int
    role: str
    calls_at: int


@dataclass(frozen=True, slots=True)
class AlarmShelved(OfAlarm):
    """A person put it aside until a time."""

    at: int
    alarm: str
    by: str
    until: int
    note: str


@dataclass(frozen=True, slots=True)
class AlarmUnshelved(OfAlarm):
    """Its time on the shelf is over, or a person, `by`, ended it."""

    at: int
    alarm: str
    by: str
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmSuppressed(OfAlarm):
    """Another alarm or the state of its machine, `by_alarm`, says it for this one."""

    at: int
    alarm: str
    by_alarm: str


@dataclass(frozen=True, slots=True)
class AlarmUnsuppressed(OfAlarm):
    """It speaks for itself again."""

    at: int
    alarm: str
    repeats_at: int = 0
    calls_at: int = 0


@dataclass(frozen=True, slots=True)
class AlarmTakenOut(OfAlarm):
    """A person took the alarm out of service."""

    at: int
    alarm: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class AlarmPutBack(OfAlarm):
    """A person put the alarm back into service."""

    at: int
    alarm: str
    by: str
    note: str
    repeats_at: int
    calls_at: int


@dataclass(frozen=True, slots=True)
class PersonEnrolled:
    """A person was entered or changed."""

    at: int
    person: Person

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.person.badge


Fact = (
    PrescriptionReceived
    | PrescriptionAmended
    | AmendmentHeld
    | PrescriptionReturned
    | ReturnAnswered
    | ReviewSigned
    | PrescriptionRejected
    | PrescriptionCancelled
    | PromiseMissed
    | BatchOpened
    | PailBound
    | DrawerScanned
    | HerbWeighed
    | CheckpointRecorded
    | DispensingFinished
    | BatchVerified
    | SoakAssigned
    | PotReserved
    | SoakPositionLost
    | PotLost
    | MoveOrdered
    | PotEmptied
    | PailPlaced
    | SoakBegan
    | SoakEnded
    | OrderIssued
    | OrderAccepted
    | OrderFinished
    | OrderAttested
    | OrderDropped
    | OrderRecalled
    | NumberingRaised
    | PailCharged
    | BoilBegan
    | BoilMeasured
    | BoilSettled
    | DeficitOrdered
    | MainAdded
    | HopperLoaded
    | LateAdded
    | LateMissed
    | SeparateAttested
    | PackerAwaited
    | PackerTaken
    | PackingBegan
    | BatchPacked
    | HoldPlaced
    | HoldEnded
    | DeviationAccepted
    | StepSkipped
    | BatchScrapped
    | BatchReleased
    | BagBoxed
    | BatchBoxed
    | ParcelHandedOver
    | DeliveryConfirmed
    | MachineEnrolled
    | MachineObserved
    | MachineLinked
    | MachineCleaned
    | MachineFreed
    | MachineTakenOut
    | MachinePutBack
    | LotEnrolled
    | ZoneEnrolled
    | ZoneSeen
    | ZoneExcursion
    | ZoneReturned
    | ExcursionAssessed
    | RecipeApproved
    | AlarmRaised
    | AlarmAwaited
    | AlarmAcknowledged
    | AlarmReturned
    | AlarmRecurred
    | AlarmCleared
    | AlarmRepeated
    | AlarmEscalated
    | AlarmShelved
    | AlarmUnshelved
    | AlarmSuppressed
    | AlarmUnsuppressed
    | AlarmTakenOut
    | AlarmPutBack
    | PersonEnrolled
)

FACTS: Mapping[str, type[Fact]] = {fact.__name__: fact for fact in get_args(Fact)}
"""Every kind of fact by its name."""


def order_of(fact: OrderIssued) -> Order:
    """Return the order that an `OrderIssued` fact stands for."""
    return Order(
        number=fact.number,
        machine=fact.machine,
        verb=fact.verb,
        batch=fact.tag,
        step=fact.step,
        parameters=fact.parameters,
        not_after=fact.not_after,
        boot=fact.boot,
    )
