"""The one hospital and the one morning of all fault runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

HOME = Path(__file__).resolve().parent
HOSPITAL = "RS-TCM"


class PlantNotUp(Exception):
    """The simulated plant ended before it listened: most often somebody else took one of its ports meanwhile."""


START_MS = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)
