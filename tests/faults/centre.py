"""The one hospital and the one morning of all fault runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

HOME = Path(__file__).resolve().parent
HOSPITAL = "RS-TCM"
START_MS = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)
