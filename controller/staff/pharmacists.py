"""Pharmacists review, settle holds and excursions, and release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.staff.crew import PutDown, must

if TYPE_CHECKING:
    from controller.staff.board import Job
    from controller.staff.crew import Crew
    from controller.staff.door import Reply
    from controller.staff.settings import Person
    from controller.wire import FindingView

REVIEW, RELEASE = "review", "release"
_CHOICES = (
    ("assume_ok", "AssumeOk"),
    ("retry", "Retry"),
    ("continue", "Continue"),
    ("run_deficit", "RunDeficit"),
    ("migrate", "Migrate"),
    ("skip", "Skip"),
    ("accept_deviation", "AcceptDeviation"),
    ("scrap", "Scrap"),
)
"""How a hold ends, the mildest first: a batch is destroyed only where nothing else helps."""

_PATIENCE, _IN_VAIN, _NOT_READY = 30, 10, 1
"""How much one bears with a choice; what a signature that did not help costs of it, and a machine that is not ready for it."""

_LATER = frozenset({"machine-not-ready", "no-pot-free"})

_WET_ML = 200.0
"""A vessel with more in it than valves and walls keep back is not empty."""


async def review(crew: Crew, person: Person, job: Job) -> None:
    """Send back what only the prescriber can settle; settle the rest as the formulary proposes."""
    await crew.spend("review")
    seen = await crew.read(job.task["case"])
    findings = seen["findings"]
    if any(finding["settles"] == "prescriber" and not finding["overridden_by"] for finding in findings):
        must(await _sign(crew, person, job, decision="return", reason="请处方医师确认"))
        return
    must(await _sign(crew, person, job, decision="approve", **_settled(findings)))


def _settled(findings: list[FindingView]) -> dict[str, object]:
    """Return class and handlings as proposed."""
    classes = [finding["proposal"] for finding in findings if finding["rule"] == "class-not-stated"]
    missing = [finding for finding in findings if finding["rule"] == "handling-missing"]
    settled: dict[str, object] = {"handlings": {herb: row["proposal"] for row in missing for herb in row["herbs"]}}
    return settled | {"recipe_class": classes[0]} if classes else settled


async def _sign(crew: Crew, person: Person, job: Job, **fields: object) -> Reply:
    return await crew.intend(person, REVIEW, "SignReview", case=job.task["case"], **fields)


async def release(crew: Crew, person: Person, job: Job) -> None:
    """Sign the release."""
    await crew.spend("release")
    must(await crew.intend(person, RELEASE, "SignRelease", batch=job.task["batch"]))


async def hold(crew: Crew, person: Person, job: Job) -> None:
    """End a hold by the mildest choice that has not failed to help three times, nor been out of reach for long."""
    await crew.spend("hold")
    batch, reason, choices = job.task["batch"], str(job.task["details"]["reason"]), set(job.task["choices"])
    if reason.startswith("link-stale"):
        raise PutDown("who cannot walk there leaves it: most such pots are boiling, and their link comes back")
    if {"assume_ok", "retry"} <= choices:
        choices.discard("retry" if await _was_done(crew, job) else "assume_ok")
    for choice, intent in _CHOICES:
        spent = batch, reason, choice
        if choice in choices and crew.spent[spent] < _PATIENCE:
            fields = {"target" if intent == "AcceptDeviation" else "batch": batch, "note": "已核对现场与记录"}
            if intent in {"AcceptDeviation", "Continue"}:
                fields["reason"] = reason
            signed = await crew.intend(person, RELEASE, intent, **fields)
            crew.spent[spent] += _NOT_READY if signed.rule in _LATER else _IN_VAIN
            must(signed)
            return
    raise PutDown("no choice is left")


async def _was_done(crew: Crew, job: Job) -> bool:
    """Look into the machine whose order is in doubt: what was to be filled is wet, what was to be emptied is not."""
    machine = await crew.look(str(job.task["details"]["machine"]))
    level = machine["readings"].get("Level")
    is_wet = level is not None and level["value"] > _WET_ML
    return is_wet != machine["order_step"].startswith("drain")


async def excursion(crew: Crew, person: Person, job: Job) -> None:
    """Assess a storage excursion once for its zone."""
    await crew.spend("excursion")
    zone, note = job.task["batch"], "短时越限，性状检查合格"
    signed = await crew.intend(person, RELEASE, "AcceptDeviation", target=zone, reason="excursion", note=note)
    must(signed)
