"""What a machine does beside what its profile promises: read for some seconds through its own link, never written to.

`inspect(site, profile, ...)` is what `decoction probe` shows; it needs no controller. A machine that cannot be reached is a
finding like any other, so nothing of the link is raised.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from devices import codec
from devices.errors import CodecError, DeviceError, LinkDistrusted, LinkDown, LinkError, LinkTimeout
from devices.links import open_link
from devices.model import Quality
from devices.plausibility import Plausibility, stale_after_s
from devices.profile_rules import SOURCE_TIME
from devices.protocol import Said, Scan
from devices.site import grace_s, period_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from devices.model import Reading, Snapshot
    from devices.profile import Profile, Tag
    from devices.protocol import Link, Request, Survey, Value
    from devices.site import MachineSite

TRIES: Final = 3
"""Times that a machine which never answered is asked before it counts as out of reach."""
_RETRY_S: Final = 0.25
_IN_A_ROW: Final = 5
"""Reads without a pause at the end, to see that the machine takes requests as close together as its profile says."""


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag as it was read last. `doubt`: why it is not good; `at`: source time in ms, 0 where the machine says none."""

    tag: Tag
    raw: str
    value: Value | None
    quality: Quality | None
    doubt: str
    at: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that the machine did not keep, by the id of its text, with the facts of it."""

    rule: str
    facts: Mapping[str, object]


@dataclass(slots=True)
class Inspection:
    """What was found. `surveys`: whole reads. `now`: plant time in ms at the last; `drift_ms`: the machine's time less that."""

    surveys: int = 0
    failures: int = 0
    error: DeviceError | None = None
    hung_up: bool = False
    rows: tuple[TagRow, ...] = ()
    snapshot: Snapshot | None = None
    now: int = 0
    drift_ms: int | None = None
    requests: list[Request] = field(default_factory=list["Request"])
    broken: list[Broken] = field(default_factory=list[Broken])

    @property
    def median_s(self) -> float:
        """Wall seconds that half of the requests took at most; nan without any."""
        return statistics.median(request.took_s for request in self.requests) if self.requests else math.nan

    @property
    def longest_s(self) -> float:
        """Wall seconds that the slowest answer took; nan without any."""
        return max((request.took_s for request in self.requests), default=math.nan)

    @property
    def smallest_gap_s(self) -> float:
        """Wall seconds of the shortest silence after which a request was still answered; nan where none followed another."""
        gaps = [request.waited_s for request in self.requests if not request.refused and request.waited_s < math.inf]
        return min(gaps, default=math.nan)


async def inspect(
    site: MachineSite, profile: Profile, *, now: Callable[[], int], speed: int, seconds: float
) -> Inspection:
    """Look at a machine for `seconds` of the wall. `now`: plant time in ms. Raises SiteError where the profile does not fit."""
    link = open_link(site, profile)
    look = _Look(site, profile, now, speed)
    deadline_s = time.monotonic() + seconds
    try:
        while look.found.surveys == 0 or time.monotonic() < deadline_s:
            began_s = time.monotonic()
            if not await look.once(link):
                if look.found.surveys == 0 and look.found.failures >= TRIES:
                    break
                await asyncio.sleep(_RETRY_S)
                continue
            rest_s = min(deadline_s, began_s + period_s(profile.period_s, speed)) - time.monotonic()
            await asyncio.sleep(max(0.0, rest_s))
        for _ in range(_IN_A_ROW if look.found.surveys else 0):
            await look.once(link, judged=False)
    finally:
        await link.close()
    look.judge()
    return look.found


