"""Prescribers answer every return: they sign again for each finding with a reason, or withdraw what must not be made."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from controller.staff.board import LOG
from controller.staff.crew import PutDown, must

if TYPE_CHECKING:
    from controller.staff.crew import Crew
    from controller.wire import FindingView, PrescriptionPage, PrescriptionView, TaskView

_LEAST_PERIOD_S = 1.0
_MOST_PERIOD_S = 5.0
_PERIOD_PLANT_S = 120.0
_NEVER_SIGNED = {"incompatible-pair", "allergy-match"}
_REASONS = {
    "dose": "病情需要，已与患者说明",
    "pregnancy": "权衡利弊后使用，已告知患者",
}


async def answer_returns(crew: Crew, hospital: str) -> None:
    """Look after the returns of one hospital for ever."""
    key = crew.keys.hospitals[hospital]
    answering: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            reply = await crew.door.get("/api/v1/prescriptions", key, {"status": "returned", "hospital": hospital})
            page: PrescriptionPage | None = reply.body if reply.ok else None
            for row in page["items"] if page else ():
                if row["id"] not in answering:
                    answering.add(row["id"])
                    tasks.create_task(_answer(crew, key, row["id"], answering))
            await asyncio.sleep(max(_LEAST_PERIOD_S, min(_MOST_PERIOD_S, _PERIOD_PLANT_S / crew.time.speed)))


async def _answer(crew: Crew, key: str, case: str, answering: set[str]) -> None:
    try:
        await crew.spend("answer")
        seen = await crew.door.get(f"/api/v1/prescriptions/{case}", key)
        must(seen)
        must(await crew.door.post(f"/api/v1/prescriptions/{case}/answer", key, answer_to(seen.body, crew.time.stamp())))
    except PutDown as why:
        LOG.warning("answer to %s failed: %s", case, why)
    finally:
        answering.discard(case)


def answer_to(seen: PrescriptionView, signed_at: str) -> dict[str, Any]:
    """Return the body of the answer: one override per finding, or the withdrawal."""
    asked = [row for row in seen["findings"] if row["settles"] == "prescriber" and not row["overridden_by"]]
    pregnant = seen["patient"]["pregnant"] is True
    if any(_must_go(finding, pregnant=pregnant) for finding in asked):
        return {"withdraw": True}
    overrides = [
        {
            "rule": finding["rule"],
            "herbs": finding["herbs"],
            "reason": _REASONS.get(finding["rule"].partition("-")[0], "已复核，按此使用"),
            "signed_by": seen["prescriber"],
            "signed_at": signed_at,
        }
        for finding in asked
    ]
    return {"version": seen["version"], "overrides": overrides}


def _must_go(finding: FindingView, *, pregnant: bool) -> bool:
    return finding["rule"] in _NEVER_SIGNED or (finding["rule"] == "pregnancy-forbidden" and pregnant)


async def act_detours(crew: Crew) -> None:
    """Act what the script asks for, as it becomes due."""
    async with asyncio.TaskGroup() as tasks:
        while True:
            task, entry = await crew.script.due.get()
            tasks.create_task(_detour(crew, task, entry))


async def _detour(crew: Crew, task: TaskView, entry: dict[str, Any]) -> None:
    try:
        await _ACTS[entry["act"]](crew, task, entry)
    except PutDown as why:
        LOG.warning("detour %s of %s failed: %s", entry["act"], task["prescription_no"], why)
    crew.script.done(task)


async def _cancel(crew: Crew, task: TaskView, _entry: dict[str, Any]) -> None:
    seen = await crew.read(task["case"])
    path = f"/api/v1/prescriptions/{task['case']}/cancel"
    must(await crew.door.post(path, crew.keys.hospitals[seen["hospital"]], {"reason": "患者要求取消"}))


async def _amend(crew: Crew, task: TaskView, entry: dict[str, Any]) -> None:
    book = crew.settings.prescriptions
    if book is None:
        raise PutDown("no file of prescriptions to amend")
    rows = map(json.loads, await asyncio.to_thread(lambda: book.read_text(encoding="utf-8").splitlines()))
    body = next((row for row in rows if row["prescription_no"] == task["prescription_no"]), None)
    if body is None:
        raise PutDown("not in the file of prescriptions")
    newer = body | entry["change"] | {"version": body["version"] + 1}
    must(await crew.door.post("/api/v1/prescriptions", crew.keys.hospitals[body["hospital"]], newer))


async def _scrap(crew: Crew, task: TaskView, _entry: dict[str, Any]) -> None:
    if len((await crew.read(task["case"]))["batches"]) > 1:
        raise PutDown("it was scrapped before we came back to work")
    person = crew.somebody("pharmacist")
    must(await crew.intend(person, "release", "Scrap", batch=task["batch"], note="药桶倾洒"))


_ACTS = {"cancel": _cancel, "amend": _amend, "scrap": _scrap}
