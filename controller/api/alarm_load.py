"""The load of alarms by the month, read from the journal when somebody asks, beside the line and never more than so much."""

import asyncio
from datetime import datetime, tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from controller.api.desk import Call, Here, answer_json
from controller.api.openapi import described
from controller.model.people import StationKind
from controller.quality.alarm_load import AlarmLoad, Month, judge_load
from controller.wire.alarm_load import AlarmLoadView

router = APIRouter(prefix="/api/v1", tags=["alarms"])

MOST_FACTS: Final = 200_000
"""Facts of a month that are read at most: two seconds of one thread."""
_CONSOLES = frozenset({StationKind.REVIEW, StationKind.RELEASE, StationKind.FLOOR, StationKind.ANY})
MonthText = Annotated[str, Query(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]


@router.get("/alarms/kpi", **described(None, {200: AlarmLoadView}))
async def kpi(here: Here, month: MonthText = "") -> Response:
    """Show what a month of alarms asked of people; the present month where none is named."""
    context = here.context
    now, zone = context.line.clock.now(), context.line.book.timezone
    month = month or f"{datetime.fromtimestamp(now / 1000, zone):%Y-%m}"
    return answer_json(await asyncio.to_thread(_load, here, month, now, zone))


def _load(here: Call, month: str, now: int, zone: tzinfo) -> AlarmLoadView:
    context, table = here.context, here.context.line.book.alarms
    begins, ends = bounds(month, zone)
    first = context.store.facts_after(0, 1)
    from_at = max(begins, first[0].at if first else now)
    until_at = max(from_at, min(ends, now))
    stored = context.store.alarm_facts((from_at, until_at), MOST_FACTS)
    consoles = sum(station.kind in _CONSOLES for station in context.line.book.stations.values())
    standing = context.line.floor.alarms.values() if until_at == now else ()
    period = Month(from_at, until_at, max(1, consoles), context.line.clock.speed)
    load = judge_load((one.fact for one in stored), standing, period, table)
    return _view(month, period, load, here, whole=len(stored) < MOST_FACTS)


def bounds(month: str, zone: tzinfo) -> tuple[int, int]:
    """Return the first instant, ms, of a month `YYYY-MM` of the site, and that of the next."""
    year, number = int(month[:4]), int(month[5:])
    ends = (year + number // 12, number % 12 + 1)
    first, last = (datetime(*when, 1, tzinfo=zone) for when in ((year, number), ends))
    return round(first.timestamp() * 1000), round(last.timestamp() * 1000)


def _view(month: str, period: Month, load: AlarmLoad, here: Call, *, whole: bool) -> AlarmLoadView:
    limits = here.context.line.book.alarms.load
    return {
        "month": month,
        "from_at": period.from_at,
        "until_at": period.until_at,
        "consoles": period.consoles,
        "window_minutes": limits.window_minutes,
        "flood_from": limits.flood_from,
        "stale_hours": limits.stale_hours,
        "raised": load.raised,
        "average": round(load.average, 4),
        "most": round(load.most, 2),
        "flood_share": round(load.flood_share, 5),
        "stale": list(load.stale),
        "chattering": list(load.chattering),
        "share": {priority: round(share, 4) for priority, share in load.share.items()},
        "wanted": {priority.value: share for priority, share in limits.share.items()},
        "in_time": None if load.in_time is None else round(load.in_time, 4),
        "escalated": load.escalated,
        "frequent": [{"alarm": alarm, "count": count} for alarm, count in load.frequent],
        "whole": whole,
    }
