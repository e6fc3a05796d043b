"""What the machines, the answers and the journal say of a run. The controller's own opinion is not asked."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from controller.model.facts import BagBoxed, BatchOpened, BatchPacked, BatchReleased, PrescriptionReceived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from controller.store import Store, StoredFact

    Tell = Callable[[int], object]
    """Is told now and then how much of n is done."""

_HEAT_LIMIT_MS = 4 * 3600 * 1000
"""No boil of the harness heats longer than this in plant time, with its heat-up and a hold of 2 g more."""


COUNTED = ("wrong_bag", "lost", "double_start", "early_release", "unsafe_heat")
_BOIL_ENDS = frozenset({"boil-end", "heat-off", "fault", "stop", "boot"})


def quietly(_done: int) -> None:
    """Tell nobody."""


@dataclass
class Row:
    """One line of the fault table. Counts of violations; `bound95`: upper 95 % bound of a rate of zero, 3/n.

    `also`: violations of what this row promises beyond the columns, by name. `seen`: what happened, no violations.
    `recoveries`: wall seconds that each took.
    """

    fault: str
    n: int
    seed: int
    wrong_bag: int = 0
    lost: int = 0
    double_start: int = 0
    early_release: int = 0
    unsafe_heat: int = 0
    recoveries: list[float] = field(default_factory=list[float])
    control: str = ""
    also: dict[str, int] = field(default_factory=dict[str, int])
    seen: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def violations(self) -> int:
        """All violations."""
        return sum(getattr(self, column) for column in COUNTED) + sum(self.also.values())

    @property
    def recovery_p50_s(self) -> float:
        """Median of the recoveries, 0 where there are too few."""
        return round(median(self.recoveries), 3) if len(self.recoveries) > 1 else 0.0

    @property
    def recovery_p99_s(self) -> float:
        """99th percentile of the recoveries, 0 where there are too few."""
        return round(quantiles(self.recoveries, n=100, method="inclusive")[98], 3) if len(self.recoveries) > 1 else 0.0

    def add(self, part: Row) -> None:
        """Add what another part of the same row found."""
        self.n += part.n
        self.recoveries += part.recoveries
        for column in COUNTED:
            setattr(self, column, getattr(self, column) + getattr(part, column))
        for mine, more in ((self.also, part.also), (self.seen, part.seen)):
            for name, count in more.items():
                mine[name] = mine.get(name, 0) + count

    def json(self) -> dict[str, Any]:
        """Return the form of faults.json."""
        row = asdict(self)
        del row["seen"], row["recoveries"]
        row |= {"recovery_p50_s": self.recovery_p50_s, "recovery_p99_s": self.recovery_p99_s}
        row["bound95"] = round(3 / self.n, 5) if self.n else 1.0
        for name in ("control", "also"):
            if not row[name]:
                del row[name]
        return row


def plant_events(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read what every machine really did, by machine."""
    return {
        path.stem: [{**json.loads(line), "machine": path.stem} for line in path.read_text("utf-8").splitlines()]
        for path in sorted((folder / "plant").glob("*.jsonl"))
    }


def double_starts(events: Mapping[str, list[dict[str, Any]]]) -> int:
    """Count effective starts beyond one per (batch, step), of machines that are told of a batch."""
    starts = Counter((event["batch"], event["step"]) for log in events.values() for event in log if _names_batch(event))
    return sum(count - 1 for count in starts.values())


def double_starts_of(log: list[dict[str, Any]], asked: Sequence[int]) -> int:
    """Count effective starts beyond one per asking, of a machine that is told of no batch. `asked`: when, ms, rising."""
    starts = Counter(bisect_right(asked, event["at"]) for event in log if event["event"] == "start")
    return sum(count - 1 for count in starts.values()) + starts[0]


def _names_batch(event: Mapping[str, Any]) -> bool:
    return event["event"] == "start" and bool(event["batch"])


