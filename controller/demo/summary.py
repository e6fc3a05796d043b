"""The summary of a run, as the contract has it: read from the database once nobody writes to it any more."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from controller.model.batch import Batch, Stage
from controller.model.case import ENDS, Case
from controller.model.checkpoint import Verdict
from controller.model.prescription import Preparation
from controller.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PERCENTILES = {"p50": 49, "p95": 94}


@dataclass(frozen=True, slots=True)
class Seen:
    """One prescription as the database has it. `returns`: how often it went back to its prescriber."""

    case: Case
    batches: tuple[Batch, ...]
    returns: int

    @property
    def open(self) -> bool:
        """Whether it has not come to an end."""
        return self.case.status not in ENDS


def look(url: str, cases: Iterable[str]) -> tuple[Seen, ...]:
    """Read what the database has of these prescriptions; what it does not know is left out."""
    store = Store.open_readonly(url)
    try:
        return tuple(_seen(store, case) for id_ in cases if isinstance(case := store.row("case", id_), Case))
    finally:
        store.close()


def _seen(store: Store, case: Case) -> Seen:
    batches = tuple(cast("Batch", store.row("batch", batch)) for batch in case.batches)
    return Seen(case, batches, sum(1 for fact in store.timeline(case.id) if fact.kind == "PrescriptionReturned"))


def summarise(
    seen: Sequence[Seen],
    *,
    answered: int,
    refused: int,
    mistakes: Mapping[str, int],
    machines: Mapping[str, int],
    journal: Mapping[str, Any],
    **lasted: float,
) -> dict[str, Any]:
    """Put the summary together. `answered`: prescriptions that got a 2xx; `refused`: those that got a 4xx."""
    batches = [batch for one in seen for batch in one.batches]
    return {
        "prescriptions": _prescriptions(seen, answered, refused),
        "batches": {str(stage): _in_stage(batches, stage) for stage in (Stage.COMPLETED, Stage.SCRAPPED)},
        "mistakes": mistakes,
        "checkpoints": _checkpoints(batches),
        "machines": machines,
        "journal": journal,
        "bags": _bags(seen),
        "turnaround_minutes": _turnaround(seen),
        **lasted,
    }


def is_clean(summary: Mapping[str, Any]) -> bool:
    """Say whether a run ended as it must: nothing open, lost or missing, nothing started twice, the journal sound."""
    counts = (
        summary["prescriptions"]["open"],
        summary["prescriptions"]["lost"],
        summary["checkpoints"]["missing"],
        summary["machines"]["duplicate_starts"],
    )
    return not any(counts) and bool(summary["journal"]["verified"])


def _prescriptions(seen: Sequence[Seen], answered: int, refused: int) -> dict[str, int]:
    statuses = Counter(one.case.status for one in seen)
    return {
        "received": answered,
        "refused": refused,
        **{str(end): statuses[end] for end in sorted(ENDS)},
        "open": sum(1 for one in seen if one.open),
        "lost": answered - len(seen),
        "returned_to_prescriber": sum(1 for one in seen if one.returns),
    }


def _in_stage(batches: Iterable[Batch], stage: Stage) -> int:
    return sum(1 for batch in batches if batch.stage is stage)


def _checkpoints(batches: Sequence[Batch]) -> dict[str, int]:
    points = [point for batch in batches for point in batch.checkpoints]
    return {
        "recorded": len(points),
        "failed": sum(1 for point in points if point.verdict is Verdict.FAILED),
        "missing": sum(len(batch.missing()) for batch in batches if batch.stage is Stage.COMPLETED),
    }


def _bags(seen: Sequence[Seen]) -> dict[str, int]:
    """Count bags of batches that were packed, or had to be by the end of their prescription."""
    batches = [batch for one in seen for batch in one.batches]
    left_us = [one for one in seen if one.case.parcel and one.case.parcel.handed_over_at]
    return {
        "expected": sum(batch.plan.bags for batch in batches if batch.bags or batch.stage is Stage.COMPLETED),
        "packed": sum(len(batch.bags) for batch in batches),
        "handed_over": sum(one.batches[-1].boxed for one in left_us),
    }


def _turnaround(seen: Sequence[Seen]) -> dict[str, float | None]:
    """Return receipt to release in plant minutes, of what was decocted; null where nothing was."""
    minutes = [
        (one.case.released_at - one.case.received_at) / 60_000
        for one in seen
        if one.case.released_at and one.case.prescription.preparation is Preparation.DECOCT
    ]
    if len(minutes) < 2:  # noqa: PLR2004 - a percentile lies between two values
        return {name: round(minutes[0], 1) if minutes else None for name in _PERCENTILES}
    cuts = statistics.quantiles(minutes, n=100, method="inclusive")
    return {name: round(cuts[place], 1) for name, place in _PERCENTILES.items()}
