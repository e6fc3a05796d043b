"""What is true now, read off the floor and the fleet when somebody asks for the metrics."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from controller.runtime.metrics import REGISTRY
from devices.model import LinkState
from devices.poller import TOOK_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from controller.runtime.line import Line
    from devices.fleet import Fleet
    from devices.poller import Tally


class Gauges(Collector):
    """`files`: (metric, what it is, the file whose bytes it tells)."""

    def __init__(self, line: Line, fleet: Fleet, files: Iterable[tuple[str, str, Path]]) -> None:
        self._line = line
        self._fleet = fleet
        self._files = tuple(files)
        self._own = CollectorRegistry()
        self._own.register(self)

    def exposition(self) -> bytes:
        """Return all metrics of the process in the text form of Prometheus."""
        return generate_latest(REGISTRY) + generate_latest(self._own)

    def collect(self) -> Iterator[Metric]:
        """Tell everything once."""
        yield from self._of_cases()
        yield from self._of_machines()
        yield self._of_polls()
        for name, what, file in self._files:
            if file.exists():
                yield GaugeMetricFamily(name, what, file.stat().st_size)

    def _of_cases(self) -> Iterator[Metric]:
        floor, now = self._line.floor, self._line.clock.now()
        cases = floor.cases.values()
        orders = GaugeMetricFamily("decoct_orders", "Open prescriptions", labels=["stage"])
        for stage, count in Counter(case.shown_status.value for case in cases).items():
            orders.add_metric([stage], count)
        yield orders
        slack = min((case.promised_at - now for case in cases if not case.released_at), default=0)
        yield GaugeMetricFamily("decoct_promise_slack_seconds", "Least plant time left to a promise", slack / 1000)
        alarms = GaugeMetricFamily("decoct_alarms_active", "Alarms whose condition holds", labels=["priority"])
        for priority, count in Counter(alarm.priority.value for alarm in floor.alarms.values() if alarm.active).items():
            alarms.add_metric([priority], count)
        yield alarms

    def _of_machines(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("decoct_device_up", "Whether the machine answers", labels=["machine"])
        age = GaugeMetricFamily(
            "decoct_value_age_seconds", "Wall seconds since the machine was last read", labels=["machine"]
        )
        for machine in self._line.floor.machines.values():
            if machine.id not in self._fleet.machines:
                continue  # on no wire: there is nobody to answer
            up.add_metric([machine.id], float(machine.link is LinkState.FRESH))
            latest = self._fleet.latest(machine.id)
            if latest is not None:
                age.add_metric([machine.id], time.monotonic() - latest.received_s)
        yield up
        yield age

    def _of_polls(self) -> Metric:
        """Tell polls by protocol: one row a machine would be a thousand histograms."""
        polls = HistogramMetricFamily(
            "decoct_device_poll_seconds", "Wall seconds a completed poll took", labels=["link"]
        )
        tallies: defaultdict[str, list[Tally]] = defaultdict(list)
        for machine in self._fleet.machines.values():
            tallies[machine.profile.protocol].append(self._fleet.tally(machine.id))
        for link, some in tallies.items():
            counts = accumulate(map(sum, zip(*(tally.took for tally in some), strict=True)))
            buckets = list(zip(map(str, (*TOOK_S, "+Inf")), counts, strict=True))
            polls.add_metric([link], buckets, sum(tally.took_s for tally in some))
        return polls
