"""Every sample of a boiling pot is credited before anything is said of it, and what was credited before a restart still counts.

Keeps one `BoilCredit` per open decoct order; the arithmetic is in `controller.quality.boil_credit`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from controller.model.intents import BoilTruth
from controller.quality.boil_credit import BoilCredit
from devices.model import Quality

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.world import Book
    from devices.model import Order, Snapshot

TEMPERATURE: Final = "ActualTemperature"
_DECOCT: Final = "decoct"


class Boiling:
    """The credits of all pots that boil now."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._credits: dict[str, BoilCredit] = {}

    def take(self, snapshot: Snapshot, order: Order, floor: Floor) -> BoilTruth | None:
        """Credit one sample of a pot with the open `order`; None where that boils nothing or the pot answers to another."""
        if order.verb != _DECOCT or (snapshot.order, snapshot.batch) != (order.number, order.batch):
            return None
        credit = self._credits.get(order.machine)
        if credit is None or credit.order != order.number:
            credit = self._take_up(order, floor)
        sample = snapshot.readings.get(TEMPERATURE)
        if sample is not None:
            credit = credit.add(
                sample.at,
                sample.value,
                good=sample.quality is Quality.GOOD,
                counter_s=float(snapshot.counter_s),
                boot=snapshot.boot,
                batch=snapshot.batch,
            )
        self._credits[order.machine] = credit
        return BoilTruth(credit.credit_s, credit.covered_s, credit.counter_s, credit.last_at)

    def break_off(self) -> None:
        """Credit nothing for the time between the last samples and the next: this computer was not watching."""
        self._credits = {machine: replace(credit, hot=False) for machine, credit in self._credits.items()}

    def _take_up(self, order: Order, floor: Floor) -> BoilCredit:
        """Go on from what the floor remembers of this boil: nothing, where the order is new."""
        threshold_c, grace_s = self._book.boil_celsius[order.machine], self._book.grace_s[order.machine]
        batch = floor.batches.get(order.batch)
        if batch is None:
            return BoilCredit.start(threshold_c, grace_s, order.number)
        record = batch.boils[batch.boil]
        return BoilCredit.resume(
            threshold_c,
            grace_s,
            order.number,
            credit_s=record.credit_s,
            covered_s=record.covered_s,
            counter_s=record.counter_s,
            last_at=record.measured_at,
            boot=floor.machines[order.machine].boot,
            batch=order.batch,
        )
