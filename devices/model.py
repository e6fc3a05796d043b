"""The words shared by everyone who speaks of machines: orders, receipts, snapshots.

Stdlib only. Instants are integer milliseconds of plant time since the Unix epoch (`*_at`, `at`);
durations carry their unit in the name. Names of machine tags follow OPC 30200 and PackML.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - codecs read these annotations at run time
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple


class State(IntEnum):
    """PackML states with the numbers of OPC 30050."""

    UNDEFINED = 0
    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17


class Mode(IntEnum):
    """PackML unit modes (ProductionMaintenanceModeEnum)."""

    INVALID = 0
    PRODUCE = 1
    MAINTENANCE = 2
    MANUAL = 3


class Step(IntEnum):
    """The ISA-88 phase a machine is in; 0 between phases."""

    NONE = 0
    CHARGE = 1
    ADD_WATER = 2
    HEAT_TO_BOIL = 3
    HOLD_BOIL = 4
    DRAIN = 5
    RINSE = 6
    SOAK = 7
    PACK = 8
    FLUSH = 9


class OrderStatus(IntEnum):
    """What the machine says of the last order it accepted."""

    NONE = 0
    RUNNING = 1
    FINISHED = 2
    FAILED = 3


class RefusedReason(IntEnum):
    """Why the machine did not take an order; 0 when it never refused one."""

    NONE = 0
    EPOCH = 1
    DUPLICATE = 2
    BUSY = 3
    CHECKSUM = 4
    PARAMETER = 5
    MODE = 6
    VERB = 7


class Quality(StrEnum):
    """How far a value can be trusted."""

    GOOD = "good"
    BAD = "bad"
    STALE = "stale"


class LinkState(StrEnum):
    """What we know of the road to a machine."""

    NEVER = "never"
    FRESH = "fresh"
    STALE = "stale"


class Reading(NamedTuple):
    """One measured value. `at` is the machine's own time; `reason` says why it is not good.

    A tuple, since every poll of every machine makes many of them.
    """

    value: float
    quality: Quality
    at: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one read of a machine said, whole.

    `at`: source time, ms plant time. `received_s`: monotonic wall seconds of our receipt.
    `order`: number of the last order it accepted, of `epoch`, with `order_status` and `order_value`
    (mL, count, degrees C x 100, or boil seconds, by verb). `counter_s`: the machine's own boil seconds of that
    order; `boil_began_at`: ms plant time, 0 before the boil.
    """

    machine: str
    at: int
    received_s: float
    state: State = State.UNDEFINED
    step: Step = Step.NONE
    mode: Mode = Mode.INVALID
    boot: int = 0
    fault: int = 0
    epoch: int = 0
    order: int = 0
    order_status: OrderStatus = OrderStatus.NONE
    order_value: int = 0
    refused_order: int = 0
    refused_reason: RefusedReason = RefusedReason.NONE
    batch: str = ""
    counter_s: int = 0
    boil_began_at: int = 0
    remaining_s: int = 0
    readings: Mapping[str, Reading] = field(default_factory=dict[str, Reading])


@dataclass(frozen=True, slots=True)
class Order:
    """What we ask of a machine, numbered for ever.

    `number`: uint32, rising per machine. `step`: the recipe step it serves (`boil.1`, `drain.1`, ...), at most
    20 ASCII characters, as `batch`. `parameters`: by the names of the profile's verb, uint32. `not_after`: ms plant
    time; past it the order is never sent. `boot`: the machine's boot count when this was decided, 0 where it does not matter;
    a machine that has booted since never gets it.
    """

    number: int
    machine: str
    verb: str
    batch: str
    step: str
    parameters: Mapping[str, int]
    not_after: int
    boot: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The machine echoed the order's epoch and number."""

    number: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The machine says that the order is done. `value` in the unit of the verb."""

    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The machine says that the order failed. `fault` is its own code."""

    number: int
    fault: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The machine did not take the order and says why; it had no effect."""

    number: int
    reason: RefusedReason


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say whether the machine took the order. It must be read before anything is sent again."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The order was never sent: its time had passed."""

    number: int


Receipt = Accepted | Finished | Failed | Refused | Unknown | Expired
