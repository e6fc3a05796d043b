"""Machines are read a thousand times and speak to the line only when something that matters has changed.

The callbacks of the fleet come here, on the loop and quickly. What a machine that names no order does is concluded first; then
a snapshot is credited, recorded, and reported where it differs from the last report or a plant minute of boiling has passed.
So intents follow what machines do, not how often they are read.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from controller.model.intents import ReportLink, ReportMachine, ReportPeer, ReportZone
from controller.runtime import metrics
from controller.texts.inert import clean
from devices.errors import LinkDistrusted
from devices.model import LinkState, Quality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from controller.model.floor import Floor
    from controller.model.intents import BoilTruth, ExternalIntent
    from controller.model.stock import Zone
    from controller.runtime.boiling import Boiling
    from controller.runtime.conclusions import Conclusions
    from controller.runtime.recorder import Recorder
    from devices.model import Snapshot

ALARM_DELAY_S: Final = 5.0
"""Wall seconds for which a lost road is nobody's business yet."""
UNDECIDED_S: Final = 60.0
"""Wall seconds after which is told anew what a rule failed on."""
_BOIL_MS: Final = 60_000
_ZONE_MS: Final = 300_000
_HOPPER: Final = "IsHopperOpen"
_DETAIL: Final = 200
"""Characters of what a link says that an alarm keeps."""
_CELSIUS, _HUMIDITY = "Temperature", "Humidity"
_LOG = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Sight:
    """What the line has been told of one machine. `said`: what matters of the last snapshot; None before the first.

    `timer`: when its link counts as lost; `anew`: when everything is told again.
    """

    link: LinkState
    said: tuple[object, ...] | None = None
    boil_at: int = 0
    timer: asyncio.TimerHandle | None = None
    anew: asyncio.TimerHandle | None = None
    distrusted: bool = False


@dataclass(slots=True)
class _ZoneSight:
    """What the line has been told of one zone. `inside`: None before the first good reading."""

    zone: str
    inside: bool | None = None
    told_at: int = 0


