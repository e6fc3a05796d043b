"""After an outage every batch is judged by the worst that what is known allows, and only what may be signed is proposed.

`judge(plight, table)` is pure. Whatever was not seen is taken at its worst: the pot cooled as slowly through the temperatures
at which bacteria grow as its constant allows, and stood below the boil from the last moment it was seen there. So a longer outage
is never judged milder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from controller.model.batch import Cause, Choice
from controller.quality.boil import BoilVerdict
from controller.quality.cooling import CoolingTable  # noqa: TC001 - read at run time by the table reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from controller.model.batch import BoilRecord, Hold
    from controller.quality.cooling import Cooling


class Advice(StrEnum):
    """What is proposed. The last three are nothing to sign: it goes on, nobody can say yet, a pharmacist must weigh it."""

    CONTINUE = Choice.CONTINUE.value
    RUN_DEFICIT = Choice.RUN_DEFICIT.value
    ACCEPT_DEVIATION = Choice.ACCEPT_DEVIATION.value
    SCRAP = Choice.SCRAP.value
    GOES_ON = "goes-on"
    WAIT = "wait"
    DECIDE = "decide"


class Severity(IntEnum):
    """How bad it is; the sheet begins with the worst."""

    GOES_ON = 0
    WHOLE = 1
    ATTESTED = 2
    SHORT = 3
    DARK = 4
    DOUBTFUL = 5
    LOST = 6


_SEVERITY = {
    Advice.GOES_ON: Severity.GOES_ON,
    Advice.CONTINUE: Severity.WHOLE,
    Advice.ACCEPT_DEVIATION: Severity.ATTESTED,
    Advice.RUN_DEFICIT: Severity.SHORT,
    Advice.WAIT: Severity.DARK,
    Advice.DECIDE: Severity.DOUBTFUL,
    Advice.SCRAP: Severity.LOST,
}
_NO_MORE: Mapping[str, int | float] = MappingProxyType({})
_UNKNOWN = "unknown"
"""Reason of the hold that a look at the machine settles, and nothing else."""


@dataclass(frozen=True, slots=True)
class OutageTable:
    """The numbers of outage.toml. `zone_celsius`: where bacteria grow, and `zone_minutes` how long cooked liquid may stand there.

    `pause_minutes`: for which a boil may be interrupted; `least_gap_minutes`: silence that counts as an outage.
    """

    zone_celsius: tuple[float, float]
    zone_minutes: int
    pause_minutes: int
    least_gap_minutes: int
    cooling: CoolingTable


@dataclass(frozen=True, slots=True)
class Sighting:
    """One good reading of the liquid. `at`: ms."""

    at: int
    celsius: float


@dataclass(frozen=True, slots=True)
class Plight:
    """What is known of a batch in a machine at `at`, ms.

    `since`: last reading before the outage, `back_at` the first after it, 0 while it lasts or where there was none. `seen`: the
    newest reading since it was back, None while it is away. `hot`, `boiled`: the newest reading above the growth zone, and at
    the boil. `boil`: the one that is not settled yet. `cooked_at`: when the first boil began, 0 before; `soaked_at` when the
    soak did. `running`: the machine says that it never stopped. `cooling`: None where the temperature is not the liquid's.
    """

    at: int
    holds: tuple[Hold, ...]
    soak_max_minutes: int
    boil_celsius: float = 0.0
    since: Sighting | None = None
    back_at: int = 0
    seen: Sighting | None = None
    hot: Sighting | None = None
    boiled: Sighting | None = None
    boil: BoilRecord | None = None
    cooked_at: int = 0
    soaked_at: int = 0
    running: bool = False
    cooling: Cooling | None = None

    @property
    def offered(self) -> tuple[Choice, ...]:
        """What may be signed, over all holds."""
        return tuple(dict.fromkeys(choice for hold in self.holds for choice in hold.choices))

    @property
    def away_s(self) -> float:
        """How long it was, or is, away."""
        return ((self.back_at or self.at) - self.since.at) / 1000 if self.since is not None else 0.0

    @property
    def missing_s(self) -> float:
        """Seconds at the boil that are not proven yet."""
        record = self.boil
        return (
            0.0 if record is None else max(0.0, record.required_s - min(record.total_credit_s, record.total_counter_s))
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the id of a text and the numbers in it."""

    rule: str
    facts: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])


@dataclass(frozen=True, slots=True)
class Judgement:
    """A proposal.

    `minutes`: at the boil, to go on or to make up. `zone_s`, `paused_s`: the longest that it can have stood at temperatures
    where bacteria grow, and below the boil. `celsius`: what the liquid may have now, None where nobody can say.
    """

    advice: Advice
    severity: Severity
    minutes: int
    zone_s: float
    paused_s: float
    celsius: tuple[float, float] | None
    reasons: tuple[Reason, ...]

    @property
    def choice(self) -> Choice | None:
        """What is proposed to be signed."""
        return Choice(self.advice) if self.advice in set(Choice) else None


def judge(plight: Plight, table: OutageTable) -> Judgement:
    """Propose what to do with a batch, among what its holds offer."""
    zone_s, paused_s = _zone_s(plight, table), _paused_s(plight)
    soaked_s = (plight.at - plight.soaked_at) / 1000 if plight.soaked_at and not plight.cooked_at else 0.0
    lost = zone_s > table.zone_minutes * 60
    doubtful = paused_s > table.pause_minutes * 60 or soaked_s > plight.soak_max_minutes * 60
    advice = _advice(plight, lost=lost, doubtful=doubtful)
    worst = Severity.LOST if lost else Severity.DOUBTFUL if doubtful else Severity.GOES_ON
    celsius = _celsius(plight)
    return Judgement(
        advice,
        max(_SEVERITY[advice], worst),
        math.ceil(_minutes(plight, advice)),
        zone_s,
        paused_s,
        celsius,
        tuple(_reasons(plight, table, zone_s, paused_s, soaked_s, celsius)),
    )


