"""One hospital cannot take the line's time from the others: a bucket of requests per hospital, refilled by the minute."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING

from controller.api.problems import Problematic

if TYPE_CHECKING:
    from collections.abc import Callable


class Rate:
    """Buckets of `per_minute` requests; 0 sets no limit. `now_s`: wall seconds that never go back."""

    def __init__(self, per_minute: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now_s = now_s
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, hospital: str) -> None:
        """Count one request. Raises Problematic 429 where the bucket is empty."""
        if not self._per_minute:
            return
        now_s = self._now_s()
        left, seen_s = self._buckets.get(hospital, (float(self._per_minute), now_s))
        left = min(float(self._per_minute), left + (now_s - seen_s) * self._per_minute / 60)
        if left < 1:
            self._buckets[hospital] = left, now_s
            wait_s = ceil((1 - left) * 60 / self._per_minute)
            raise Problematic(429, "too-many-requests", {"per_minute": self._per_minute}, retry_after_s=wait_s)
        self._buckets[hospital] = left - 1, now_s