class Watch:
    """Turns what the fleet sees into intents. `floor` gives the durable floor; `post` never waits."""

    def __init__(
        self,
        *,
        floor: Callable[[], Floor],
        post: Callable[[ExternalIntent], None],
        conclusions: Conclusions,
        boiling: Boiling,
        recorder: Recorder,
        machines: Iterable[str],
        zones: Iterable[Zone],
    ) -> None:
        self._floor = floor
        self._post = post
        self._conclusions = conclusions
        self._boiling = boiling
        self._recorder = recorder
        known, alarms = floor().machines, floor().alarms
        self._sights = {
            machine: _Sight(
                known[machine].link if machine in known else LinkState.NEVER,
                distrusted=f"peer-distrusted:{machine}" in alarms,
            )
            for machine in machines
        }
        self._zones = {zone.sensor: _ZoneSight(zone.id) for zone in zones}

    def start(self, patience_s: float) -> None:
        """Count as lost what has not been read `patience_s` wall seconds from now, on top of the alarm delay."""
        for machine in self._sights:
            self._lost_in(machine, patience_s + ALARM_DELAY_S)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take in one read of a machine."""
        floor = self._floor()
        snapshot = self._conclusions.take(snapshot, floor)
        machine = floor.machines.get(snapshot.machine)
        order = None if machine is None else machine.pending
        truth = None if order is None else self._boiling.take(snapshot, order, floor)
        self._recorder.take(snapshot, "" if machine is None or machine.given_up else machine.batch)
        sight = self._sights[snapshot.machine]
        hopper = snapshot.readings.get(_HOPPER)
        if sight.distrusted:  # who is read has proved who it is
            sight.distrusted = False
            self._post(ReportPeer(snapshot.machine, ""))
        said = (
            snapshot.state,
            snapshot.step,
            snapshot.mode,
            snapshot.boot,
            snapshot.fault,
            snapshot.batch,
            snapshot.order,
            snapshot.order_status,
            snapshot.refused_order,
            snapshot.boil_began_at,
            None if hopper is None else hopper.value,
        )
        boiled = truth is not None and snapshot.boil_began_at and truth.measured_at - sight.boil_at >= _BOIL_MS
        if said != sight.said or boiled:
            sight.said = said
            sight.boil_at = 0 if truth is None else truth.measured_at
            self._post(_report(snapshot, truth))
        if snapshot.machine in self._zones:
            self._on_zone(self._zones[snapshot.machine], snapshot)

    def on_link(self, machine: str, link: LinkState, since_s: float) -> None:
        """Take in that the road to a machine was lost or is back. `since_s`: monotonic wall seconds."""
        sight = self._sights[machine]
        if link is not LinkState.FRESH:
            self._lost_in(machine, max(0.0, since_s + ALARM_DELAY_S - time.monotonic()))
            return
        if sight.timer is not None:
            sight.timer.cancel()
            sight.timer = None
        if sight.link is LinkState.STALE:
            metrics.RECONNECTS.labels(machine).inc()
        self._tell_link(machine, LinkState.FRESH)

    def on_fault(self, machine: str, error: Exception) -> None:
        """Take in that reading a machine went wrong in a way that its link state does not tell.

        Whoever is not the machine that we trust is an alarm of its own, at once: no time makes it a passing thing.
        """
        if isinstance(error, LinkDistrusted):
            self._sights[machine].distrusted = True
            self._post(ReportPeer(machine, clean(str(error))[:_DETAIL] or type(error).__name__))
        metrics.POLLER_FAULTS.labels(machine).inc()
        _LOG.error("machine-fault", machine=machine, exc_info=error)

    def look_again(self, machine: str) -> None:
        """Report the next snapshot of a machine whatever it says: something was asked of it."""
        self._sights[machine].said = None

    def undecided(self, machine: str) -> None:
        """Tell of a machine and its link anew in a while: a rule failed on what was told, and nobody says it twice."""
        sight = self._sights[machine]
        if sight.anew is None:
            sight.anew = asyncio.get_running_loop().call_later(UNDECIDED_S, self._tell_anew, machine)

    def suspended(self) -> None:
        """Credit nothing of the time that this computer slept."""
        self._boiling.break_off()

    def _tell_anew(self, machine: str) -> None:
        sight = self._sights[machine]
        sight.anew = sight.said = None
        if not sight.distrusted:  # who is distrusted is told at every try
            self._post(ReportPeer(machine, ""))
        if sight.link is not LinkState.NEVER:
            self._post(ReportLink(machine, sight.link))

    def _lost_in(self, machine: str, delay_s: float) -> None:
        sight = self._sights[machine]
        if sight.timer is not None:
            sight.timer.cancel()
        sight.timer = asyncio.get_running_loop().call_later(delay_s, self._tell_link, machine, LinkState.STALE)

    def _tell_link(self, machine: str, link: LinkState) -> None:
        sight = self._sights[machine]
        if sight.link is not link:
            sight.link = link
            log = _LOG.info if link is LinkState.FRESH else _LOG.warning
            log("link", machine=machine, link=link.value)
            self._post(ReportLink(machine, link))

    def _on_zone(self, sight: _ZoneSight, snapshot: Snapshot) -> None:
        celsius, humidity = snapshot.readings.get(_CELSIUS), snapshot.readings.get(_HUMIDITY)
        zone = self._floor().zones.get(sight.zone)
        if zone is None or celsius is None or humidity is None:
            return
        if celsius.quality is not Quality.GOOD or humidity.quality is not Quality.GOOD:
            return
        inside = (
            zone.celsius[0] <= celsius.value <= zone.celsius[1]
            and zone.humidity[0] <= humidity.value <= zone.humidity[1]
        )
        if inside is not sight.inside or snapshot.at - sight.told_at >= _ZONE_MS:
            sight.inside, sight.told_at = inside, snapshot.at
            self._post(ReportZone(zone.id, celsius.value, humidity.value))


def _report(snapshot: Snapshot, truth: BoilTruth | None) -> ReportMachine:
    return ReportMachine(
        machine=snapshot.machine,
        at=snapshot.at,
        state=snapshot.state,
        step=snapshot.step,
        mode=snapshot.mode,
        boot=snapshot.boot,
        fault=snapshot.fault,
        epoch=snapshot.epoch,
        order=snapshot.order,
        order_status=snapshot.order_status,
        order_value=snapshot.order_value,
        refused_order=snapshot.refused_order,
        refused_reason=snapshot.refused_reason,
        batch=snapshot.batch,
        boil_began_at=snapshot.boil_began_at,
        boil=truth,
        readings={
            name: reading.value for name, reading in snapshot.readings.items() if reading.quality is Quality.GOOD
        },
    )
