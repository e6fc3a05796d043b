"""The JSON that leaves the controller, as types; the floor terminal and simulated staff import nothing else of ours.

Typed dictionaries, so that a reader pays nothing to decode them. Instants are ms of plant time; ages and durations
say their unit. Texts come in both languages, Chinese first.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class ReadingView(TypedDict):
    """One measured value. `age_s`: wall seconds since we received it."""

    value: float
    unit: str
    quality: str
    reason: str
    at: int
    age_s: float


class BoilView(TypedDict):
    """The present boil of a batch. `state`: heating, boiling, ended."""

    name: str
    required_s: int
    credit_s: float
    counter_s: float
    began_at: int
    ends_at: int
    opens_at: int
    closes_at: int
    state: str


class MachineView(TypedDict):
    """One machine, live. `link`: never, fresh, stale, or manual where there is none; `link_since`: ms.

    `by_hand`: people work it; `begun_by`: who said, at `begun_at` (ms), that the present step is under way, empty otherwise.
    `monitor_only`: it is read, shown and alarmed, and never asked for anything.
    `batch`, `case`, `prescription_no` are empty where it holds nothing.
    """

    id: str
    kind: str
    code: str
    profile: str
    waiver: str
    watchdog: str
    by_hand: bool
    monitor_only: bool
    begun_by: str
    begun_at: int
    link: str
    link_since: int
    age_s: float
    state: str
    step: str
    mode: str
    boot: int
    fault: int
    fault_zh: str
    fault_en: str
    batch: str
    case: str
    prescription_no: str
    next_batch: str
    out_by: str
    out_at: int
    out_note: str
    held: bool
    order_step: str
    remaining_s: int
    clean: bool
    volume_ml: list[int]
    packer: str
    free_at: int
    boil: BoilView | None
    readings: dict[str, ReadingView]


class FindingView(TypedDict):
    """One finding of review."""

    rule: str
    herbs: list[str]
    settles: str
    text_zh: str
    text_en: str
    source: str
    proposal: str
    overridden_by: str


class CheckpointView(TypedDict):
    """One checkpoint."""

    gate: str
    name: str
    about: str
    verdict: str
    by: str
    at: int
    value: float | None
    low: float | None
    high: float | None
    unit: str
    evidence: str
    attested: bool


class HoldView(TypedDict):
    """Why a batch is on hold and what may be signed."""

    reason: str
    cause: str
    at: int
    choices: list[str]
    machine: str
    note: str
    text_zh: str
    text_en: str


class ItemView(TypedDict):
    """One herb of a prescription and what was weighed of it (empty before)."""

    herb: str
    grams: float
    handling: str
    total_grams: float
    weighed: list[float]
    lot: str
    drawer: str


class BatchView(TypedDict):
    """One batch."""

    id: str
    attempt: int
    stage: str
    opened_at: int
    pail: str
    pot: str
    packer: str
    soak_machine: str
    soak_began_at: int
    charged_at: int
    dispensers: list[str]
    verifier: str
    operators: list[str]
    released_by: str
    plan: dict[str, Any]
    boils: list[BoilView]
    holds: list[HoldView]
    deviations: list[dict[str, Any]]
    bags: list[str]
    boxed: int
    checkpoints: list[CheckpointView]
    missing: list[list[str]]


class ParcelView(TypedDict):
    """What leaves the centre. `labels`: what the parcel says beside the bags (melt, take-with, ...)."""

    code: str
    pickup_code: str
    method: str
    courier: str
    handed_over_at: int
    labels: list[str]


class FactView(TypedDict):
    """One fact of a timeline or of the stream."""

    seq: int
    at: int
    kind: str
    about: str
    body: dict[str, Any]


class PatientView(TypedDict):
    """Who it is for, as far as the key may see. `name` is masked unless the role needs it; `second` is a second identifier."""

    name: str
    second: str
    sex: str
    age_years: int
    pregnant: bool | None
    lactating: bool | None
    allergies: list[str] | None


class PrescriptionRow(TypedDict):
    """One line of the list. `status` is the contract's; while held, `stage` tells where it came from."""

    id: str
    hospital: str
    prescription_no: str
    version: int
    status: str
    stage: str
    urgency: str
    preparation: str
    delivery: str
    received_at: int
    promised_at: int
    slack_s: float
    promise_at_risk: bool
    late: bool
    batch: str
    machine: str
    patient: PatientView