class _Look:
    """What is remembered from one read to the next."""

    def __init__(self, site: MachineSite, profile: Profile, now: Callable[[], int], speed: int) -> None:
        self.found = Inspection()
        self._profile, self._now, self._speed = profile, now, speed
        self._decoder = codec.Decoder(profile, site.id)
        self._plausibility = Plausibility(profile, speed)
        self._last: Survey | None = None
        self._readings: Mapping[str, Reading] = {}
        self._doubts: dict[tuple[str, str], int] = {}
        self._times: list[tuple[float, int]] = []
        self._boots: list[int] = []
        self._senseless = ""

    async def once(self, link: Link, *, judged: bool = True) -> bool:
        """Read the machine once; False where it could not be read. Reads closer than values may move are not `judged`."""
        found, began_s = self.found, time.monotonic()
        connected = link.connected
        try:
            if not connected:
                await link.connect()
                connected, began_s = True, time.monotonic()
            survey = await link.survey()
        except LinkError as error:
            found.failures += 1
            found.error = error
            quick = time.monotonic() - began_s < self._profile.timeout_s / 2
            found.hung_up = connected and quick and isinstance(error, LinkTimeout | LinkDown)
            return False
        found.requests += survey.requests
        if judged:
            found.surveys += 1
            self._take(survey)
        return True

    def _take(self, survey: Survey) -> None:
        received_s = time.monotonic()
        self._last = survey
        self.found.now = self._now()
        if survey.at is not None:
            self._times.append((received_s, survey.at))
            self.found.drift_ms = survey.at - self.found.now
        ordered = [survey.said[tag.name] for tag in self._profile.scanned]
        flaws = {tag.name: said.flaw for tag, said in zip(self._profile.scanned, ordered, strict=True) if said.flaw}
        times = [said.at for said in ordered] if self._profile.protocol == "opcua" else ()
        try:
            snapshot = self._decoder.snapshot(Scan([said.value for said in ordered], flaws, times), received_s)
        except CodecError as error:
            self._senseless = str(error)
            return
        self._senseless = ""
        self.found.snapshot, _ = self._plausibility.judge(snapshot)
        self._readings = self.found.snapshot.readings
        self._boots.append(snapshot.boot)
        for name, reading in self._readings.items():
            if reading.quality is not Quality.GOOD:
                self._doubts[name, reading.reason] = self._doubts.get((name, reading.reason), 0) + 1

    def judge(self) -> None:
        """Put rows and broken promises together."""
        found = self.found
        if self._last is not None:
            found.rows = tuple(self._row(tag, self._last.said[tag.name]) for tag in self._profile.scanned)
        found.broken = [*self._of_the_road(), *self._of_the_tags(), *self._of_the_clock()]

    def _row(self, tag: Tag, said: Said) -> TagRow:
        reading = self._readings.get(tag.name)
        at = said.at or (self._last.at if self._last is not None else None) or 0
        if said.value is None or reading is None or said.flaw:
            return TagRow(tag, said.raw, said.value, Quality.BAD if said.flaw else None, said.flaw, at)
        return TagRow(tag, said.raw, said.value, reading.quality, reading.reason, at)

    def _of_the_road(self) -> Iterator[Broken]:
        found = self.found
        if found.surveys == 0 and found.error is not None:
            rule = (
                "distrusted"
                if isinstance(found.error, LinkDistrusted)
                else "hung-up"
                if found.hung_up
                else "unreachable"
            )
            yield Broken(rule, {"why": str(found.error)})
        elif found.failures:
            yield Broken("lost", {"times": found.failures, "why": str(found.error)})
        for asked, code in dict.fromkeys((one.asked, one.refused) for one in found.requests if one.refused):
            yield Broken("block-split", {"block": asked, "code": code})

    def _of_the_tags(self) -> Iterator[Broken]:
        for row in self.found.rows:
            if row.value is None:
                yield Broken(
                    "senseless" if row.raw else "unreadable", {"tag": row.tag.name, "why": row.doubt, "raw": row.raw}
                )
        for (name, reason), times in self._doubts.items():
            if all(row.tag.name != name or row.value is not None for row in self.found.rows):
                yield Broken("doubtful", {"tag": name, "why": reason, "times": times, "of": self.found.surveys})
        if len(set(self._boots)) > 1:
            yield Broken("rebooted", {"before": self._boots[0], "after": self._boots[-1]})

    def _of_the_clock(self) -> Iterator[Broken]:
        if self.found.surveys and not self._times:
            yield Broken("no-clock", {"tag": SOURCE_TIME})
            return
        if not self._times:
            return
        (first_s, first), (last_s, last) = self._times[0], self._times[-1]
        if last <= first and last_s - first_s >= stale_after_s(self._profile, self._speed):
            yield Broken("clock-still", {"seconds": round(last_s - first_s)})
        drift_s = (self.found.drift_ms or 0) / 1000
        if abs(drift_s) > (grace := grace_s(self._profile.period_s, self._speed)):
            yield Broken("drift", {"seconds": round(drift_s), "most": round(grace)})
