"""Who a prescription is for, shown to each caller only as far as the role needs it.

Names live in the store's `subjects` and nowhere else; the last few thousand are kept in memory, since every list shows them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.api.auth import Caller
    from controller.model.prescription import Patient
    from controller.store import Store
    from controller.wire import PatientView

_KEPT = 4_096
_SUFFIX = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What is shown of a person. Empty where the data was erased."""

    name: str = ""
    hospital_id: str = ""
    diagnosis: str = ""
    pattern: str = ""
    recipient: str = ""
    phone: str = ""
    address: str = ""


class Subjects:
    """Reads subjects from the store, in a thread, and keeps the last ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, Subject] = {}

    async def of(self, ids: Iterable[str]) -> dict[str, Subject]:
        """Return the subjects by id; one that is erased is empty."""
        wanted = set(ids)
        found = {one: self._kept[one] for one in wanted if one in self._kept}
        if missed := wanted - found.keys():
            read = await asyncio.to_thread(self._read, missed)
            found |= read
            self._keep(read)
        return found

    async def one(self, subject: str) -> Subject:
        """Return one subject."""
        return (await self.of([subject]))[subject]

    def _read(self, ids: set[str]) -> dict[str, Subject]:
        return {one: _subject(self._store.subject(one) or {}) for one in ids}

    def _keep(self, read: dict[str, Subject]) -> None:
        self._kept |= read
        for oldest in list(self._kept)[: max(0, len(self._kept) - _KEPT)]:
            del self._kept[oldest]


def _subject(data: dict[str, str]) -> Subject:
    return Subject(
        name=data.get("name", ""),
        hospital_id=data.get("id", ""),
        diagnosis=data.get("diagnosis", ""),
        pattern=data.get("pattern", ""),
        recipient=data.get("recipient", ""),
        phone=data.get("phone", ""),
        address=data.get("address", ""),
    )


def patient_view(caller: Caller, patient: Patient, subject: Subject) -> PatientView:
    """Show the patient: always with a second identifier, with the whole name only to who needs it."""
    return {
        "name": subject.name if caller.sees_names else masked(subject.name),
        "second": (subject.hospital_id or patient.subject)[-_SUFFIX:],
        "sex": patient.sex,
        "age_years": patient.age_years,
        "pregnant": patient.pregnant if caller.sees_medicine else None,
        "lactating": patient.lactating if caller.sees_medicine else None,
        "allergies": list(patient.allergies) if patient.allergies is not None and caller.sees_medicine else None,
    }


def masked(name: str) -> str:
    """Return the first character of a name of several, and a star."""
    return f"{name[0]}*" if len(name) > 1 else "*"
