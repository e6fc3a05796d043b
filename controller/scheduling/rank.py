"""Promise and slack: who comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from controller.model.prescription import Urgency

if TYPE_CHECKING:
    from datetime import tzinfo

    from controller.model.recipe import RecipeTable

_MINUTE_MS = 60_000


def promise(received_at: int, urgency: Urgency, table: RecipeTable, timezone: tzinfo) -> int:
    """Return the promised time, ms: urgent a fixed time after receipt, routine on the next day, one later past the cut-off."""
    if urgency is Urgency.URGENT:
        return received_at + table.urgent_minutes * _MINUTE_MS
    local = datetime.fromtimestamp(received_at / 1000, UTC).astimezone(timezone)
    days = 1 if local.hour < table.routine_cutoff_hour else 2
    due = (local + timedelta(days=days)).replace(hour=table.routine_promise_hour, minute=0, second=0, microsecond=0)
    return int(due.timestamp() * 1000)


def latest_start(promised_at: int, estimate_minutes: int) -> int:
    """Return the slack rank: the last moment to begin, ms."""
    return promised_at - estimate_minutes * _MINUTE_MS


def at_risk(now: int, promised_at: int, estimate_minutes: int, queued: int, pots: int, pot_minutes: int) -> bool:
    """Say whether the promise is in danger: own work plus the queue in front of the pots."""
    wait_minutes = queued / max(pots, 1) * pot_minutes
    return now + int((estimate_minutes + wait_minutes) * _MINUTE_MS) > promised_at
