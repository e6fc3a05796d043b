"""Detours that a prescription's body cannot ask for, acted when the line comes to them: cancel, amend, scrap, undelivered.

`[staff.script."NUMBER"]` has `act` and, but for `undelivered`, `at`: the kind of task at which it happens instead of
that task (`review`: nothing weighed yet; `verify`: everything weighed; `charge`: soaked). `amend` has `change`, the fields of
the body that the newer version changes; `undelivered` has `outcome`: `refused` or `returned`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.wire import TaskView


class Script:
    """Which detours are still to come."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self._coming = {number: dict(entry) for number, entry in entries.items() if entry["act"] != "undelivered"}
        self._outcomes = {
            number: str(entry["outcome"]) for number, entry in entries.items() if entry["act"] == "undelivered"
        }
        self._acting: set[str] = set()
        self.due: asyncio.Queue[tuple[TaskView, dict[str, Any]]] = asyncio.Queue()

    def claims(self, task: TaskView) -> bool:
        """Say whether a detour takes the place of this task, and set it going."""
        number = task["prescription_no"]
        entry = self._coming.get(number)
        if entry is None or entry["at"] != task["kind"]:
            return False
        if number not in self._acting:
            self._acting.add(number)
            self.due.put_nowait((task, entry))
        return True

    def done(self, task: TaskView) -> None:
        """End a detour; the prescription goes the ordinary way from here."""
        del self._coming[task["prescription_no"]]

    def outcome(self, number: str) -> str:
        """Return how a parcel ends."""
        return self._outcomes.get(number, "delivered")
