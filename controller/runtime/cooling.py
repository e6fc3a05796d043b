"""How a pot cools is kept for later outages: one reading for every batch whose curve shows it, in seconds a litre.

`learn` is called when a batch has left a machine, `known` by whoever must reckon with a pot that cannot be seen.
"""

from __future__ import annotations

from functools import cache
from statistics import mean, median
from typing import TYPE_CHECKING, Final

from controller.formulary import load_outage_table
from controller.model.batch import Batch
from controller.quality.cooling import learned
from controller.store import ReadingBlock, Store
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

TAG: Final = "CoolingConstant"
_NO_BATCH: Final = ""
_NEWEST: Final = 9
_HALF_FULL: Final = 0.5
"""Share of its highest level above which a pot's cooling tells of its load and not of what is left after draining."""
outage_table = cache(load_outage_table)


def learn(store: Store, batch_id: str) -> None:
    """Keep what the curve of a batch shows of its pot's cooling, if it shows any. Raises StoreError."""
    batch = store.row("batch", batch_id)
    if not isinstance(batch, Batch) or not batch.pot:
        return
    level = _points(store, batch, "Level")
    full = [point for point in level if point[1] > _HALF_FULL * max(ml for _, ml in level)]
    if not full:
        return
    until = full[-1][0]
    celsius = [point for point in _points(store, batch, "ActualTemperature") if point[0] <= until]
    constant_s = learned(celsius, _points(store, batch, "HeaterPower"), outage_table().cooling)
    if constant_s is not None:
        litres = (mean(ml for _, ml in full) + batch.plan.absorb_ml) / 1000
        point = (until, constant_s / litres, Quality.GOOD.value)
        store.append_readings([ReadingBlock(batch.pot, TAG, _NO_BATCH, until, [point])])


def known(store: Store, pot: str, load_ml: int) -> float | None:
    """Return the constant of a pot with such a load, s, by its last batches; None where none has shown it."""
    points = store.overview(pot, _NO_BATCH, TAG, _silence_ms()).points
    return median(value for _, value in points[-_NEWEST:]) * load_ml / 1000 if points else None


def _points(store: Store, batch: Batch, tag: str) -> Sequence[tuple[int, float]]:
    return store.overview(batch.pot, batch.id, tag, _silence_ms()).points


def _silence_ms() -> int:
    return outage_table().least_gap_minutes * 60_000
