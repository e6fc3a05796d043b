"""Facts: what has happened, for ever. Made only by `pipeline.decide`; folded only by `pipeline.evolve`.

`at`: ms plant time. `about`: the aggregate whose timeline a fact belongs to: its case where it has one.
A fact is never changed: a new field needs a default and a golden sample of the old form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.alarm import Priority
from controller.model.batch import Attestation, Deviation, Hold
from controller.model.checkpoint import Checkpoint
from controller.model.finding import Finding
from controller.model.people import Person
from controller.model.plan import Plan
from controller.model.prescription import Prescription
from controller.model.stock import Lot, Zone
from devices.model import LinkState, Mode, Order, OrderStatus, State

# --- hospitals and review ---


@dataclass(frozen=True, slots=True)
class PrescriptionReceived:
    """A prescription was accepted."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PrescriptionAmended:
    """A newer version replaced one of which nothing had been weighed."""

    at: int
    case: str
    prescription: Prescription
    digest: str
    promised_at: int
    promise_at_risk: bool
    findings: tuple[Finding, ...]

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class AmendmentHeld:
    """A newer version came after weighing; a pharmacist decides."""

    at: int
    case: str
    batch: str
    prescription: Prescription
    digest: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PrescriptionReturned:
    """Review sent it back to the prescriber."""

    at: int
    case: str
    findings: tuple[Finding, ...]
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class ReturnAnswered:
    """The prescriber signed again."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class ReviewSigned:
    """A pharmacist approved; `prescription` has the settled class and handlings."""

    at: int
    case: str
    prescription: Prescription
    findings: tuple[Finding, ...]
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PrescriptionRejected:
    """It ended without being made."""

    at: int
    case: str
    reason: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PrescriptionCancelled:
    """The hospital cancelled in time."""

    at: int
    case: str
    reason: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PromiseMissed:
    """The promised time passed."""

    at: int
    case: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- dispensing and verification ---


@dataclass(frozen=True, slots=True)
class BatchOpened:
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

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PailBound:
    """A pail was given to the batch."""

    at: int
    case: str
    batch: str
    pail: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class DrawerScanned:
    """A herb was taken from a drawer of a lot. `item`: index into the plan."""

    at: int
    case: str
    batch: str
    item: int
    lot: str
    drawer: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class HerbWeighed:
    """One weighing within tolerance, grams."""

    at: int
    case: str
    batch: str
    item: int
    grams: float
    done: bool
    by: str
    source: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class CheckpointRecorded:
    """A checkpoint of one of the five gates."""

    at: int
    case: str
    batch: str
    checkpoint: Checkpoint

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class DispensingFinished:
    """Every herb has been weighed."""

    at: int
    case: str
    batch: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BatchVerified:
    """A second person checked it."""

    at: int
    case: str
    batch: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- soaking ---


@dataclass(frozen=True, slots=True)
class SoakAssigned:
    """A soaking position and a pot were reserved."""

    at: int
    case: str
    batch: str
    machine: str
    pot: str
    pot_free_at: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PotReserved:
    """Another pot was reserved."""

    at: int
    case: str
    batch: str
    pot: str
    pot_free_at: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class SoakPositionLost:
    """The soaking position cannot be used before the pail was placed; the batch waits for another."""

    at: int
    case: str
    batch: str
    machine: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PotLost:
    """The reserved pot cannot be used; another must be found."""

    at: int
    case: str
    batch: str
    pot: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PailPlaced:
    """The pail stands in its soaking position."""

    at: int
    case: str
    batch: str
    machine: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class SoakBegan:
    """Water was asked for: from here a cancellation comes too late."""

    at: int
    case: str
    batch: str
    soak_max_at: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class SoakEnded:
    """The least soaking time is over."""

    at: int
    case: str
    batch: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- orders ---


@dataclass(frozen=True, slots=True)
class OrderIssued:
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

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The machine echoed it."""

    at: int
    case: str
    batch: str
    machine: str
    number: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class OrderFinished:
    """The machine says it is done. `value` in the unit of the verb."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    value: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class OrderAttested:
    """A person who looked says that it is done; the machine cannot."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class OrderDropped:
    """It came to nothing: `expired`, `refused`, `failed` or `unknown`."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    outcome: str
    detail: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class NumberingRaised:
    """The machine has echoed a higher order number than we knew."""

    at: int
    machine: str
    next_order: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


# --- decoction ---


@dataclass(frozen=True, slots=True)
class PailCharged:
    """The pail went into its pot."""

    at: int
    case: str
    batch: str
    pot: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BoilBegan:
    """Boiling began. Instants in ms; `opens_at`, `closes_at` are 0 without an add-late window."""

    at: int
    case: str
    batch: str
    name: str
    began_at: int
    ends_at: int
    opens_at: int
    closes_at: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BoilMeasured:
    """Seconds at the boil of the present order so far."""

    at: int
    case: str
    batch: str
    name: str
    credit_s: float
    covered_s: float
    counter_s: float
    measured_at: int

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BoilSettled:
    """This boil of the plan counts as done."""

    at: int
    case: str
    batch: str
    name: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class DeficitOrdered:
    """A person ordered the missing seconds to be boiled."""

    at: int
    case: str
    batch: str
    name: str
    missing_s: int
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class MainAdded:
    """The herbs that wait for the decoct-first ones went in."""

    at: int
    case: str
    batch: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class LateAdded:
    """The add-late herbs went in."""

    at: int
    case: str
    batch: str
    by: str
    minutes: float

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class LateMissed:
    """The add-late window closed without them."""

    at: int
    case: str
    batch: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class SeparateAttested:
    """A part made apart is there, on a person's word."""

    at: int
    case: str
    batch: str
    attestation: Attestation

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- packing ---


