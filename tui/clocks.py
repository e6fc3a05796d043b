"""Instants and durations as people read them: site time, `12:34` for spans, one unit for ages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
CHINA = timezone(timedelta(hours=8))
"""China has one time and no summer time: right even on a machine without a time zone database."""


@cache
def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name; China's where this machine does not know the name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - wants a while, and the first paint has no times

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return CHINA


def clock(at_ms: int, zone: tzinfo) -> str:
    """Return `10:23:45`, or `--:--:--` for 0."""
    return _stamp(at_ms, zone).strftime("%H:%M:%S") if at_ms else "--:--:--"


def minute(at_ms: int, zone: tzinfo) -> str:
    """Return `10:23`, or `--:--` for 0."""
    return _stamp(at_ms, zone).strftime("%H:%M") if at_ms else "--:--"


def day_minute(at_ms: int, zone: tzinfo) -> str:
    """Return `11-22 10:23`, or `-` for 0."""
    return _stamp(at_ms, zone).strftime("%m-%d %H:%M") if at_ms else "-"


def iso(at_ms: int, zone: tzinfo) -> str:
    """Return the instant in ISO 8601 with milliseconds and offset."""
    return _stamp(at_ms, zone).isoformat(timespec="milliseconds")


def span(seconds: float) -> str:
    """Return `12:34`, `1:02:34` or `3d 02h`; the sign is kept."""
    whole = int(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    if whole >= _DAY:
        return f"{sign}{whole // _DAY}d {whole % _DAY // _HOUR:02d}h"
    if whole >= _HOUR:
        return f"{sign}{whole // _HOUR}:{whole % _HOUR // _MINUTE:02d}:{whole % _MINUTE:02d}"
    return f"{sign}{whole // _MINUTE}:{whole % _MINUTE:02d}"


def brief(seconds: float) -> str:
    """Return an age or a rest in one unit: `8s`, `24m`, `3h`, `2d`."""
    whole = int(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= size:
            return f"{sign}{whole // size}{unit}"
    return f"{sign}{whole}s"


def _stamp(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)
