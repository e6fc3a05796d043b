"""The machines as they are now: a view is made anew when its machine was read, and read by everybody as the same bytes.

A value is never shown without its age; once the road to a machine is stale, so is every reading of it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from controller.model.batch import Stage
from controller.model.equipment import Equipment
from controller.pipeline.decide.orders import lasts_s
from devices.model import LinkState, Quality
from devices.site import MANUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from controller.api.context import Context
    from controller.model.batch import Batch
    from controller.wire import BoilView, MachineView, ReadingView
    from devices.model import Snapshot
    from devices.profile import Profile

REFRESH_S = 0.25
_AGE_KEPT_S = 1.0
_NEVER_S = -1.0


@dataclass(slots=True)
class _Entry:
    """One machine's view as bytes, what it was made from, and the version in which that last changed."""

    sources: tuple[Any, ...] = ()
    built_s: float = 0.0
    version: int = 0
    view: bytes = b""


@dataclass(slots=True)
class Board:
    """All machines. `now_s`: wall seconds that never go back, of the clock by which receipts are stamped."""

    context: Context
    now_s: Callable[[], float] = time.monotonic
    version: int = 0
    _entries: dict[str, _Entry] = field(default_factory=dict[str, _Entry])
    _refreshed_s: float = float("-inf")

    def everything(self) -> bytes:
        """Return all machines as a JSON array."""
        self._refresh()
        return _array(entry.view for entry in self._entries.values())

    def since(self, version: int) -> tuple[int, bytes]:
        """Return the present version, and what has changed since another as a JSON array, empty bytes where nothing has."""
        self._refresh()
        changed = [entry.view for entry in self._entries.values() if entry.version > version]
        return self.version, _array(changed) if changed else b""

    def one(self, machine: str) -> MachineView | None:
        """Return one machine, None where there is none of this id."""
        return self._view(machine) if machine in self.context.line.book.machines else None

    def _refresh(self) -> None:
        now_s = self.now_s()
        if now_s - self._refreshed_s < REFRESH_S:
            return
        self._refreshed_s = now_s
        version = self.version + 1
        for machine in self.context.line.book.machines:
            entry = self._entries.setdefault(machine, _Entry())
            sources = self._sources(machine)
            changed = len(entry.sources) != len(sources) or any(
                old is not new for old, new in zip(entry.sources, sources, strict=True)
            )
            if changed or now_s - entry.built_s >= _AGE_KEPT_S:
                entry.sources, entry.built_s = sources, now_s
                entry.view = json.dumps(self._view(machine), ensure_ascii=False, separators=(",", ":")).encode()
            if changed:
                entry.version = self.version = version

    def _sources(self, machine: str) -> tuple[Any, ...]:
        floor, fleet = self.context.line.floor, self.context.fleet
        equipment = floor.machines.get(machine)
        batch = floor.batches.get(equipment.batch) if equipment else None
        return fleet.latest(machine), fleet.link_state(machine)[0], equipment, batch

    def _view(self, machine: str) -> MachineView:
        snapshot, link, equipment, batch = self._sources(machine)
        site, profile = self.context.line.book.machines[machine], self.context.profiles.get(machine)
        equipment = equipment or Equipment(machine, site.kind)
        case = self.context.line.floor.cases.get(batch.case) if batch else None
        fault = snapshot.fault if snapshot else 0
        fault_text = profile.faults.get(fault) if profile else None
        return {
            "id": machine,
            "kind": site.kind,
            "code": site.code,
            "profile": profile.id if profile else "",
            "waiver": site.waiver,
            "watchdog": profile.watchdog.policy if profile and profile.watchdog else "",
            "by_hand": site.by_hand,
            "monitor_only": site.monitor_only,
            "begun_by": self._begun_by(equipment),
            "begun_at": equipment.begun_at,
            "link": MANUAL if profile is not None and profile.protocol == MANUAL else link,
            "link_since": equipment.link_since,
            "age_s": self._age_s(snapshot),
            "state": snapshot.state.name if snapshot else "UNDEFINED",
            "step": snapshot.step.name if snapshot else "NONE",
            "mode": snapshot.mode.name if snapshot else "INVALID",
            "boot": snapshot.boot if snapshot else 0,
            "fault": fault,
            "fault_zh": fault_text.zh if fault_text else "",
            "fault_en": fault_text.en if fault_text else "",
            "batch": equipment.batch,
            "case": batch.case if batch else "",
            "prescription_no": case.prescription.prescription_no if case else "",
            "next_batch": equipment.next_batch,
            "out_by": equipment.out_by,
            "out_at": equipment.out_at,
            "out_note": equipment.out_note,
            "held": bool(batch and batch.held),
            "order_step": equipment.pending.step if equipment.pending else "",
            "remaining_s": snapshot.remaining_s if snapshot else self._left_s(equipment),
            "clean": equipment.clean,
            "volume_ml": list(site.volume_ml),
            "packer": site.packer,
            "free_at": equipment.free_at,
            "boil": present_boil(batch) if batch and batch.pot == machine else None,
            "readings": self._readings(snapshot, link, profile),
        }

    def _begun_by(self, equipment: Equipment) -> str:
        person = self.context.line.floor.people.get(equipment.begun_by)
        return equipment.begun_by if person is None else person.name

    def _left_s(self, equipment: Equipment) -> int:
        """Return the seconds that what people began still takes."""
        if equipment.pending is None or not equipment.begun_at:
            return 0
        ends_at = equipment.begun_at + lasts_s(equipment.pending) * 1000
        return max(0, (ends_at - self.context.line.clock.now()) // 1000)

    def _readings(self, snapshot: Snapshot | None, link: LinkState, profile: Profile | None) -> dict[str, ReadingView]:
        if snapshot is None:
            return {}
        age_s, fresh = self._age_s(snapshot), link is LinkState.FRESH
        return {
            tag: {
                "value": round(reading.value, 3),
                "unit": profile.tags[tag].unit if profile and tag in profile.tags else "",
                "quality": reading.quality if fresh else Quality.STALE,
                "reason": reading.reason,
                "at": reading.at,
                "age_s": age_s,
            }
            for tag, reading in snapshot.readings.items()
        }

    def _age_s(self, snapshot: Snapshot | None) -> float:
        return _NEVER_S if snapshot is None else round(max(0.0, self.now_s() - snapshot.received_s), 2)


def _array(views: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(views) + b"]"


def present_boil(batch: Batch) -> BoilView | None:
    """Show the boil under way or next, None before the pail is in the pot."""
    return boil_view(batch, batch.boil) if batch.charged_at and batch.boils else None


def boil_view(batch: Batch, index: int) -> BoilView:
    """Show one boil of a batch: `waiting`, `heating`, `boiling` or `ended`."""
    record = batch.boils[index]
    if record.settled or index < batch.boil:
        state = "ended"
    elif index == batch.boil and batch.stage is Stage.BOILING:
        state = "boiling" if record.began_at else "heating"
    else:
        state = "ended" if record.began_at else "waiting"
    return {
        "name": record.name,
        "required_s": record.required_s,
        "credit_s": round(record.total_credit_s, 1),
        "counter_s": round(record.total_counter_s, 1),
        "began_at": record.began_at,
        "ends_at": record.ends_at,
        "opens_at": record.opens_at,
        "closes_at": record.closes_at,
        "state": state,
    }
