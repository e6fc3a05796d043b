"""The batch record as plain data: what was meant, what was done, by whom, with which machine, and who signed for it.

`fold.record_of` makes one from the journal; `layout` puts it in order for the eye, `html` and `pdf` print it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.render.curve import Samples
    from controller.texts import Texts
    from controller.wire import PatientView

FORM = "batch-record/1"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the journal does not know. `people`: name by badge. `printed_at`: ms. `patient`: as far as the reader may see."""

    site: str
    hospital: str
    patient: PatientView
    diagnosis: str
    people: Mapping[str, str]
    printed_at: int


class Signature(TypedDict):
    """Who signed what, when; `act` is a word of the text table."""

    act: str
    badge: str
    name: str
    at: int
    note: str
    batch: str


class BoilEntry(TypedDict):
    """One boil of the plan, deficits included: seconds asked, credited by us, covered by the machine alone, counted by it."""

    name: str
    required_s: int
    began_at: int
    credit_s: float
    covered_s: float
    counter_s: float
    orders: int
    settled: bool


class BatchEntry(TypedDict):
    """One batch, from the first drawer to the last bag."""

    id: str
    attempt: int
    replaces: str
    opened_at: int
    recipe_version: str
    formulary_version: str
    recipe_digest: str
    settings: list[dict[str, Any]]
    herbs: list[dict[str, Any]]
    machines: dict[str, str]
    soak: dict[str, int]
    boils: list[BoilEntry]
    additions: list[dict[str, Any]]
    packed: int
    planned_bags: int
    checkpoints: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    end: str
    ended_at: int


class Record(TypedDict):
    """The whole record.

    `people`: name by badge of who is named in it. `digest`: sha256 over the canonical facts, to which every signature belongs.
    """

    form: str
    site: str
    hospital: dict[str, str]
    printed_at: int
    patient: PatientView
    diagnosis: str
    prescription: dict[str, Any]
    received_at: int
    promised_at: int
    findings: list[dict[str, Any]]
    batches: list[BatchEntry]
    delivery: dict[str, Any]
    end: str
    ended_at: int
    signatures: list[Signature]
    people: dict[str, str]
    timeline: list[dict[str, Any]]
    digest: str


def to_json(record: Record, _texts: Texts, _samples: Mapping[str, Samples] | None = None) -> bytes:
    """Write the record as JSON; curves have an address of their own."""
    return json.dumps(record, ensure_ascii=False, indent=1).encode()
