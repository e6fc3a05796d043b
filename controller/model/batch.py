"""A batch (锅次): one vessel-load of one prescription, for exactly one patient, from the first drawer to the last bag."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from controller.model.checkpoint import Checkpoint
from controller.model.plan import Boil, Plan


class Stage(StrEnum):
    """Where a batch is. A held batch keeps its stage."""

    DISPENSING = "dispensing"
    DISPENSED = "dispensed"
    VERIFIED = "verified"
    SOAK_ASSIGNED = "soak-assigned"
    SOAKING = "soaking"
    SOAKED = "soaked"
    CHARGED = "charged"
    MOVING = "moving"
    CARRIED = "carried"
    BOILING = "boiling"
    MAIN_WAITS = "main-waits"
    BOILED = "boiled"
    COLLECTED = "collected"
    CONCENTRATED = "concentrated"
    DRAIN_WAITS = "drain-waits"
    DRAINED = "drained"
    PACKING = "packing"
    QUALITY_CHECK = "quality-check"
    RELEASED = "released"
    BOXED = "boxed"
    COMPLETED = "completed"
    SCRAPPED = "scrapped"
    CANCELLED = "cancelled"


BEFORE_CHARGE = frozenset({Stage.SOAK_ASSIGNED, Stage.SOAKING, Stage.SOAKED, Stage.CARRIED})
"""Of a batch in these the pot, where it has one, is reserved and nothing of it is inside."""
SOAKED_TOO_LONG = "soak-too-long"
"""Reason of the hold that the longest soak places."""
ENDED = frozenset({Stage.COMPLETED, Stage.SCRAPPED, Stage.CANCELLED})
AFTER_PACKER = ENDED | {Stage.QUALITY_CHECK, Stage.RELEASED, Stage.BOXED}
AFTER_POT = AFTER_PACKER | {Stage.PACKING}


PERSON_ATTESTED = "person-attested"
"""Reason of the hold on a boil that only the people at the pot can tell of."""


class Cause(StrEnum):
    """Why a batch is on hold. `link` clears itself; `machine` and `person` need a signature."""

    LINK = "link"
    MACHINE = "machine"
    PERSON = "person"


class Choice(StrEnum):
    """What a person may sign to end a hold."""

    CONTINUE = "continue"
    RETRY = "retry"
    SKIP = "skip"
    ASSUME_OK = "assume_ok"
    RUN_DEFICIT = "run_deficit"
    MIGRATE = "migrate"
    ACCEPT_DEVIATION = "accept_deviation"
    SCRAP = "scrap"


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why nothing new is started for a batch. `reason` is a rule id; `machine` where it came from one."""

    reason: str
    cause: Cause
    at: int
    choices: tuple[Choice, ...]
    machine: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that was not as meant, and who took it on."""

    reason: str
    at: int
    note: str
    accepted_by: str = ""
    accepted_at: int = 0


@dataclass(frozen=True, slots=True)
class Weighing:
    """What one plan item got. `grams`: one entry per `times` of the plan."""

    lot: str = ""
    drawer: str = ""
    grams: tuple[float, ...] = ()
    by: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class BoilRecord:
    """Truth about one boil of the plan, its deficits included.

    Seconds at the boil: `credit_s` ours (invariant I10), `covered_s` gaps that only the machine saw, `counter_s` the machine's.
    `closed_*`: sums of the orders of this boil that ended before the present one. `opens_at`, `closes_at`: the
    add-late window, ms, 0 where there is none. `measured_at`: source time of the sample that `credit_s` ends with.
    `attested_s`: on the word of a person who worked the pot by hand.
    """

    name: str
    required_s: int
    began_at: int = 0
    ends_at: int = 0
    opens_at: int = 0
    closes_at: int = 0
    credit_s: float = 0.0
    covered_s: float = 0.0
    counter_s: float = 0.0
    measured_at: int = 0
    closed_credit_s: float = 0.0
    closed_covered_s: float = 0.0
    closed_counter_s: float = 0.0
    deficits: int = 0
    settled: bool = False
    attested_s: float = 0.0

    @property
    def total_credit_s(self) -> float:
        """Our credit over all orders of this boil."""
        return self.closed_credit_s + self.credit_s

    @property
    def total_covered_s(self) -> float:
        """Covered gaps over all orders of this boil."""
        return self.closed_covered_s + self.covered_s

    @property
    def total_counter_s(self) -> float:
        """The machine's seconds over all orders of this boil."""
        return self.closed_counter_s + self.counter_s