def _advice(plight: Plight, *, lost: bool, doubtful: bool) -> Advice:
    """Choose; the order of the questions is from what nobody can mend to what nobody need look at."""
    offered = plight.offered
    if not plight.holds:
        return Advice.DECIDE if lost or doubtful else Advice.GOES_ON
    if not offered or all(hold.cause is Cause.LINK for hold in plight.holds):
        return Advice.WAIT
    if lost:
        return Advice.SCRAP if Choice.SCRAP in offered else Advice.DECIDE
    if offered == (Choice.SCRAP,):
        return Advice.SCRAP
    if doubtful or any(_is_for_a_person(hold) for hold in plight.holds):
        return Advice.DECIDE
    if Choice.ACCEPT_DEVIATION in offered:
        # Beside a deficit it is for minutes that the machine alone saw; else for two counters that differ.
        return Advice.ACCEPT_DEVIATION if Choice.RUN_DEFICIT in offered else Advice.DECIDE
    if Choice.RUN_DEFICIT in offered:
        return Advice.RUN_DEFICIT
    return Advice.CONTINUE if Choice.CONTINUE in offered else Advice.DECIDE


def _is_for_a_person(hold: Hold) -> bool:
    """Say whether no temperature can settle it: it is not about an outage, or somebody must look at the machine first."""
    return hold.reason == _UNKNOWN or (hold.cause is Cause.PERSON and hold.reason != BoilVerdict.ATTESTED)


def _minutes(plight: Plight, advice: Advice) -> float:
    if advice is Advice.RUN_DEFICIT:
        return plight.missing_s / 60
    if plight.boil is None or advice not in (Advice.CONTINUE, Advice.GOES_ON):
        return 0.0
    return max(0.0, plight.boil.required_s - plight.boil.total_counter_s) / 60


def _zone_s(plight: Plight, table: OutageTable) -> float:
    """Return the longest that liquid once cooked can have stood in the growth zone up to now."""
    cooling = plight.cooling
    if not plight.cooked_at or cooling is None:
        return 0.0
    low, high = table.zone_celsius
    from_ = plight.hot or Sighting(plight.cooked_at, high)
    bounds = [(plight.at - from_.at) / 1000 - cooling.least_s(from_.celsius, high), cooling.most_s(high, low)]
    if plight.seen is not None:
        bounds.append(cooling.most_s(high, plight.seen.celsius) + (plight.at - plight.seen.at) / 1000)
    return max(0.0, min(bounds))


def _paused_s(plight: Plight) -> float:
    """Return the longest that a boil that had begun can have stood below the boil up to now."""
    record, seen, cooling = plight.boil, plight.seen, plight.cooling
    if record is None or not record.began_at or cooling is None:
        return 0.0
    from_at = plight.boiled.at if plight.boiled is not None else record.began_at
    bounds = [(plight.at - from_at) / 1000]
    if seen is not None:
        bounds.append(cooling.most_s(plight.boil_celsius, seen.celsius) + (plight.at - seen.at) / 1000)
    return max(0.0, min(bounds))


def _celsius(plight: Plight) -> tuple[float, float] | None:
    if plight.seen is not None:
        return plight.seen.celsius, plight.seen.celsius
    if plight.since is None or plight.cooling is None:
        return None
    low, high = plight.cooling.after(plight.since.celsius, (plight.at - plight.since.at) / 1000)
    return low, high


def _reasons(
    plight: Plight,
    table: OutageTable,
    zone_s: float,
    paused_s: float,
    soaked_s: float,
    celsius: tuple[float, float] | None,
) -> Iterator[Reason]:
    if zone_s:
        low, high = table.zone_celsius
        yield _limited("zone", zone_s, table.zone_minutes, {"low": round(low), "high": round(high)})
    if paused_s >= 60:  # noqa: PLR2004 - a minute: less is not worth a line
        yield _limited("paused", paused_s, table.pause_minutes)
    if soaked_s:
        yield _limited("soaked", soaked_s, plight.soak_max_minutes)
    if plight.running:
        yield Reason("never-stopped")
    if plight.boil is not None:
        yield _of_boil(plight.boil, plight.missing_s)
    if celsius is None:
        yield Reason("nothing-known")
    elif plight.seen is None and plight.cooling is not None:
        yield Reason("now-reckoned", {"low": round(celsius[0]), "high": round(celsius[1])})
    if plight.cooling is not None and (zone_s or paused_s or plight.seen is None):
        yield Reason("constant-learned" if plight.cooling.learned else "constant-assumed", _constant(plight.cooling))


def _limited(rule: str, seconds: float, limit: int, more: Mapping[str, int | float] = _NO_MORE) -> Reason:
    """Name what has a limit by `rule`, or once it is past it by `rule`-too-long."""
    facts = {"minutes": math.ceil(seconds / 60), "limit": limit, **more}
    return Reason(f"{rule}-too-long" if seconds > limit * 60 else rule, facts)


def _of_boil(record: BoilRecord, missing_s: float) -> Reason:
    facts: dict[str, int | float] = {
        "required": round(record.required_s / 60, 1),
        "credit": round(record.total_credit_s / 60, 1),
        "covered": round(record.total_covered_s / 60, 1),
        "counter": round(record.total_counter_s / 60, 1),
        "missing": math.ceil(missing_s / 60),
    }
    return Reason("boil-short" if missing_s else "boil-whole", facts)


def _constant(cooling: Cooling) -> dict[str, int | float]:
    return {"low": round(cooling.shortest_s / 60), "high": round(cooling.longest_s / 60)}
