"""Facts: what has happened, for ever. Made only by `pipeline.decide`; folded only by `pipeline.evolve`.

`at`: ms plant time. `about`: the aggregate whose timeline a fact belongs to: its case where it has one.
A fact is never changed: a new field needs a default and a golden sample of the old form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from controller.model.facts.alarms import (
    AlarmAcknowledged,
    AlarmAwaited,
    AlarmCleared,
    AlarmEscalated,
    AlarmPutBack,
    AlarmRaised,
    AlarmRecurred,
    AlarmRepeated,
    AlarmReturned,
    AlarmShelved,
    AlarmSuppressed,
    AlarmTakenOut,
    AlarmUnshelved,
    AlarmUnsuppressed,
)
from controller.model.facts.decoction import (
    BoilBegan,
    BoilMeasured,
    BoilSettled,
    DeficitOrdered,
    HopperLoaded,
    LateAdded,
    LateMissed,
    MainAdded,
    MoveOrdered,
    PailCharged,
    PotEmptied,
    SeparateAttested,
)
from controller.model.facts.delivery import BagBoxed, BatchBoxed, DeliveryConfirmed, ParcelHandedOver
from controller.model.facts.dispensing import (
    BatchOpened,
    BatchVerified,
    CheckpointRecorded,
    DispensingFinished,
    DrawerScanned,
    HerbWeighed,
    PailBound,
)
from controller.model.facts.holds import (
    BatchReleased,
    BatchScrapped,
    DeviationAccepted,
    HoldEnded,
    HoldPlaced,
    StepSkipped,
)
from controller.model.facts.house import PersonEnrolled, RecipeApproved
from controller.model.facts.machines import (
    MachineCleaned,
    MachineEnrolled,
    MachineFreed,
    MachineLinked,
    MachineObserved,
    MachinePutBack,
    MachineTakenOut,
)
from controller.model.facts.orders import (
    NumberingRaised,
    OrderAccepted,
    OrderAttested,
    OrderDropped,
    OrderFinished,
    OrderIssued,
    OrderRecalled,
)
from controller.model.facts.packing import BatchPacked, PackerAwaited, PackerTaken, PackingBegan
from controller.model.facts.prescriptions import (
    AmendmentHeld,
    PrescriptionAmended,
    PrescriptionCancelled,
    PrescriptionReceived,
    PrescriptionRejected,
    PrescriptionReturned,
    PromiseMissed,
    ReturnAnswered,
    ReviewSigned,
)
from controller.model.facts.soaking import (
    PailPlaced,
    PotLost,
    PotReserved,
    SoakAssigned,
    SoakBegan,
    SoakEnded,
    SoakPositionLost,
)
from controller.model.facts.stock import (
    ExcursionAssessed,
    LotEnrolled,
    ZoneEnrolled,
    ZoneExcursion,
    ZoneReturned,
    ZoneSeen,
)

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
