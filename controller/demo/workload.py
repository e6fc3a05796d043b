"""The prescriptions of a demo: JSON Lines, each one body of `POST /api/v1/prescriptions`, in the order of their issue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class WorkloadError(Exception):
    """The file of prescriptions cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One body and when it is posted, ms plant time."""

    due_at: int
    body: dict[str, Any]


def read_workload(path: Path, count: int | None) -> tuple[Arrival, ...]:
    """Read the first `count` lines, None for all; earliest issue first. Raises WorkloadError."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise WorkloadError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WorkloadError(f"{path}: {error}") from error
    arrivals = [_arrival(path, number, line) for number, line in enumerate(lines[:count], 1)]
    if not arrivals:
        raise WorkloadError(f"{path}: no prescription")
    return tuple(sorted(arrivals, key=lambda arrival: arrival.due_at))


def _arrival(path: Path, number: int, line: str) -> Arrival:
    try:
        body: Any = json.loads(line)
        issued = datetime.fromisoformat(body["issued_at"])
        if not isinstance(body["hospital"], str) or not isinstance(body["prescription_no"], str):
            raise TypeError("hospital and prescription_no are texts")
        return Arrival(int(issued.timestamp() * 1000), cast("dict[str, Any]", body))
    except (ValueError, KeyError, TypeError) as error:
        raise WorkloadError(f"{path}:{number}: not a prescription: {type(error).__name__} {error}") from error


def hospitals(arrivals: Sequence[Arrival]) -> tuple[str, ...]:
    """Return the codes of all hospitals."""
    return tuple(sorted({arrival.body["hospital"] for arrival in arrivals}))


def once_more(arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
    """Go through the file for ever: each round comes right after the one before, with numbers of its own."""
    yield from arrivals
    span = arrivals[-1].due_at - arrivals[0].due_at
    pause = max(60_000, span // len(arrivals))
    number = 1
    while True:
        number += 1
        shift = (span + pause) * (number - 1)
        yield from (_again(arrival, number, shift) for arrival in arrivals)


def _again(arrival: Arrival, number: int, shift_ms: int) -> Arrival:
    issued = datetime.fromisoformat(arrival.body["issued_at"]) + timedelta(milliseconds=shift_ms)
    fresh = {"prescription_no": f"{arrival.body['prescription_no']}-{number}", "issued_at": issued.isoformat()}
    return Arrival(arrival.due_at + shift_ms, arrival.body | fresh)