@dataclass(frozen=True, slots=True)
class PackerAwaited:
    """The liquid waits for its packer."""

    at: int
    case: str
    batch: str
    packer: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PackerTaken:
    """The packer is the batch's until its flush."""

    at: int
    case: str
    batch: str
    packer: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class PackingBegan:
    """The last liquid is in the packer."""

    at: int
    case: str
    batch: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BatchPacked:
    """The packer counted. `bags`: codes printed on them."""

    at: int
    case: str
    batch: str
    count: int
    bags: tuple[str, ...]

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- holds and ends of a batch ---


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """Nothing new is started for the batch."""

    at: int
    case: str
    batch: str
    hold: Hold

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """A hold ended by itself (`by` empty) or by a person."""

    at: int
    case: str
    batch: str
    reason: str
    choice: str
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class DeviationAccepted:
    """A person took a deviation on."""

    at: int
    case: str
    batch: str
    deviation: Deviation

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BatchScrapped:
    """A batch was destroyed; its prescription goes on."""

    at: int
    case: str
    batch: str
    reason: str
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BatchReleased:
    """All gates passed and a pharmacist signed."""

    at: int
    case: str
    batch: str
    by: str
    parcel: str
    pickup_code: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- delivery ---


@dataclass(frozen=True, slots=True)
class BagBoxed:
    """A bag went into its parcel."""

    at: int
    case: str
    batch: str
    bag: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class BatchBoxed:
    """Everything of the batch is in the parcel."""

    at: int
    case: str
    batch: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class ParcelHandedOver:
    """The parcel left us. `to`: the badge or pickup code it was bound to."""

    at: int
    case: str
    batch: str
    parcel: str
    to: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


@dataclass(frozen=True, slots=True)
class DeliveryConfirmed:
    """The parcel's end: `delivered`, `handed_over` or `undelivered`."""

    at: int
    case: str
    batch: str
    outcome: str
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.case


# --- machines ---


@dataclass(frozen=True, slots=True)
class MachineEnrolled:
    """A machine of the site file."""

    at: int
    machine: str
    kind: str
    pot_class: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


@dataclass(frozen=True, slots=True)
class MachineObserved:
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

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


@dataclass(frozen=True, slots=True)
class MachineLinked:
    """The road to the machine was lost or is back."""

    at: int
    machine: str
    link: LinkState

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


@dataclass(frozen=True, slots=True)
class MachineCleaned:
    """Rinsed or flushed; `celsius` 0 for a flush."""

    at: int
    machine: str
    celsius: float

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


