"""Counts prescriptions: each one received is open or has come to exactly one end, as posted and for whom it was posted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from controller.model.case import Status
from controller.model.facts import (
    AmendmentHeld,
    DeliveryConfirmed,
    PrescriptionAmended,
    PrescriptionCancelled,
    PrescriptionReceived,
    PrescriptionRejected,
    ReturnAnswered,
    ReviewSigned,
)
from controller.store.subjects import subject_digest
from controller.store.tables import intake, state, subjects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from controller.model.facts import Fact
    from controller.model.prescription import Prescription

Version = tuple[str, str, int]
"""Hospital, prescription number and version."""


class Ledger:
    """What facts say of prescriptions, to be compared with the rows around them."""

    def __init__(self, problems: list[str]) -> None:
        self.received: set[str] = set()
        self.ends: Counter[str] = Counter()
        self.erased = 0
        self._problems = problems
        self._ended: set[str] = set()
        self._versions: dict[Version, tuple[str, str]] = {}
        self._subjects: dict[str, str] = {}

    @property
    def open(self) -> int:
        """Prescriptions that have come to no end yet."""
        return len(self.received) - len(self._ended)

    def enter(self, fact: Fact) -> None:
        """Book one fact."""
        match fact:
            case PrescriptionReceived():
                if fact.case in self.received:
                    self._problems.append(f"处方 {fact.case} 收到两次 (prescription {fact.case} was received twice)")
                self.received.add(fact.case)
                self._post(fact.case, fact.prescription, fact.digest)
            case PrescriptionAmended() | AmendmentHeld():
                self._post(fact.case, fact.prescription, fact.digest)
            case ReturnAnswered() | ReviewSigned():
                self._name(fact.prescription)
            case PrescriptionRejected():
                self._end(fact.case, Status.REJECTED)
            case PrescriptionCancelled():
                self._end(fact.case, Status.CANCELLED)
            case DeliveryConfirmed():
                self._end(fact.case, fact.outcome)
            case _:
                return

    def compare(self, connection: Connection, line: str) -> None:
        """Report every row that does not fit what was booked."""
        self._compare_cases(connection, line)
        self._compare_intake(connection, line)
        self._compare_subjects(connection)

    def _post(self, case: str, prescription: Prescription, digest: str) -> None:
        self._versions[prescription.hospital, prescription.prescription_no, prescription.version] = (case, digest)
        self._name(prescription)

    def _name(self, prescription: Prescription) -> None:
        patient = prescription.patient
        if self._subjects.setdefault(patient.subject, patient.digest) != patient.digest:
            self._problems.append(f"患者 {patient.subject} 有两种摘要 (subject {patient.subject} has two digests)")

    def _end(self, case: str, status: str) -> None:
        if case in self._ended or case not in self.received:
            self._problems.append(f"处方 {case} 的结束多余 (prescription {case} ended twice, or was never received)")
            return
        self._ended.add(case)
        self.ends[str(status)] += 1

    def _compare_cases(self, connection: Connection, line: str) -> None:
        query = select(state.c.id, state.c.open).where(state.c.line == line, state.c.kind == "case")
        kept = {row.id: row.open for row in connection.execute(query.execution_options(yield_per=1000))}
        self._problems.extend(
            f"处方 {case} 既非进行中也非恰好一次结束 (prescription {case} is neither open nor ended exactly once)"
            for case in sorted(self.received)
            if kept.get(case) is not (case not in self._ended)
        )

    def _compare_intake(self, connection: Connection, line: str) -> None:
        rows = intake.c
        query = select(rows.hospital, rows.prescription_no, rows.version, rows.case_id, rows.digest)
        for row in connection.execute(query.where(rows.line == line).execution_options(yield_per=1000)):
            version: Version = (row.hospital, row.prescription_no, row.version)
            if self._versions.pop(version, None) != (row.case_id, row.digest):
                self._problems.append(f"接收记录 {version} 与事实不符 (intake {version} is not what the facts say)")
        self._problems.extend(f"缺少接收记录 {version} (intake {version} is missing)" for version in self._versions)

    def _compare_subjects(self, connection: Connection) -> None:
        due = dict(self._subjects)
        query = select(subjects.c.id, subjects.c.salt, subjects.c.data).execution_options(yield_per=1000)
        for row in connection.execute(query):
            digest = due.pop(row.id, None)
            if digest is None:
                continue
            if not row.salt and not row.data:
                self.erased += 1
            elif subject_digest(row.salt, row.data) != digest:
                self._problems.append(f"患者 {row.id} 的资料被改动 (the data of subject {row.id} was changed)")
        self._problems.extend(f"缺少患者 {id_} 的资料 (the data of subject {id_} is missing)" for id_ in due)
