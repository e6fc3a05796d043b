"""What the line counts about itself; nothing of a patient is ever a label.

One registry. What can be read off the floor or the fleet is not counted here but read when somebody asks (`gauges.py`).
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()
INTERNAL_ERRORS: Final = Counter(
    "decoct_internal_errors_total", "Intents on which a rule failed; each is a bug", registry=REGISTRY
)
SCAN_REJECTS: Final = Counter("decoct_scan_rejects_total", "Scans refused", ["rule"], registry=REGISTRY)
COMMIT_SECONDS: Final = Histogram(
    "decoct_commit_seconds",
    "Wall seconds one group took to become durable",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    registry=REGISTRY,
)
STAGE_SECONDS: Final = Histogram(
    "decoct_stage_seconds",
    "Plant seconds a prescription was in a stage, told when it left",
    ["stage"],
    buckets=(60, 300, 600, 1200, 1800, 3600, 5400, 7200, 10800, 14400, 28800, 57600, 86400, 172800),
    registry=REGISTRY,
)
LOOP_LAG: Final = Gauge("decoct_event_loop_lag_seconds", "How late the event loop last was", registry=REGISTRY)
RECONNECTS: Final = Counter(
    "decoct_device_reconnects_total", "Times the road to a machine came back", ["machine"], registry=REGISTRY
)
POLLER_FAULTS: Final = Counter("decoct_device_faults_total", "Failures of pollers", ["machine"], registry=REGISTRY)
READINGS_DROPPED: Final = Counter(
    "decoct_readings_dropped_total", "Samples given up because the store was slow", registry=REGISTRY
)
