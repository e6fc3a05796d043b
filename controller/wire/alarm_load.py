"""A month of alarms as JSON: the figures of ISA-18.2 with the limits they are compared with."""

from __future__ import annotations

from typing_extensions import TypedDict


class FrequentView(TypedDict):
    """One alarm and how often it asked somebody."""

    alarm: str
    count: int


class AlarmLoadView(TypedDict):
    """The load of a month, from `from_at` (ms; the line's first fact where that is later) up to `until_at` (now, in this month).

    `average`, `most`: alarms per `window_minutes` and console; `flood_share`: of the windows with more than `flood_from` a
    console. `share`: of the alarms by priority, `wanted` what the standard wants. `in_time`: share acknowledged within the time
    to respond, null where none was to be. `whole`: false where the month had more facts than are read at once.
    """

    month: str
    from_at: int
    until_at: int
    consoles: int
    window_minutes: int
    flood_from: int
    stale_hours: int
    raised: int
    average: float
    most: float
    flood_share: float
    stale: list[str]
    chattering: list[str]
    share: dict[str, float]
    wanted: dict[str, float]
    in_time: float | None
    escalated: int
    frequent: list[FrequentView]
    whole: bool
