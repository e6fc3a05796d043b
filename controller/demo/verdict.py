"""A run is judged when its processes have ended, from what they left: database, plant logs, the count of mistakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from controller.demo.plant_logs import count_machines
from controller.demo.summary import look, summarise
from controller.pipeline import evolve
from controller.store import StoreError, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.config import Config
    from controller.demo.hospitals import Posted
    from controller.demo.summary import Seen

_ANCHOR = "anchor.jsonl"


def judge(config: Config, posted: Posted, *, name_open: bool, **lasted: float) -> tuple[dict[str, Any], list[str]]:
    """Return the summary and, line by line, what in it needs an explanation: with `name_open` each open prescription too."""
    seen = look(config.database, posted.cases) if posted.cases else ()
    journal, problems = _journal(config)
    summary = summarise(
        seen,
        answered=len(posted.cases),
        refused=len(posted.refused),
        mistakes=_mistakes(config),
        machines=count_machines(config.site),
        journal=journal,
        **lasted,
    )
    remarks = [f"refused at intake: {number} {rule}" for number, rule in posted.refused]
    remarks += [f"journal: {problem}" for problem in problems]
    remarks += [line for one in seen for line in _open(one)] if name_open else []
    return summary, [*remarks, *_missing(seen)]


def _journal(config: Config) -> tuple[dict[str, Any], list[str]]:
    anchor = config.site.state / _ANCHOR
    try:
        report = verify(config.database, anchor if anchor.exists() else None, fold=evolve, line=config.line)
    except StoreError as error:
        return {"facts": 0, "verified": False}, [str(error)]
    return {"facts": report.facts, "verified": report.ok}, list(report.problems)


def _mistakes(config: Config) -> dict[str, int]:
    path = config.site.state / "staff-summary.json"
    if not path.exists():
        return {"made": 0, "refused": 0, "recorded": 0}
    return json.loads(path.read_text(encoding="utf-8"))["mistakes"]


def _open(one: Seen) -> Iterator[str]:
    """Say where an open prescription stands, and why it does not go on."""
    if not one.open:
        return
    case, batch = one.case, one.batches[-1] if one.batches else None
    machine = (batch.pot or batch.soak_machine) if batch else ""
    where = (f"{batch.stage} in {machine}" if machine else str(batch.stage)) if batch else "no batch"
    holds = (
        "".join(f", held: {hold.reason} {hold.machine} {hold.note}".rstrip() for hold in batch.holds) if batch else ""
    )
    yield f"open: {case.prescription.prescription_no} {case.shown_status}, {where}{holds}"


def _missing(seen: tuple[Seen, ...]) -> Iterator[str]:
    for one in seen:
        for batch in one.batches:
            if batch.stage == "completed":
                for name, about in batch.missing():
                    yield f"missing: {one.case.prescription.prescription_no} {name} {about}".rstrip()
