"""A reading counts only if it could be true: what could not is marked with a reason and kept, never dropped and never used.

One `Plausibility` per machine sees every snapshot in order. It reads no clock: time is in the snapshots. Reasons: `not-finite`,
`out-of-range`, `rate`, `stuck`, `source-time-frozen`, `source-time-back`, `source-time-ahead`, and those of the link.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from devices.model import Quality, Reading
from devices.site import period_s

if TYPE_CHECKING:
    from devices.model import Snapshot
    from devices.profile import Profile, Tag

STALE_PERIODS: Final = 3
STALE_AT_LEAST_S: Final = 1.0
BELIEVED_AFTER: Final = 3
"""Snapshots that must agree on another source time before we believe that the machine's clock was set."""


def stale_after_s(profile: Profile, speed: int) -> float:
    """Return the wall seconds without anything new after which a machine's values are old."""
    return max(STALE_PERIODS * period_s(profile.period_s, speed), STALE_AT_LEAST_S)


class Plausibility:
    """Judges the readings of one machine. `speed`: plant seconds in a wall second."""

    def __init__(self, profile: Profile, speed: int) -> None:
        self._tags = [tag for tag in profile.scanned if tag.reading]
        self._stale_s = stale_after_s(profile, speed)
        self._ms_per_s = 1000 * speed
        self._boot = -1
        self._pasts: list[tuple[str, _Past]] = []
        self._clock = _Clock()

    def judge(self, snapshot: Snapshot) -> tuple[Snapshot, bool]:
        """Return the snapshot with its doubtful readings marked, and whether its source time is a new one to believe."""
        if snapshot.boot != self._boot:
            self._boot = snapshot.boot
            self._start_over()
        untimely = self._untimely(snapshot)
        readings, received_s = snapshot.readings, snapshot.received_s
        oldest_s = received_s - self._stale_s
        frozen = self._clock.moved_s < oldest_s
        marked: dict[str, Reading] = {}
        for name, past in self._pasts:
            value, quality, at, _ = reading = readings[name]
            if quality is not Quality.GOOD:
                continue
            doubt = untimely or past.doubt_of(reading, received_s)
            if doubt:
                marked[name] = Reading(value, Quality.BAD, at, doubt)
            elif frozen or (past.stuck_polls and past.moved_s < oldest_s):
                marked[name] = Reading(value, Quality.STALE, at, "source-time-frozen")
        moved = self._clock.moved_s == received_s
        return replace(snapshot, readings={**readings, **marked}) if marked else snapshot, moved

    def _start_over(self) -> None:
        self._pasts = [(tag.name, _Past(tag)) for tag in self._tags]
        self._clock = _Clock()

    def _untimely(self, snapshot: Snapshot) -> str:
        """Say what is wrong with the source time: it may not go back, nor run ahead of the time that passed here."""
        clock, at, now_s = self._clock, snapshot.at, snapshot.received_s
        steady = 0 < at - clock.seen_at <= (now_s - clock.seen_s + self._stale_s) * self._ms_per_s
        step_ms, most_ms = at - clock.at, (now_s - clock.moved_s + self._stale_s) * self._ms_per_s
        clock.seen_at, clock.seen_s = at, now_s
        if step_ms == 0:
            return ""
        if not 0 < step_ms <= most_ms:
            clock.steady = clock.steady + 1 if steady else 0
            if clock.steady < BELIEVED_AFTER:
                return "source-time-back" if step_ms < 0 else "source-time-ahead"
            self._start_over()
        self._clock.at, self._clock.moved_s, self._clock.steady = at, now_s, 0
        return ""


@dataclass(slots=True)
class _Clock:
    """The source time believed last and when it came; the one seen last, believed or not."""

    at: int = -1
    moved_s: float = -math.inf
    seen_at: int = -1
    seen_s: float = -math.inf
    steady: int = 0


class _Past:
    """What one tag said last (`alike`: how often in a row), when that was new, and the last value that passed."""

    __slots__ = (
        "_alike",
        "_at",
        "_doubt",
        "_good",
        "_good_at",
        "_high",
        "_low",
        "_rate_per_s",
        "_rise_per_s",
        "_value",
        "moved_s",
        "stuck_polls",
    )

    def __init__(self, tag: Tag) -> None:
        self._low, self._high = tag.low, tag.high
        self._rate_per_s = tag.rate_per_s
        self._rise_per_s = tag.rise_per_s or tag.rate_per_s
        self.stuck_polls = tag.stuck_polls
        self._at, self._value, self._alike = -1, math.nan, 0
        self.moved_s = -math.inf
        self._doubt = ""
        self._good_at, self._good = -1, math.nan

    def doubt_of(self, reading: Reading, received_s: float) -> str:
        """Say why `reading` could not be true; nothing where it could. Remembers it."""
        value, _, at, _ = reading
        if at <= self._at:
            return self._doubt if at == self._at else "source-time-back"
        stands = value == self._value
        self._alike = self._alike + 1 if stands else 1
        self._at, self._value, self.moved_s = at, value, received_s
        # What was doubted does not come true by standing still, however far it might have moved by now.
        standing_doubt = self._doubt if stands and self.stuck_polls else ""
        self._doubt = doubt = self._new_doubt(value, at) or standing_doubt
        if not doubt:
            self._good_at, self._good = at, value
        return doubt

    def _new_doubt(self, value: float, at: int) -> str:
        if not self._low <= value <= self._high:
            return "out-of-range" if math.isfinite(value) else "not-finite"
        if self._rate_per_s and self._good_at >= 0:
            passed_s = (at - self._good_at) / 1000
            # A jump up is not waited out: only what the heater could have done since makes it true.
            rise_per_s = self._rise_per_s if self._doubt else self._rate_per_s
            if not -self._rate_per_s * passed_s <= value - self._good <= rise_per_s * passed_s:
                return "rate"
        if self.stuck_polls and self._alike >= self.stuck_polls:
            return "stuck"
        return ""
