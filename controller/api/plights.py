"""What is known of every batch that a disturbance may have touched, put together for the judge from floor, store and machines.

A batch counts as disturbed while it is held, while its machine is not seen, and once its curve has a silence long enough to
matter. Reads the store for every occupied machine: call it in a thread.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from controller.model.batch import Cause, Stage
from controller.pipeline.react import is_inside
from controller.quality.cooling import Cooling, learned
from controller.quality.outage import Plight, Sighting
from controller.runtime.cooling import known
from devices.model import LinkState, OrderStatus, Quality

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.api.context import Context
    from controller.model.batch import Batch, BoilRecord
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor
    from controller.quality.outage import OutageTable

_LIQUID: Final = "ActualTemperature"
_THERMOMETER: Final = {"decoction": _LIQUID, "soaking": _LIQUID, "packing": "SealTemperature"}
_HEATER: Final = "HeaterPower"


@dataclass(frozen=True, slots=True)
class Disturbed:
    """One batch, where it is, and its plight. `fresh`: the machine is seen now."""

    machine: Equipment
    batch: Batch
    fresh: bool
    plight: Plight


def disturbed(context: Context, floor: Floor, now: int, table: OutageTable) -> Iterator[Disturbed]:
    """Give all disturbed batches, in no order."""
    for machine in floor.machines.values():
        tag = _THERMOMETER.get(machine.kind)
        if tag is None or not machine.batch or not is_inside(floor, machine):
            continue
        look = _Look(context, table, machine, floor.batches[machine.batch], tag, now)
        if look.batch.held or not look.fresh or look.silences:
            yield Disturbed(machine, look.batch, look.fresh, look.plight())


class _Look:
    """One look at one batch in one machine."""

    def __init__(
        self, context: Context, table: OutageTable, machine: Equipment, batch: Batch, tag: str, now: int
    ) -> None:
        self.batch = batch
        # Who works a machine by hand is there: what no wire says of it is no outage.
        self.fresh = machine.by_hand or context.fleet.link_state(machine.id)[0] is LinkState.FRESH
        self._context, self._table, self._machine, self._now = context, table, machine, now
        self._silence_ms = table.least_gap_minutes * 60_000
        self._points, self.silences = context.store.overview(machine.id, batch.id, tag, self._silence_ms)
        self._add_latest(tag)
        if batch.pot == machine.id:
            self._add_proven()

    def _add_latest(self, tag: str) -> None:
        """Take in what the machine said last, and the silence since, where it lasts."""
        snapshot = self._context.fleet.latest(self._machine.id)
        reading = None if snapshot is None else snapshot.readings.get(tag)
        last_at = self._points[-1][0] if self._points else 0
        if reading is not None and reading.quality is Quality.GOOD and reading.at > last_at:
            if last_at and reading.at - last_at > self._silence_ms:
                self.silences.append((last_at, reading.at))
            self._points.append((reading.at, reading.value))

    def _add_proven(self) -> None:
        """Take in what the journal proves where the curve is silent: a power cut may have cost the curve its last minute.

        All credited seconds lie behind the beginning of the boil, so the liquid was at the boil then or later.
        """
        record = next((record for record in reversed(self.batch.boils) if record.began_at), None)
        if record is None:
            return
        at = record.began_at + round(record.total_credit_s * 1000)
        place = bisect_left(self._points, (at,))
        before_at = self._points[place - 1][0] if place else 0
        after_at = self._points[place][0] if place < len(self._points) else self._now
        if min(at - before_at, after_at - at) > self._silence_ms:
            self._points.insert(place, (at, self._threshold))
            kept = [gap for gap in self.silences if gap != (before_at, after_at)]
            self.silences = [*kept, (at, after_at)] if place + 1 < len(self._points) else kept

    @property
    def _threshold(self) -> float:
        return self._context.line.book.boil_celsius.get(self._machine.id, 0.0)

    def plight(self) -> Plight:
        """Put together what the judge asks for."""
        batch, table = self.batch, self._table
        is_pot = self._machine.kind == "decoction"
        liquid = self._points if is_pot else ()
        hot = _newest(liquid, table.zone_celsius[1])
        since, back_at = self._outage(hot)
        return Plight(
            at=self._now,
            holds=batch.holds,
            soak_max_minutes=batch.plan.soak_max_minutes,
            boil_celsius=self._threshold,
            since=since,
            back_at=back_at,
            seen=Sighting(*self._points[-1]) if self.fresh and self._points else None,
            hot=hot,
            boiled=_newest(liquid, self._threshold),
            boil=_unsettled(batch) if is_pot else None,
            cooked_at=min((record.began_at for record in batch.boils if record.began_at), default=0),
            soaked_at=batch.soak_began_at,
            running=self.fresh and self._runs(),
            cooling=self._cooling() if is_pot else None,
        )

    def _outage(self, hot: Sighting | None) -> tuple[Sighting | None, int]:
        """Return the last reading before the outage that matters, and when the first after it came, 0 while there is none."""
        if not self.fresh:
            return (Sighting(*self._points[-1]), 0) if self._points else (None, 0)
        # What lies before a reading above the growth zone has done its worst already; only if there is nothing else is it told.
        cold = [gap for gap in self.silences if hot is None or gap[1] > hot.at]
        gap = max(cold or self.silences, key=lambda gap: gap[1] - gap[0], default=None)
        if gap is None:
            return None, 0
        before = [point for point in self._points if point[0] <= gap[0]]
        return (Sighting(*before[-1]) if before else None), gap[1]

    def _runs(self) -> bool:
        machine = self._machine
        held = any(hold.cause is Cause.MACHINE and hold.machine == machine.id for hold in self.batch.holds)
        return machine.pending is not None and machine.order_status is OrderStatus.RUNNING and not held

    def _cooling(self) -> Cooling:
        batch, table, machine = self.batch, self._table.cooling, self._machine.id
        power = self._context.store.overview(machine, batch.id, _HEATER, self._silence_ms).points
        boil_ml = batch.present_boil.water_ml
        load_ml = boil_ml + batch.plan.absorb_ml if boil_ml else batch.plan.load_ml
        volume_ml = self._context.line.book.machines[machine].volume_ml[1]
        constant_s = learned(self._points, power, table) or known(self._context.store, machine, load_ml)
        return Cooling.of(constant_s, volume_ml, load_ml, table)


def _newest(points: Sequence[tuple[int, float]], celsius: float) -> Sighting | None:
    """Return the newest reading of at least `celsius`."""
    return next((Sighting(*point) for point in reversed(points) if point[1] >= celsius), None)


def _unsettled(batch: Batch) -> BoilRecord | None:
    """Return the boil that is under way or was interrupted."""
    if batch.stage is not Stage.BOILING:
        return None
    record = batch.boils[batch.boil]
    return None if record.settled else record