def unsafe_heat(events: Mapping[str, list[dict[str, Any]]]) -> int:
    """Count heats that no end of any kind followed within the limit."""
    unsafe = 0
    for log in events.values():
        since = 0
        for event in log:
            if event["event"] == "heat-on":
                since = event["at"]
            elif since and event["at"] - since > _HEAT_LIMIT_MS:
                unsafe, since = unsafe + 1, 0
            elif event["event"] in ("heat-off", "boot", "fault", "stop", "end"):
                since = 0
    return unsafe


def judge(row: Row, folder: Path, store: Store, accepted: Mapping[str, str]) -> Row:
    """Fill a row from the plant's logs, the answers that hospitals got, and the journal's releases and bags."""
    events = plant_events(folder)
    facts = journal(store)
    row.double_start = double_starts(events)
    row.unsafe_heat = unsafe_heat(events)
    known = {stored.fact.case for stored in facts if isinstance(stored.fact, PrescriptionReceived)}
    row.lost = sum(1 for case in accepted.values() if case not in known or store.row("case", case) is None)
    row.early_release = _early(facts, events)
    row.wrong_bag = _wrong_bags(facts, events)
    row.seen = {
        "accepted": len(accepted),
        "starts": sum(1 for log in events.values() for event in log if event["event"] == "start"),
        "released": sum(1 for stored in facts if isinstance(stored.fact, BatchReleased)),
        "held": sum(1 for stored in facts if stored.kind == "HoldPlaced"),
        "deficits": sum(1 for stored in facts if stored.kind == "DeficitOrdered"),
        "boiled_15": sum(
            1 for log in events.values() for event in log if event["event"] == "boil-end" and event["value"] >= 900
        ),
    }
    return row


def journal(store: Store) -> list[StoredFact]:
    """Read every fact."""
    facts: list[StoredFact] = []
    while page := store.facts_after(facts[-1].seq if facts else 0, 5_000):
        facts += page
    return facts


def _early(facts: list[StoredFact], events: Mapping[str, list[dict[str, Any]]]) -> int:
    """Count releases of a batch whose pots had not boiled for the required seconds of each decoction by then."""
    boiled: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for log in events.values():
        for name, at, seconds in _boils(log):
            boiled[name].append((at, seconds))
    plans = {stored.fact.batch: stored.fact.plan for stored in facts if isinstance(stored.fact, BatchOpened)}
    early = 0
    for stored in facts:
        if isinstance(stored.fact, BatchReleased):
            batch = stored.fact.batch
            early += any(
                sum(seconds for at, seconds in boiled[batch, boil.name] if at <= stored.at) < boil.minutes * 60
                for boil in plans[batch].boils
            )
    return early


def _boils(log: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], int, float]]:
    """Give every stretch of boiling: (batch, boil), when it ended and its seconds, also where something broke it off."""
    began: dict[str, Any] | None = None
    for event in log:
        if event["event"] == "boil-begin":
            began = event
        elif began is not None and event["event"] in _BOIL_ENDS:
            seconds = (event["at"] - began["at"]) / 1000
            yield (began["batch"], ".".join(began["step"].split(".")[:2])), event["at"], seconds
            began = None


def _wrong_bags(facts: list[StoredFact], events: Mapping[str, list[dict[str, Any]]]) -> int:
    """Count bags boxed for another case than the batch they were filled from, and packings of another pot's liquid."""
    bag_of = {bag: s.fact.batch for s in facts if isinstance(s.fact, BatchPacked) for bag in s.fact.bags}
    case_of = {stored.fact.batch: stored.fact.case for stored in facts if isinstance(stored.fact, BatchOpened)}
    wrong = sum(
        1 for s in facts if isinstance(s.fact, BagBoxed) and case_of.get(bag_of.get(s.fact.bag, "")) != s.fact.case
    )
    for log in events.values():
        loads: set[str] = set()
        for event in log:
            if event["event"] == "pack":
                loads.add(event["batch"])
            elif event["event"] == "start" and event["step"].startswith("flush"):
                wrong += len(loads) > 1
                loads.clear()
    return wrong
