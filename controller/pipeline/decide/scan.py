"""Any code at any station goes to the right act, or is refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.codes import is_sound
from controller.model.refusal import Refusal
from controller.pipeline.decide.by_hand import word_given
from controller.pipeline.decide.cooking import add_late, pail_into_machine
from controller.pipeline.decide.delivery import box, hand_over
from controller.pipeline.decide.dispensing import bind_pail, draw
from controller.pipeline.decide.moving import batch_to_move, empty_pot

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import ScanCode
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def scan(floor: Floor, intent: ScanCode, world: World) -> Decision:
    """Find out what was bound to what, by codes alone; never by name, place or what was scanned last."""
    for code in (intent.code, intent.into):
        if not is_sound(code):
            return Refusal("code-misread", {"code": code}, next_action="scan-again")
    if _by_hand(floor, intent.code, world):
        return word_given(floor, world.book.vessels[intent.code], intent, world)
    source, target = _kind(floor, intent.code, world), _kind(floor, intent.into, world)
    if not (source[0] and target[0]):
        return Refusal("unknown-code", {"code": intent.into if source[0] else intent.code})
    match source[0], target[0]:
        case ("pail", "batch-code"):
            return bind_pail(floor, floor.batches[target[1]], intent, world)
        case ("drawer", "pail") if target[1]:
            return draw(floor, floor.batches[target[1]], intent, world)
        case ("pail", "vessel"):
            return _pail_at_machine(floor, source[1], target[1], intent, world)
        case ("late", "vessel"):
            return add_late(floor, floor.batches[source[1]], target[1], intent, world)
        case ("bag", "parcel") | ("packet", "parcel"):
            return _box(floor, source[1], target[1], intent, world)
        case ("parcel", "badge") | ("parcel", "pickup"):
            return hand_over(floor, floor.cases[source[1]], intent, world)
        case ("drawer", "pail"):
            return Refusal("pail-unbound", {"pail": intent.into})
        case _:
            return Refusal("no-such-bind", {"code": intent.code, "into": intent.into})


def _pail_at_machine(floor: Floor, batch: str, machine: str, intent: ScanCode, world: World) -> Decision:
    """Tip a pail in; or, with a pail that nobody uses, take out what is to leave a pot."""
    if batch:
        return pail_into_machine(floor, floor.batches[batch], machine, intent, world)
    moving = batch_to_move(floor, machine)
    if moving is None:
        return Refusal("pail-unbound", {"pail": intent.code})
    return empty_pot(floor, moving, intent, world)


def _by_hand(floor: Floor, code: str, world: World) -> bool:
    """Say whether a code is the label of a vessel that people work: what it was scanned into may have left the floor already."""
    machine = floor.machines.get(world.book.vessels.get(code, ""))
    return machine is not None and machine.by_hand


def _box(floor: Floor, batch: str, case: str, intent: ScanCode, world: World) -> Decision:
    if floor.batches[batch].case != case:
        return Refusal("bag-of-another", {"code": intent.code, "into": intent.into}, next_action="stop-and-call")
    return box(floor, floor.batches[batch], floor.cases[case], intent, world)


def _kind(floor: Floor, code: str, world: World) -> tuple[str, str]:
    """Return what a code stands for and the id it belongs to."""
    if code in world.book.vessels:
        return "vessel", world.book.vessels[code]
    if code in floor.drawers:
        return "drawer", floor.drawers[code]
    if code in floor.people:
        return "badge", code
    kind, key = floor.codes.get(code, ("", ""))
    if code in world.book.pails:
        return "pail", key
    if kind == "case":
        parcel = floor.cases[key].parcel
        if parcel is None or code == key:
            return "prescription", key
        return ("parcel" if code == parcel.code else "pickup"), key
    if kind == "batch":
        return _part(floor, code, key), key
    return "", ""


def _part(floor: Floor, code: str, key: str) -> str:
    batch = floor.batches[key]
    if code == key:
        return "batch-code"
    if code in batch.bags:
        return "bag"
    return "late" if ("late", code) in batch.packets else "packet"
