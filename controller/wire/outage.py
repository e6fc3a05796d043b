"""The outage sheet as JSON: what every disturbed batch went through and what is proposed for it, worst first."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from controller.wire import BoilView


class SightingView(TypedDict):
    """One good reading of the liquid. `at`: ms; `age_s`: plant seconds ago."""

    celsius: float
    at: int
    age_s: float


class ReasonView(TypedDict):
    """Why something is proposed: a rule id, its numbers, and both texts."""

    rule: str
    facts: dict[str, Any]
    text_zh: str
    text_en: str


class OutageRow(TypedDict):
    """One batch in one machine. `severity`: 0 goes on, to 6 lost.

    `away_s`: how long the machine was not seen, `back_at` 0 while it is not, or where it never was away. `before`: last reading
    before, `seen`: newest reading after. `reckoned_celsius`: (lowest, highest) now, where it is not seen. `zone_s`, `paused_s`:
    the longest that it can have stood at 21-60 Cel, and below the boil. `constant_s`: (shortest, longest) of the pot. `offered`:
    what may be signed; `choice`: the one that is proposed, empty where none is. `minutes`: at the boil, to go on or make up.
    """

    machine: str
    kind: str
    batch: str
    case: str
    prescription_no: str
    name: str
    second: str
    stage: str
    step: str
    link: str
    before: SightingView | None
    seen: SightingView | None
    reckoned_celsius: list[float] | None
    away_s: float
    back_at: int
    zone_s: float
    paused_s: float
    constant_s: list[float] | None
    learned: bool
    boil: BoilView | None
    offered: list[str]
    advice: str
    advice_zh: str
    advice_en: str
    choice: str
    minutes: int
    severity: int
    reasons: list[ReasonView]


class OutageSheet(TypedDict):
    """All disturbed batches, worst first. `at`: ms; `advice`: how many rows propose what."""

    site: str
    at: int
    advice: dict[str, int]
    rows: list[OutageRow]