@dataclass(frozen=True, slots=True)
class MachineFreed:
    """No batch is in the machine any more."""

    at: int
    machine: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.machine


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
class ZoneSeen:
    """The zone's first good reading inside its limits."""

    at: int
    zone: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone


@dataclass(frozen=True, slots=True)
class ZoneExcursion:
    """The zone left its limits; its lots are quarantined."""

    at: int
    zone: str
    celsius: float
    humidity: float
    lots: tuple[str, ...]

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone


@dataclass(frozen=True, slots=True)
class ZoneReturned:
    """The zone is inside its limits again."""

    at: int
    zone: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone


@dataclass(frozen=True, slots=True)
class ExcursionAssessed:
    """A pharmacist assessed the excursion; the lots pass with the deviation."""

    at: int
    zone: str
    lots: tuple[str, ...]
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.zone


# --- alarms and people ---


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A condition needs a person."""

    at: int
    alarm: str
    rule: str
    source: str
    priority: Priority
    detail: str
    suppressed_by: str = ""

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """A person has seen it."""

    at: int
    alarm: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """The condition is over."""

    at: int
    alarm: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmShelved:
    """A person put it aside until a time."""

    at: int
    alarm: str
    by: str
    until: int
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmUnshelved:
    """Its time on the shelf is over, or a person, `by`, ended it."""

    at: int
    alarm: str
    by: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmSuppressed:
    """Another alarm, `by_alarm`, says it for this one."""

    at: int
    alarm: str
    by_alarm: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


@dataclass(frozen=True, slots=True)
class AlarmUnsuppressed:
    """It speaks for itself again."""

    at: int
    alarm: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.alarm


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
    | PailPlaced
    | SoakBegan
    | SoakEnded
    | OrderIssued
    | OrderAccepted
    | OrderFinished
    | OrderAttested
    | OrderDropped
    | NumberingRaised
    | PailCharged
    | BoilBegan
    | BoilMeasured
    | BoilSettled
    | DeficitOrdered
    | MainAdded
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
    | LotEnrolled
    | ZoneEnrolled
    | ZoneSeen
    | ZoneExcursion
    | ZoneReturned
    | ExcursionAssessed
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmCleared
    | AlarmShelved
    | AlarmUnshelved
    | AlarmSuppressed
    | AlarmUnsuppressed
    | PersonEnrolled
)

FACTS: Mapping[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        PrescriptionReceived,
        PrescriptionAmended,
        AmendmentHeld,
        PrescriptionReturned,
        ReturnAnswered,
        ReviewSigned,
        PrescriptionRejected,
        PrescriptionCancelled,
        PromiseMissed,
        BatchOpened,
        PailBound,
        DrawerScanned,
        HerbWeighed,
        CheckpointRecorded,
        DispensingFinished,
        BatchVerified,
        SoakAssigned,
        PotReserved,
        SoakPositionLost,
        PotLost,
        PailPlaced,
        SoakBegan,
        SoakEnded,
        OrderIssued,
        OrderAccepted,
        OrderFinished,
        OrderAttested,
        OrderDropped,
        NumberingRaised,
        PailCharged,
        BoilBegan,
        BoilMeasured,
        BoilSettled,
        DeficitOrdered,
        MainAdded,
        LateAdded,
        LateMissed,
        SeparateAttested,
        PackerAwaited,
        PackerTaken,
        PackingBegan,
        BatchPacked,
        HoldPlaced,
        HoldEnded,
        DeviationAccepted,
        BatchScrapped,
        BatchReleased,
        BagBoxed,
        BatchBoxed,
        ParcelHandedOver,
        DeliveryConfirmed,
        MachineEnrolled,
        MachineObserved,
        MachineLinked,
        MachineCleaned,
        MachineFreed,
        LotEnrolled,
        ZoneEnrolled,
        ZoneSeen,
        ZoneExcursion,
        ZoneReturned,
        ExcursionAssessed,
        AlarmRaised,
        AlarmAcknowledged,
        AlarmCleared,
        AlarmShelved,
        AlarmUnshelved,
        AlarmSuppressed,
        AlarmUnsuppressed,
        PersonEnrolled,
    )
}


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
