"""What one code alone is: its kind, whose it is, and how far that is; nothing is changed by looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.api.problems import Problematic
from controller.model.codes import is_sound

if TYPE_CHECKING:
    from controller.api.desk import Call
    from controller.model.batch import Batch
    from controller.model.case import Case
    from controller.model.floor import Floor
    from controller.wire import ScanAnswer


def show(here: Call, code: str) -> ScanAnswer:
    """Show a code. Raises Problematic 409 for one that was misread or that nobody knows."""
    if not is_sound(code):
        raise Problematic(409, "code-misread", {"code": code}, next_action="scan-again")
    shows = _shows(here, code)
    if shows is None:
        raise Problematic(409, "unknown-code", {"code": code})
    kind = here.context.texts.label("code", shows["kind"])
    status = here.context.texts.label("status", str(shows.get("status", "")))
    return {
        "action": "show",
        "facts": [],
        "text_zh": f"{kind.zh} {shows['id']} {status.zh}".rstrip(),
        "text_en": f"{kind.en} {shows['id']} {status.en}".rstrip(),
        "shows": shows,
    }


def _shows(here: Call, code: str) -> dict[str, Any] | None:
    line = here.context.line
    floor, book = line.floor, line.book
    if code in book.vessels:
        return _vessel(floor, book.vessels[code])
    if code in floor.drawers:
        lot = floor.lots[floor.drawers[code]]
        return {"kind": "drawer", "id": code, "herb": lot.herb, "lot": lot.id, "quarantined": lot.quarantined}
    if code in floor.people:
        person = floor.people[code]
        return {
            "kind": "badge",
            "id": code,
            "name": person.name,
            "roles": list(person.roles),
            "enabled": person.enabled,
        }
    owner, key = floor.codes.get(code, ("", ""))
    if owner == "case":
        return _of_case(here, floor.cases[key], code)
    if owner == "batch":
        batch = floor.batches[key]
        return _of_batch(here, floor.cases[batch.case], batch, code, pail=code in book.pails)
    return {"kind": "pail", "id": code, "batch": ""} if code in book.pails else None


def _vessel(floor: Floor, machine: str) -> dict[str, Any]:
    equipment = floor.machines.get(machine)
    held = {"batch": equipment.batch, "next_batch": equipment.next_batch, "clean": equipment.clean} if equipment else {}
    return {"kind": "vessel", "id": machine, **held}


def _of_case(here: Call, case: Case, code: str) -> dict[str, Any] | None:
    if not here.caller.sees(case):
        return None
    parcel = case.parcel
    if code == case.id:
        kind = "prescription"
    elif parcel is not None and code == parcel.code:
        kind = "parcel"
    else:
        kind = "pickup"
    return {"kind": kind, "id": code, **_whose(case)}


def _of_batch(here: Call, case: Case, batch: Batch, code: str, *, pail: bool) -> dict[str, Any] | None:
    if not here.caller.sees(case):
        return None
    named = next((name for name, packet in batch.packets if packet == code), "")
    if pail:
        kind = "pail"
    elif code in batch.bags:
        kind = "bag"
    else:
        kind = "packet" if named else "batch"
    more = {"bag": batch.bags.index(code) + 1, "of": len(batch.bags)} if kind == "bag" else {}
    return {"kind": kind, "id": code, "batch": batch.id, "stage": batch.stage, "packet": named, **more, **_whose(case)}


def _whose(case: Case) -> dict[str, Any]:
    return {"case": case.id, "prescription_no": case.prescription.prescription_no, "status": case.shown_status}
