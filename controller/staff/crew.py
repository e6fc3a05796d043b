"""What a person has at hand: the door, the keys of the benches, the time, the board; and how an act is said.

`scan` and `intend` give the answer as it is; `must` turns an unexpected no into `PutDown`, so that the task goes back to the
board and is tried again later, by whoever is free.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.staff.board import Board
    from controller.staff.door import Door, Reply
    from controller.staff.mistakes import Mistakes
    from controller.staff.plant_time import PlantTime
    from controller.staff.script import Script
    from controller.staff.settings import Keys, Person, Settings
    from controller.wire import AlarmView, MachineView, PrescriptionView

DONE_ALREADY = "already-done"
SIGNED = {
    "SignReview", "SignVerify", "SignRelease", "AcceptDeviation", "AssumeOk", "Continue", "Migrate", "Retry", "RunDeficit",
    "Scrap", "Skip",
}  # fmt: skip


class PutDown(Exception):
    """The person leaves the task. `not_before`: plant time, ms, before which nobody needs to try; 0: after a short pause."""

    def __init__(self, why: str, *, not_before: int = 0) -> None:
        super().__init__(why)
        self.not_before = not_before


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody at work on one line. `drawers`: where herbs were seen to lie.

    `begun`: plant ms at which something was put on that then goes on alone. `spent`: patience with the choices for a hold, by
    batch, reason and choice.
    """

    settings: Settings
    keys: Keys
    people: Sequence[Person]
    door: Door
    time: PlantTime
    board: Board
    mistakes: Mistakes
    script: Script
    drawers: dict[str, str] = field(default_factory=dict[str, str])
    begun: dict[str, int] = field(default_factory=dict[str, int])
    spent: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    async def spend(self, act: str, times: int = 1) -> None:
        """Let the plant minutes of an act pass."""
        await self.time.spend(self.settings.minutes[act] * times)

    async def scan(self, person: Person, desk: str, code: str, into: str = "") -> Reply:
        """Scan a code, into another where it is a bind, at a station of the kind `desk`."""
        station, key = self._station(person, desk)
        body = {
            "code": code,
            "station": station,
            "actor": person.badge,
            "scanned_at": self.time.stamp(),
            "nonce": secrets.token_hex(16),
        }
        return await self.door.post("/api/v1/scans", key, body | ({"into": into} if into else {}))

    async def intend(self, person: Person, desk: str, kind: str, **fields: Any) -> Reply:
        """Say an intent of this type at a station of the kind `desk`, with the PIN where it is a signature."""
        _, key = self._station(person, desk)
        body = {"type": kind, "actor": person.badge, **fields}
        return await self.door.post("/api/v1/intents", key, body | ({"pin": person.pin} if kind in SIGNED else {}))

    async def read(self, case: str) -> PrescriptionView:
        """Look at a prescription as the staff of the centre see it. Raises PutDown where it cannot be seen."""
        reply = await self.door.get(f"/api/v1/prescriptions/{case}", self._any_key())
        must(reply)
        return reply.body

    async def look(self, machine: str) -> MachineView:
        """Look at a machine. Raises PutDown where it cannot be seen."""
        reply = await self.door.get(f"/api/v1/machines/{machine}", self._any_key())
        must(reply)
        return reply.body

    async def alarms(self) -> Sequence[AlarmView]:
        """Look at the alarms. Raises PutDown where they cannot be seen."""
        reply = await self.door.get("/api/v1/alarms", self._any_key())
        must(reply)
        return reply.body

    async def acknowledge(self, person: Person, desk: str, alarm: str) -> Reply:
        """Say at a station of the kind `desk` that the person has seen an alarm."""
        _, key = self._station(person, desk)
        return await self.door.post(f"/api/v1/alarms/{alarm}/acknowledge", key, {"actor": person.badge})

    def somebody(self, role: str) -> Person:
        """Return a person of that role. Raises PutDown where there is none."""
        people = [person for person in self.people if role in person.roles]
        if not people:
            raise PutDown(f"nobody is a {role}")
        return self.mistakes.pick(people)

    def leave_alone(self, thing: str, minutes: float) -> None:
        """Start something that needs nobody beside it, once; raise PutDown until its minutes are over."""
        over = self.begun.setdefault(thing, self.time.now()) + int(minutes * 60_000)
        if self.time.now() < over:
            raise PutDown("not done yet", not_before=over)

    def _station(self, person: Person, desk: str) -> tuple[str, str]:
        """Return the id and key of the person's own place at desks of this kind."""
        place = self.people.index(person)
        if desk == "courier":
            couriers = sorted(self.keys.couriers)
            station = couriers[place % len(couriers)]
            return station, self.keys.couriers[station]
        stations = self.settings.stations[desk]
        station = stations[place % len(stations)]
        return station, self.keys.stations[station]

    def _any_key(self) -> str:
        return next(iter(self.keys.stations.values()))


def must(reply: Reply) -> None:
    """Raise PutDown where the controller said no to something that should have been right."""
    if not reply.ok and reply.rule != DONE_ALREADY:
        raise PutDown(reply.rule or f"status {reply.status}")
