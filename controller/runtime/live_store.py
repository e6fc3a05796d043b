"""The store as it is read while the line runs: a curve has its end before that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.store import Store
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.runtime.recorder import Recorder
    from controller.store import ReadingBlock
    from controller.store.overview import Overview


class LiveStore(Store):
    """A store that knows who holds the readings it will be given, once `recorder` is set."""

    recorder: Recorder | None = None

    def curve(self, batch: str, tag: str) -> list[tuple[int, float | None, str]]:
        """Return the samples of a batch in order of time, value None where a gap begins; see `Store.curve`."""
        # Asked first: what is written meanwhile comes twice and not never.
        blocks = () if self.recorder is None else self.recorder.unwritten(batch, tag)
        curve = super().curve(batch, tag)
        for block in blocks:
            for at, value, quality in block.points:
                last_at = curve[-1][0] if curve else at - 1
                if at <= last_at:
                    continue
                if curve and at - last_at > block.gap_ms:
                    curve.append((last_at + block.gap_ms, None, Quality.STALE.value))
                curve.append((at, value if quality == Quality.GOOD else None, quality))
        return curve

    def overview(
        self, machine: str, batch: str, tag: str, silence_ms: int, waiting: Sequence[ReadingBlock] = ()
    ) -> Overview:
        """Look at one machine's curve from afar; see `Store.overview`."""
        held = () if self.recorder is None else self.recorder.unwritten(batch, tag)
        mine = [block for block in held if block.machine == machine]
        return super().overview(machine, batch, tag, silence_ms, (*waiting, *mine))