@dataclass(frozen=True, slots=True)
class Attestation:
    """A part made apart, on a person's word."""

    herb: str
    by: str
    at: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. Machines are named by id, empty where none is bound.

    `rank`: latest start that keeps the promise, ms. `packets`: (name, code) of what is weighed apart: `late`,
    `separate.HERB`. `awaits`: the packer it queues for. `boil`: index into `plan.boils` of the present boil. `order`: number
    of the open order, 0 where none, on `order_machine`; `done_step`: the last step a machine finished. `interrupted`: the step
    that a machine did not bring to its end, `repeats`: how often a person let one run again; `moves`: how often it was carried to
    another pot. `loaded_at`: when the late herbs went into the pot's hopper; `liquids`: mL of each decoction that went into its
    receiver; `to_packer_ml`: what then went to the packer, 0 where no meter saw it. `skipped`: steps that a person left out.
    """

    id: str
    case: str
    attempt: int
    opened_at: int
    rank: int
    plan: Plan
    stage: Stage
    packets: tuple[tuple[str, str], ...] = ()
    weighings: tuple[Weighing, ...] = ()
    pail: str = ""
    dispensers: tuple[str, ...] = ()
    verifier: str = ""
    operators: tuple[str, ...] = ()
    soak_machine: str = ""
    soak_began_at: int = 0
    pot: str = ""
    packer: str = ""
    awaits: str = ""
    charged_at: int = 0
    boil: int = 0
    boils: tuple[BoilRecord, ...] = ()
    main_added_at: int = 0
    loaded_at: int = 0
    late_at: int = 0
    late_missed: bool = False
    attestations: tuple[Attestation, ...] = ()
    order: int = 0
    order_machine: str = ""
    order_step: str = ""
    done_step: str = ""
    repeats: int = 0
    interrupted: str = ""
    holds: tuple[Hold, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    liquids: tuple[int, ...] = ()
    bags: tuple[str, ...] = ()
    packed: int = 0
    boxed: int = 0
    boxed_bags: frozenset[str] = field(default_factory=frozenset[str])
    checkpoints: tuple[Checkpoint, ...] = ()
    released_by: str = ""
    replaces: str = ""
    moves: int = 0
    to_packer_ml: int = 0
    skipped: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether nothing new may be started."""
        return bool(self.holds)

    def has_met(self, reason: str) -> bool:
        """Say whether the batch is held for a reason, or a person took it on."""
        return any(one.reason == reason for one in (*self.holds, *self.deviations))

    @property
    def movable(self) -> bool:
        """Whether all there is of it is in the pot, and can be carried to another: nothing poured off, no herbs to follow."""
        inside = self.stage in (Stage.CHARGED, Stage.BOILING, Stage.BOILED)
        elsewhere = self.packer or self.awaits or self.loaded_at  # what is in the hopper falls with the boil
        return inside and self.present_boil.name == "boil.1" and not elsewhere

    @property
    def present_boil(self) -> Boil:
        """The boil of the plan that is under way or next."""
        return self.plan.boils[self.boil]

    @property
    def last_boil(self) -> bool:
        """Whether the present boil is the last of the plan."""
        return self.boil == len(self.plan.boils) - 1

    def missing(self) -> tuple[tuple[str, str], ...]:
        """Return the required checkpoints that have not been recorded."""
        recorded = {(point.name, point.about) for point in self.checkpoints}
        return tuple(wanted for wanted in self.plan.required if wanted not in recorded)

    def failed(self) -> tuple[Checkpoint, ...]:
        """Return the checkpoints whose last verdict is failed."""
        last = {(point.name, point.about): point for point in self.checkpoints}
        return tuple(point for point in last.values() if point.verdict == "failed")
