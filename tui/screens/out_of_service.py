"""Taking a machine or an alarm out of service and putting it back: one signature with a reason each, on whatever screen it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import acts
from tui.screens.sign import Request

if TYPE_CHECKING:
    from tui.app import FloorApp


async def take_out(floor: FloorApp, target: str) -> None:
    """Ask for the signature that takes `target`, a machine or an alarm, out of service, and send it."""
    words = floor.words
    request = Request(words("alarm.take-out", target=target), (words("alarm.out-lines"),), note="required")
    signed = await floor.signed(request)
    if signed is not None:
        await floor.bench.intent(acts.take_out(target, signed.signature.note), signed.signature)


async def put_back(floor: FloorApp, target: str) -> None:
    """Ask for the signature that puts `target` back into service, and send it."""
    words = floor.words
    request = Request(words("alarm.put-back", target=target), (words("alarm.back-lines"),), note="required")
    signed = await floor.signed(request)
    if signed is not None:
        await floor.bench.intent(acts.put_back(target, signed.signature.note), signed.signature)