class PrescriptionView(PrescriptionRow):
    """One prescription, whole."""

    doses: int
    servings_per_dose: int
    serving_ml: int
    route: str
    recipe_class: str
    prescriber: str
    diagnosis: str
    items: list[ItemView]
    findings: list[FindingView]
    batches: list[BatchView]
    parcel: ParcelView | None
    timeline: list[FactView]


class PrescriptionPage(TypedDict):
    """A page, ordered by slack to the promise. `cursor` is null on the last page."""

    items: list[PrescriptionRow]
    cursor: str | None


class Received(TypedDict):
    """The answer to a prescription."""

    id: str
    status: str
    promised_at: str
    promise_at_risk: bool
    findings: list[FindingView]


class TaskView(TypedDict):
    """One act that a person is asked for (see `controller.model.task`)."""

    kind: str
    case: str
    batch: str
    prescription_no: str
    role: str
    rank: int
    code: str
    into: str
    codes: list[str]
    choices: list[str]
    opens_at: int
    closes_at: int
    details: dict[str, Any]
    text_zh: str
    text_en: str


class AlarmView(TypedDict):
    """One alarm with its ISA-18.2 state and what to do, and in how many wall minutes.

    `shelved_until`: ms, 0 while it is not shelved; `suppressed_by`: the alarm, or the state of its machine, that says it for this
    one. `recurrences`: how often its condition came again; `repeats`: how often it was said again; `called`: how often it was
    escalated, `called_role` to whom last. `out_by`: who took it, or its machine, out of service.
    """

    id: str
    rule: str
    source: str
    priority: str
    state: str
    raised_at: int
    acknowledged_by: str
    acknowledged_at: int
    cleared_at: int
    respond_minutes: int
    shelvable: bool
    shelved_until: int
    shelved_by: str
    suppressed_by: str
    recurrences: int
    repeats: int
    called: int
    called_role: str
    out_by: str
    out_at: int
    out_note: str
    detail: str
    text_zh: str
    text_en: str
    cause_zh: str
    cause_en: str
    action_zh: str
    action_en: str


class StationView(TypedDict):
    """One bench by its names."""

    id: str
    name_zh: str
    name_en: str


class LineView(TypedDict):
    """The line at a glance. `timezone`: IANA name of the site's, in which its people read every instant.

    `counts`: open prescriptions by status; `alarms`: alarms by their ISA-18.2 state, states without any left out; `waivers`:
    machine ids that run without security; `out_of_service`: machine ids that get no new work.
    """

    line: str
    name: str
    timezone: str
    now: int
    speed: int
    seq: int
    counts: dict[str, int]
    late: int
    at_risk: int
    alarms: dict[str, int]
    waivers: list[str]
    out_of_service: list[str]
    stations: list[StationView]


class IntentAnswer(TypedDict):
    """What an accepted act did."""

    action: str
    facts: list[FactView]
    text_zh: str
    text_en: str


class ScanAnswer(IntentAnswer):
    """`shows`: where one code alone was scanned, what it is (`kind`, `id` and a few fields); nothing was changed then."""

    shows: dict[str, Any] | None


class FieldError(TypedDict):
    """One error in a body: a JSON pointer and what is wrong."""

    pointer: str
    message: str


class Problem(TypedDict, total=False):
    """RFC 9457 problem; of a refusal also its rule, facts, who may override and the nearest legal action."""

    type: str
    title: str
    status: int
    detail: str
    rule: str
    facts: dict[str, Any]
    who_may_override: list[str]
    next_action: str
    text_zh: str
    text_en: str
    errors: list[FieldError]
    diff: dict[str, Any]


class CurvePoint(TypedDict):
    """One sample of a batch curve; null `value` marks a gap."""

    at: int
    value: float | None
    quality: str


class CurveView(TypedDict):
    """The temperature curve of a batch. `boil_celsius`: threshold of the credit."""

    batch: str
    machine: str
    tag: str
    unit: str
    boil_celsius: float
    points: list[CurvePoint]
